"""Call lists taken into a campaign: the sample files give the figures that were agreed, on both engines."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from outbound import db
from outbound.call_lists import bulk, refusals
from outbound.call_lists.examining import Row, examine
from outbound.call_lists.importing import (
    ListImportedAlready,
    import_list,
    preview,
    refused_rows,
    tally_of,
)
from outbound.call_lists.model import CallList, Contact, ContactState, Duty, RefusedRow, RowFault
from outbound.call_lists.numbers import others_of
from outbound.call_lists.reading import open_list
from outbound.campaigns.model import Campaign
from outbound.journal import JournalEntry
from outbound.opt_outs import verbs as opt_outs
from outbound.opt_outs.model import Category, Scope
from outbound.people import known
from outbound.phones import model as phones
from outbound.phones.model import Phone
from outbound.phones.parsing import Number, parse
from outbound.phones.vault import Vault
from tests.conftest import NOW, Cast

SAMPLES = Path(__file__).parent / "samples" / "call-lists"
EXPECTED = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
TAKEN = [name for name, told in EXPECTED.items() if not told.get("refused")]
REFUSED = [name for name, told in EXPECTED.items() if told.get("refused")]
FIGURES = ("rows", "accepted", "duplicate", "invalid", "suppressed")


@pytest.fixture
def vault() -> Vault:
    return Vault(bytes(range(64)))


@pytest.fixture
def campaign(session: Session, cast: Cast) -> Campaign:
    return a_campaign(session, cast, "亲情网")


def a_campaign(session: Session, cast: Cast, name: str, kind: str = "telesales") -> Campaign:
    campaign = Campaign(
        centre_id=known(cast.fz.id),
        name=name,
        kind=kind,
        starts_on=date(2026, 11, 1),
        ends_on=date(2026, 12, 31),
        made_at=NOW,
    )
    session.add(campaign)
    session.flush()
    return campaign


def sample(name: str) -> tuple[bytes, str]:
    return (SAMPLES / name).read_bytes(), name


def csv(*rows: str, head: str = "手机号码,客户姓名,套餐") -> bytes:
    return "\r\n".join([head, *rows]).encode("utf-8-sig")


def number(written: str) -> Number:
    found = parse(written)
    assert isinstance(found, Number)
    return found


def block(session: Session, vault: Vault, written: str, cast: Cast, **scope: object) -> None:
    phone = phones.keep(session, vault, number(written), now=NOW)
    opt_outs.block(
        session,
        phone,
        category=Category.COMPLAINT,
        source="list",
        by=cast.care,
        now=NOW,
        **scope,  # type: ignore[arg-type]
    )


def block_the_blacklist(session: Session, vault: Vault, cast: Cast) -> None:
    listed = open_list(*sample("06-blacklist.csv"))
    for row in examine(listed, listed.columns()):
        assert isinstance(row, Row)
        block(session, vault, row.numbers[0].e164, cast)


def contacts(session: Session, campaign: Campaign) -> list[Contact]:
    asked = select(Contact).where(Contact.campaign_id == campaign.id).order_by(col(Contact.id))
    return list(session.exec(asked).all())


@pytest.mark.parametrize("name", TAKEN)
def test_a_sample_list_gives_the_agreed_figures(
    session: Session, vault: Vault, campaign: Campaign, cast: Cast, name: str
) -> None:
    if name.startswith("06"):
        block_the_blacklist(session, vault, cast)
    taken = import_list(session, vault, campaign, sample(name), by=cast.manager, now=NOW)
    assert tally_of(taken) == {figure: EXPECTED[name][figure] for figure in FIGURES}


@pytest.mark.parametrize("name", TAKEN)
def test_each_accepted_row_is_a_contact_and_each_other_one_is_kept_with_its_reason(
    session: Session, vault: Vault, campaign: Campaign, cast: Cast, name: str
) -> None:
    taken = import_list(session, vault, campaign, sample(name), by=cast.manager, now=NOW)
    assert len(contacts(session, campaign)) == taken.accepted
    assert len(list(refused_rows(session, vault, taken))) == taken.rows - taken.accepted


@pytest.mark.parametrize("name", REFUSED)
def test_a_sample_that_is_no_list_is_refused_and_leaves_nothing(
    session: Session, vault: Vault, campaign: Campaign, cast: Cast, name: str
) -> None:
    with pytest.raises(refusals.FileRefused):
        import_list(session, vault, campaign, sample(name), by=cast.manager, now=NOW)
    assert session.exec(select(CallList)).all() == []


def test_refused_rows_come_back_as_they_were_written_with_the_agreed_reasons(
    session: Session, vault: Vault, campaign: Campaign, cast: Cast
) -> None:
    name = "04-bad-lines.csv"
    taken = import_list(session, vault, campaign, sample(name), by=cast.manager, now=NOW)
    told = {row.cells[0]: row.words("en") for row in refused_rows(session, vault, taken)}
    assert told == EXPECTED[name]["reasons"]


def test_a_refused_row_says_its_reason_in_chinese_too(
    session: Session, vault: Vault, campaign: Campaign, cast: Cast
) -> None:
    data = csv("13800138000,王秀英,畅享", "13800138000,王秀英,畅享", "1.38E+10,李明,畅享")
    taken = import_list(session, vault, campaign, (data, "a.csv"), by=cast.manager, now=NOW)
    found = [(row.row, row.fault, row.words("zh")) for row in refused_rows(session, vault, taken)]
    assert found == [
        (3, RowFault.DUPLICATE, "清单内重复"),
        (4, RowFault.INVALID, "科学计数法，号码尾数已丢失"),
    ]


def test_a_contact_carries_what_its_row_says(session: Session, vault: Vault, campaign: Campaign, cast: Cast) -> None:
    data = csv("0086 138-0013-8000,王秀英,畅享58", head="手机号码,客户姓名,套餐")
    import_list(session, vault, campaign, (data, "a.csv"), by=cast.manager, now=NOW)
    contact = contacts(session, campaign)[0]
    assert (contact.name, contact.attributes, contact.due_at) == ("王秀英", {"套餐": "畅享58"}, NOW)
    assert (contact.state, contact.duty, contact.callback) == (ContactState.QUEUED, Duty.PITCH, False)
    assert vault.open(session.get_one(Phone, contact.phone_id).sealed) == "+8613800138000"


def test_no_number_stands_readable_in_the_database(
    session: Session, vault: Vault, campaign: Campaign, cast: Cast
) -> None:
    data = csv("13800138000,王秀英,畅享", "13800138000,王秀英,畅享", "1380013800,李明,畅享", "13900139000,,")
    import_list(session, vault, campaign, (data, "a.csv"), by=cast.manager, now=NOW)
    for table in (Phone, Contact, RefusedRow, CallList):
        kept = session.connection().execute(sa.select(db.table_of(table))).all()
        assert not [row for row in kept if "1380013800" in str(row) or "13900139000" in str(row)]


def test_the_first_of_several_numbers_is_rung_and_the_others_are_kept_sealed(
    session: Session, vault: Vault, campaign: Campaign, cast: Cast
) -> None:
    data = csv("13800138000,13900139000,王秀英", head="手机号码,备用电话,客户姓名")
    import_list(session, vault, campaign, (data, "a.csv"), by=cast.manager, now=NOW)
    contact = contacts(session, campaign)[0]
    (other,) = (session.get_one(Phone, phone) for phone in others_of(session, contact))
    assert vault.open(session.get_one(Phone, contact.phone_id).sealed) == "+8613800138000"
    assert vault.open(other.sealed) == "+8613900139000"


def test_more_numbers_than_one_question_may_hold_are_asked_for_in_parts(
    session: Session, vault: Vault, campaign: Campaign, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MOST_VALUES", 7)
    block_the_blacklist(session, vault, cast)
    first = import_list(session, vault, campaign, sample("06-meets-blacklist.csv"), by=cast.manager, now=NOW)
    longer = sample("06-meets-blacklist.csv")[0] + "\n13800138000,王,,,,,".encode()
    again = import_list(session, vault, campaign, (longer, "b.csv"), by=cast.manager, now=NOW)
    assert (first.accepted, first.suppressed) == (60, 20)
    assert (again.accepted, again.duplicate, again.suppressed) == (1, 60, 20)


def test_where_the_first_number_is_blocked_the_second_is_rung(
    session: Session, vault: Vault, campaign: Campaign, cast: Cast
) -> None:
    block(session, vault, "13800138000", cast)
    data = csv("13800138000,13900139000,王秀英", head="手机号码,备用电话,客户姓名")
    taken = import_list(session, vault, campaign, (data, "a.csv"), by=cast.manager, now=NOW)
    contact = contacts(session, campaign)[0]
    assert taken.accepted == 1
    assert vault.open(session.get_one(Phone, contact.phone_id).sealed) == "+8613900139000"


def test_a_number_in_the_campaign_already_is_a_duplicate(
    session: Session, vault: Vault, campaign: Campaign, cast: Cast
) -> None:
    import_list(session, vault, campaign, (csv("13800138000,王,a"), "a.csv"), by=cast.manager, now=NOW)
    again = csv("+86 13800138000,王,b", "13900139000,李,b")
    taken = import_list(session, vault, campaign, (again, "b.csv"), by=cast.manager, now=NOW)
    assert (taken.accepted, taken.duplicate) == (1, 1)
    assert [row.words("zh") for row in refused_rows(session, vault, taken)] == ["本活动中已有该号码"]


def test_a_number_of_another_campaign_is_taken_and_keeps_its_row(
    session: Session, vault: Vault, campaign: Campaign, cast: Cast
) -> None:
    other = a_campaign(session, cast, "流量包")
    for each in (campaign, other):
        import_list(session, vault, each, (csv("13800138000,王,a"), "a.csv"), by=cast.manager, now=NOW)
    assert contacts(session, campaign)[0].phone_id == contacts(session, other)[0].phone_id


def test_an_opt_out_of_another_kind_of_campaign_suppresses_nothing(
    session: Session, vault: Vault, campaign: Campaign, cast: Cast
) -> None:
    block(session, vault, "13800138000", cast, scope=Scope.CAMPAIGN_KIND, campaign_kind="retention")
    taken = import_list(session, vault, campaign, (csv("13800138000,王,a"), "a.csv"), by=cast.manager, now=NOW)
    assert (taken.accepted, taken.suppressed) == (1, 0)


def test_an_opt_out_of_this_kind_of_campaign_suppresses_and_says_why(
    session: Session, vault: Vault, campaign: Campaign, cast: Cast
) -> None:
    block(session, vault, "13800138000", cast, scope=Scope.CAMPAIGN_KIND, campaign_kind="telesales")
    taken = import_list(session, vault, campaign, (csv("13800138000,王,a"), "a.csv"), by=cast.manager, now=NOW)
    assert [row.words("zh") for row in refused_rows(session, vault, taken)] == ["客户曾投诉"]


def test_an_expired_opt_out_suppresses_nothing(session: Session, vault: Vault, campaign: Campaign, cast: Cast) -> None:
    block(session, vault, "13800138000", cast, expires_at=NOW + timedelta(days=200))
    later = NOW + timedelta(days=201)
    taken = import_list(session, vault, campaign, (csv("13800138000,王,a"), "a.csv"), by=cast.manager, now=later)
    assert taken.accepted == 1


def test_the_same_file_twice_is_refused_with_who_and_when(
    session: Session, vault: Vault, campaign: Campaign, cast: Cast
) -> None:
    at = datetime(2026, 11, 22, 17, 5, tzinfo=UTC)
    import_list(session, vault, campaign, (csv("13800138000,王,a"), "一.csv"), by=cast.manager, now=at)
    with pytest.raises(ListImportedAlready) as refused:
        import_list(session, vault, campaign, (csv("13800138000,王,a"), "二.csv"), by=cast.manager, now=NOW)
    said = refused.value.sentence("zh")
    assert "Manager" in said and "2026-11-23 01:05" in said and "一.csv" in said


def test_the_most_urgent_rows_go_out_first(session: Session, vault: Vault, campaign: Campaign, cast: Cast) -> None:
    data = csv("13800138000,3", "13800138001,1", "13800138002,", "13800138003,高", head="手机号码,优先级")
    import_list(session, vault, campaign, (data, "a.csv"), by=cast.manager, now=NOW)
    assert [contact.priority for contact in contacts(session, campaign)] == [7, 9, 0, 9]


def test_an_import_is_journalled_with_its_figures(
    session: Session, vault: Vault, campaign: Campaign, cast: Cast
) -> None:
    taken = import_list(session, vault, campaign, sample("03-duplicates.csv"), by=cast.manager, now=NOW)
    session.commit()
    entry = session.exec(select(JournalEntry).where(JournalEntry.action == "list.imported")).one()
    assert (entry.subject_id, entry.actor_id, entry.chain) == (taken.id, cast.manager.id, cast.fz.id)
    assert json.loads(entry.details)["duplicate"] == 37


def test_a_fault_in_the_middle_of_a_file_imports_nothing_of_it(
    engine: Engine, session: Session, vault: Vault, campaign: Campaign, cast: Cast
) -> None:
    session.commit()
    rows = [f"138{place:08d},王,a" for place in range(3000)]
    data = csv(*rows, '13900139000,"李,a')
    with pytest.raises(refusals.QuoteMissing), db.transaction(engine) as work:
        import_list(work, vault, campaign, (data, "a.csv"), by=cast.manager, now=NOW)
    for table in (CallList, Contact, Phone, RefusedRow):
        assert session.exec(select(sa.func.count()).select_from(table)).one() == 0


def test_a_column_that_the_user_names_is_taken_for_the_phone(
    session: Session, vault: Vault, campaign: Campaign, cast: Cast
) -> None:
    data = csv("13800138000,王", head="号段,客户姓名")
    with pytest.raises(refusals.NoPhoneColumn):
        import_list(session, vault, campaign, (data, "a.csv"), by=cast.manager, now=NOW)
    chosen = {"号段": "phone"}
    taken = import_list(session, vault, campaign, (data, "a.csv"), column_map=chosen, by=cast.manager, now=NOW)
    assert taken.accepted == 1


def test_a_number_in_too_many_time_zones_is_kept_as_one_that_nobody_may_ring(
    session: Session, vault: Vault, campaign: Campaign, cast: Cast
) -> None:
    import_list(session, vault, campaign, (csv("+1 800 444 4444,王,a"), "a.csv"), by=cast.manager, now=NOW)
    assert len(session.exec(select(Phone)).one().time_zones) == 7


def test_the_preview_tells_what_will_become_of_each_row(
    session: Session, vault: Vault, campaign: Campaign, cast: Cast
) -> None:
    block(session, vault, "13900139000", cast)
    data = csv("13800138000,王,a", "13800138000,王,a", "13900139000,李,a", "10086,张,a")
    shown = preview(session, vault, campaign, (data, "a.csv"), now=NOW)
    assert [row.words("zh") for row in shown.rows] == ["", "清单内重复", "客户曾投诉", "服务号码，不可外呼"]
    assert (shown.encoding, shown.header_row, shown.headers) == ("utf-8-sig", 1, ("手机号码", "客户姓名", "套餐"))
    assert shown.roles == {"手机号码": "phone", "客户姓名": "name", "套餐": "attribute"}


def test_the_preview_of_a_long_list_shows_its_first_eight_rows(
    session: Session, vault: Vault, campaign: Campaign, cast: Cast
) -> None:
    shown = preview(session, vault, campaign, sample("02-spellings-gbk.csv"), now=NOW)
    assert (len(shown.rows), shown.encoding, shown.refusal) == (8, "gb18030", None)


def test_a_preview_keeps_nothing(session: Session, vault: Vault, campaign: Campaign, cast: Cast) -> None:
    preview(session, vault, campaign, sample("01-clean-utf8-bom.csv"), now=NOW)
    assert session.exec(select(sa.func.count()).select_from(Phone)).one() == 0


def test_where_no_phone_column_is_known_the_preview_shows_the_columns_to_choose_from(
    session: Session, vault: Vault, campaign: Campaign, cast: Cast
) -> None:
    shown = preview(session, vault, campaign, (csv("13800138000,王", head="号段,客户姓名"), "a.csv"), now=NOW)
    assert isinstance(shown.refusal, refusals.NoPhoneColumn)
    assert (shown.headers, shown.rows[0].cells) == (("号段", "客户姓名"), ["13800138000", "王"])
