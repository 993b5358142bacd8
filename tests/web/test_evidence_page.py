"""The list of subscriptions, and the evidence of one on one page."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlmodel import select

from outbound.evidence.checking import check
from outbound.evidence.faults import Wrong
from outbound.journal import JournalEntry
from outbound.people import known
from outbound.recordings.model import Recording
from outbound.settings import Settings
from outbound.signing import public_key, read_public
from tests.conftest import Cast, assert_no_violations, picture
from tests.web.shop import Shop

if TYPE_CHECKING:
    from playwright.sync_api import Page

ClientAs = Callable[..., FlaskClient]
EVIDENCE = "/subscriptions/1/evidence"


# The list


def test_the_list_names_customer_state_price_and_end_with_the_number_masked(shop: Shop, client_as: ClientAs) -> None:
    shop.confirmed()
    shop.session.commit()
    page = client_as("manager").get("/subscriptions").text
    for shown in ("王秀英", "138****5678", "confirmed", "¥5.00", "20 Nov 2026"):
        assert shown in page, shown
    assert "13812345678" not in page


def test_the_list_is_narrowed_by_state(shop: Shop, client_as: ClientAs) -> None:
    shop.sold("13812345670")
    shop.confirmed("13812345671")
    shop.session.commit()
    client = client_as("finance")
    assert "Rows 1–1 of 1" in client.get("/subscriptions?state=confirmed").text
    assert "Rows 1–2 of 2" in client.get("/subscriptions").text


@pytest.mark.parametrize(("days", "rows"), [(7, "No rows"), (30, "Rows 1–1 of 1"), ("x", "Rows 1–1 of 1")])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_list_is_narrowed_by_the_day_of_the_sale(
    shop: Shop, client_as: ClientAs, days: int | str, rows: str
) -> None:
    shop.sold()
    shop.session.commit()
    assert rows in client_as("manager").get(f"/subscriptions?since={days}").text


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_list_is_narrowed_by_campaign_and_sorted(shop: Shop, client_as: ClientAs) -> None:
    shop.sold("13812345670")
    first = shop.sales._campaign
    shop.sales.campaign(price_fen=900)
    shop.sold("13812345671")
    shop.session.commit()
    client = client_as("manager")
    assert first is not None
    assert "Rows 1–1 of 1" in client.get(f"/subscriptions?campaign={first.id}").text
    page = client.get("/subscriptions?sort=-price").text
    assert page.index("¥9.00") < page.index("¥5.00")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_list_is_exported_with_masked_numbers(shop: Shop, client_as: ClientAs) -> None:
    shop.sold()
    shop.session.commit()
    text = client_as("manager").get("/subscriptions?export=csv").data.decode("utf-8-sig")
    assert "138****5678" in text
    assert "13812345678" not in text


def test_another_centres_subscriptions_are_not_listed(shop: Shop, client_as: ClientAs) -> None:
    shop.sold()
    shop.session.commit()
    assert "No subscriptions yet" in client_as("outsider_manager").get("/subscriptions").text
    assert "王秀英" in client_as("carrier").get("/subscriptions").text


# The evidence


def test_a_charged_one_says_at_the_top_that_it_is_and_why(shop: Shop, client_as: ClientAs) -> None:
    shop.charged()
    shop.session.commit()
    page = client_as("manager").get(EVIDENCE).text
    assert page.count("text unchanged") == 2
    assert "Charged: ¥5.00" in page
    assert "Two recorded calls, each meeting all four criteria" in page
    assert page.count("✓ yes") == 8


def test_one_that_lacks_its_confirmation_says_what_is_missing(shop: Shop, client_as: ClientAs) -> None:
    shop.sold()
    shop.session.commit()
    page = client_as("manager", "zh").get(EVIDENCE).text
    assert "不得计费" in page
    assert "没有四项全部合格的二次确认" in page


def test_both_recordings_can_be_heard_and_their_files_are_held_against_their_hashes(
    shop: Shop, client_as: ClientAs
) -> None:
    shop.charged()
    shop.session.commit()
    client = client_as("care")
    page = client.get(EVIDENCE).text
    recordings = shop.session.exec(select(Recording)).all()
    shop.session.commit()
    for recording in recordings:
        assert recording.sha256 in page
        assert f'src="/recordings/{recording.id}/audio"' in page
        assert client.get(f"/recordings/{recording.id}/audio").status_code == 200
    assert page.count("file unchanged") == 2


def test_a_swapped_recording_is_seen_on_the_page(shop: Shop, client_as: ClientAs, settings: Settings) -> None:
    shop.charged()
    shop.session.commit()
    recording = shop.session.exec(select(Recording)).first()
    shop.session.commit()
    assert recording
    (Path(settings.recordings) / recording.storage_key).write_bytes(b"something else")
    page = client_as("manager").get(EVIDENCE).text
    assert page.count("file was changed") == 1


def test_a_lost_recording_is_seen_on_the_page(shop: Shop, client_as: ClientAs, settings: Settings) -> None:
    shop.charged()
    shop.session.commit()
    recording = shop.session.exec(select(Recording)).first()
    shop.session.commit()
    assert recording
    (Path(settings.recordings) / recording.storage_key).unlink()
    assert "file is missing" in client_as("manager").get(EVIDENCE).text


def test_disclosures_stand_with_their_seconds(shop: Shop, client_as: ClientAs) -> None:
    shop.confirmed()
    shop.session.commit()
    page = " ".join(client_as("manager").get(EVIDENCE).text.split())
    assert '<span class="at">0:24</span><span><strong>Tariff, End of the free trial</strong>' in page


@pytest.mark.owner
def test_a_broken_chain_is_said_in_red(shop: Shop, client_as: ClientAs) -> None:
    shop.confirmed()
    shop.session.commit()
    assert "the chain holds" in client_as("manager").get(EVIDENCE).text
    dialect = shop.session.get_bind().dialect.name
    unlock = {"sqlite": "DROP TRIGGER journal_entry_no_update"}
    lock = unlock.get(dialect, "ALTER TABLE journal_entry DISABLE TRIGGER ALL")
    shop.session.execute(sa.text(lock))
    shop.session.execute(sa.text("UPDATE journal_entry SET details = '{}' WHERE chain = 1 AND sequence = 2"))
    shop.session.commit()
    assert "the chain is broken at 2" in client_as("manager").get(EVIDENCE).text


def test_who_may_not_hear_recordings_gets_no_player(shop: Shop, client_as: ClientAs) -> None:
    shop.charged()
    shop.session.commit()
    page = client_as("finance").get(EVIDENCE).text
    assert "<audio" not in page
    assert "SHA-256" in page


def test_the_evidence_can_be_taken_along_as_json(shop: Shop, client_as: ClientAs) -> None:
    shop.charged()
    shop.session.commit()
    answer = client_as("carrier").get(f"{EVIDENCE}.json")
    assert answer.json
    assert answer.json["verdict"]["word"] == "charged"
    assert "evidence-1.json" in answer.headers["Content-Disposition"]


def test_the_evidence_can_be_taken_along_as_one_signed_file(
    shop: Shop, client_as: ClientAs, settings: Settings, cast: Cast, tmp_path: Path
) -> None:
    shop.charged()
    shop.session.commit()
    answer = client_as("care").post(f"{EVIDENCE}/file")
    file = tmp_path / "evidence.zip"
    file.write_bytes(answer.data)
    key = read_public(public_key(settings.data, known(cast.fz.id)))
    found = check(file, key=key)
    # What the factories made by hand has no row of its own in the journal.
    assert {fault.wrong for fault in found.faults} <= {Wrong.NOT_JOURNALLED}
    assert found.sounds == 2
    assert answer.content_length == file.stat().st_size
    taken = shop.session.exec(select(JournalEntry).where(JournalEntry.action == "evidence.taken")).one()
    assert (taken.actor_id, taken.subject_id) == (cast.care.id, 1)


@pytest.mark.parametrize(("login", "status"), [("finance", 403), ("agent", 403), ("outsider_manager", 404)])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_who_may_not_hear_or_see_it_takes_no_file(shop: Shop, client_as: ClientAs, login: str, status: int) -> None:
    shop.confirmed()
    shop.session.commit()
    assert client_as(login).post(f"{EVIDENCE}/file").status_code == status
    if status == 403 and login == "finance":
        assert "signed ZIP" not in client_as(login).get(EVIDENCE).text


@pytest.mark.parametrize("path", [EVIDENCE, f"{EVIDENCE}.json"])
def test_another_centres_evidence_is_not_there(shop: Shop, client_as: ClientAs, path: str) -> None:
    shop.confirmed()
    shop.session.commit()
    assert client_as("outsider_manager").get(path).status_code == 404


@pytest.mark.parametrize("login", ["agent", "verifier", "reviewer", "support"])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_others_do_not_come_in(client_as: ClientAs, login: str) -> None:
    client = client_as(login)
    assert client.get("/subscriptions").status_code == 403
    assert client.get(EVIDENCE).status_code == 403


@pytest.mark.browser
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("language", "theme"), [("zh", "light"), ("zh", "dark"), ("en", "light"), ("en", "dark")])
def test_the_pages_can_be_read_by_everybody(
    shop: Shop, page_as: "Callable[..., Page]", live: str, language: str, theme: str
) -> None:
    shop.charged()
    shop.sold("13812345670")
    shop.confirmed("13812345671")
    shop.session.commit()
    page = page_as("care", language)
    page.context.add_cookies([{"name": "theme", "value": theme, "url": live}])
    for path, name in [
        ("/subscriptions", "subscriptions"),
        (EVIDENCE, "evidence"),
        ("/subscriptions/2/evidence", "lacking"),
    ]:
        page.goto(path)
        picture(page, f"{name}-{language}-{theme}", full=name != "subscriptions")
        assert_no_violations(page)


@pytest.mark.browser
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_file_comes_with_its_progress(shop: Shop, page_as: "Callable[..., Page]") -> None:
    shop.charged()
    shop.session.commit()
    page = page_as("care", "zh")
    page.goto(EVIDENCE)
    with page.expect_download() as download:
        page.keyboard.press("z")
    assert download.value.suggested_filename == "evidence-1.zip"
    page.wait_for_selector("[data-told]:has-text('证据包已保存')")
    picture(page, "evidence-taken-zh")
    assert_no_violations(page)
    assert page.locator("[data-taking] progress").is_hidden()


@pytest.mark.browser
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_recording_plays_on_the_page(shop: Shop, page_as: "Callable[..., Page]") -> None:
    shop.charged()
    shop.session.commit()
    page = page_as("care")
    page.goto(EVIDENCE)
    length = page.evaluate(
        """async () => {
            const sound = document.querySelector("audio");
            sound.muted = true;
            await sound.play();
            return sound.duration;
        }"""
    )
    assert 65 < length < 68
