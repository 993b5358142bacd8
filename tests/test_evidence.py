"""The evidence of a subscription: what the charge rests on, what is missing, and whether the journal still holds."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from outbound import complaints
from outbound.billing import answers as carrier_answers
from outbound.billing import batches, charges
from outbound.calls.model import Call, Tick
from outbound.complaints import Grievance
from outbound.compliance import Criterion, Mark
from outbound.confirmations import verbs as confirmations
from outbound.evidence import gathering
from outbound.evidence.gathering import CHECKS, gather
from outbound.phones.model import Phone, keep
from outbound.phones.parsing import Number, parse
from outbound.phones.vault import Vault, open_vault
from outbound.recordings import keeping
from outbound.subscriptions.model import Subscription
from qa.review import verbs as reviews
from qa.review.marks import CriterionMark
from tests.conftest import NOW, Cast
from tests.sales import Sales

LATER = NOW + timedelta(days=8)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return open_vault(tmp_path / "data")


@pytest.fixture
def phone(session: Session, vault: Vault) -> Phone:
    number = parse("13812345678")
    assert isinstance(number, Number)
    return keep(session, vault, number, now=NOW)


def charge(sales: Sales, subscription: Subscription) -> None:
    charges.charge(sales.session, subscription, today=LATER.date(), now=LATER)


def of(sales: Sales, vault: Vault, subscription: Subscription) -> dict[str, Any]:
    """The evidence as it reads back from JSON, once everything is committed."""
    sales.session.commit()
    return dict(json.loads(json.dumps(gather(sales.session, vault, subscription))))


def test_a_confirmed_one_may_be_charged_and_rests_on_everything(sales: Sales, vault: Vault, phone: Phone) -> None:
    found = of(sales, vault, sales.confirmed(phone=phone))
    assert found["verdict"]["word"] == "chargeable"
    assert found["verdict"]["checks"] == dict.fromkeys(CHECKS, True)
    assert (found["verdict"]["missing"], found["verdict"]["chargeable_from"]) == ([], "2026-12-01")


def test_a_charged_one_says_so_with_its_ledger_and_instructions(sales: Sales, vault: Vault, phone: Phone) -> None:
    subscription = sales.confirmed(phone=phone)
    charge(sales, subscription)
    found = of(sales, vault, subscription)
    assert (found["verdict"]["word"], found["verdict"]["balance_fen"]) == ("charged", 500)
    assert [(line["kind"], line["amount_fen"], line["cycle"]) for line in found["ledger"]] == [
        ("charge", 500, "2026-12-01")
    ]
    assert [told["kind"] for told in found["instructions"]] == ["activate", "charge"]


def test_what_is_missing_is_named(sales: Sales, vault: Vault, phone: Phone) -> None:
    subscription = sales.due(phone=phone)
    sales.confirm(subscription, recorded=False)
    found = of(sales, vault, subscription)
    assert found["verdict"]["word"] == "not_chargeable"
    assert [each["obstacle"] for each in found["verdict"]["missing"]] == ["second_not_recorded"]
    assert [check for check, held in found["verdict"]["checks"].items() if not held] == ["confirmation_recorded"]


def test_a_trial_that_nobody_confirmed_lacks_its_second_confirmation(sales: Sales, vault: Vault, phone: Phone) -> None:
    found = of(sales, vault, sales.sell(phone=phone))
    missing = [each["obstacle"] for each in found["verdict"]["missing"]]
    assert missing == ["second_not_passed", "not_confirmed"]
    checks = found["verdict"]["checks"]
    assert (checks["confirmed_by_another"], checks["confirmation_recorded"], checks["sale_recorded"]) == (
        False,
        None,
        True,
    )


def test_a_charge_taken_back_is_told_as_such(sales: Sales, vault: Vault, phone: Phone) -> None:
    subscription = sales.confirmed(phone=phone)
    charge(sales, subscription)
    sales.cancel(subscription, via="complaint")
    found = of(sales, vault, subscription)
    assert (found["verdict"]["word"], found["verdict"]["balance_fen"]) == ("reversed", 0)
    assert found["withdrawal"]["via"] == "complaint"
    assert found["withdrawal"]["by"]["name"] == "Care"


def test_both_calls_stand_with_who_what_and_when(sales: Sales, vault: Vault, phone: Phone) -> None:
    found = of(sales, vault, sales.confirmed(phone=phone))
    sale, second = found["calls"]
    assert (sale["agent"]["name"], sale["confirmation"]["kind"], sale["duty"]) == ("Agent", "first", "pitch")
    assert (second["agent"]["name"], second["confirmation"]["kind"]) == ("Verifier", "second")
    assert sale["dialled_at"] == "2026-11-23T02:00:00+00:00"
    assert second["self_marks"] == {str(criterion): "pass" for criterion in Criterion}


def test_each_call_stands_with_the_hash_of_its_recording_and_of_its_script(
    sales: Sales, vault: Vault, phone: Phone
) -> None:
    sale = of(sales, vault, sales.confirmed(phone=phone))["calls"][0]
    assert len(sale["recording"]["sha256"]) == 64
    assert sale["recording"]["seconds"] == 66.0
    assert sale["script"]["number"] == 1


def test_a_script_whose_text_no_longer_fits_its_hash_is_seen(sales: Sales, vault: Vault, phone: Phone) -> None:
    # The factories write no hash, which is as good as a wrong one.
    sale = of(sales, vault, sales.confirmed(phone=phone))["calls"][0]
    assert sale["script"]["unchanged"] is False


def test_disclosures_stand_with_the_second_at_which_they_were_told(sales: Sales, vault: Vault, phone: Phone) -> None:
    subscription = sales.confirmed(phone=phone)
    told = "tariff,trial_end"
    sales.session.add(Tick(call_id=subscription.sale_call_id, step="tariff", second=31.5, disclosures=told))
    ticks = of(sales, vault, subscription)["calls"][0]["ticks"]
    assert ticks == [{"step": "tariff", "second": 31.5, "disclosures": ["tariff", "trial_end"]}]


def test_a_review_stands_with_its_marks_seconds_and_reasons(sales: Sales, vault: Vault, phone: Phone) -> None:
    subscription = sales.confirmed(phone=phone)
    review_sale(sales, subscription)
    found = of(sales, vault, subscription)
    [review] = found["calls"][0]["reviews"]
    failed = next(mark for mark in review["marks"] if mark["mark"] == "fail")
    assert (review["verdict"], review["source"]) == ("invalid", "targeted")
    assert (failed["criterion"], failed["second"], failed["reason"]) == ("explicit_consent", 40.0, "vague")
    assert found["corrections"][0]["state"] == "due"
    assert found["calls"][0]["confirmation"]["void"]["reason"] == "review_failed"
    assert found["verdict"]["checks"]["sale_stands"] is False


def test_a_void_confirmation_stands_beside_the_one_that_replaced_it(
    sales: Sales, vault: Vault, phone: Phone, cast: Cast
) -> None:
    subscription = sales.due(phone=phone)
    first_try = sales.confirm(subscription)
    confirmations.void_confirmation(sales.session, first_try, reason="review_failed", by=cast.reviewer, now=NOW)
    sales.confirm(subscription)
    seconds = [call["confirmation"] for call in of(sales, vault, subscription)["calls"][1:]]
    assert [(each["latest"], bool(each["void"])) for each in seconds] == [(False, True), (True, False)]


def test_every_decision_stands_with_who_made_it(sales: Sales, vault: Vault, phone: Phone) -> None:
    decisions = of(sales, vault, sales.confirmed(phone=phone))["decisions"]
    assert [(step["before"], step["after"]) for step in decisions] == [
        (None, "trial"),
        ("trial", "confirming"),
        ("confirming", "confirmed"),
    ]
    assert [step["by"]["name"] if step["by"] else None for step in decisions] == ["Agent", None, "Verifier"]


def test_a_hold_and_its_lifting_stand_with_their_reasons(sales: Sales, vault: Vault, phone: Phone, cast: Cast) -> None:
    subscription = sales.confirmed(phone=phone)
    complaint = complaints.take(
        sales.session,
        sales.centre,
        phone,
        subscription=subscription,
        grievance=Grievance.NEVER_ORDERED,
        said="没办过",
        by=cast.care,
        now=NOW,
    )
    held = of(sales, vault, subscription)
    assert (held["verdict"]["checks"]["not_held"], held["holds"][0]["lifted"]) == (False, None)
    complaints.settle(sales.session, complaint, answer="录音属实", upheld=False, by=cast.care, now=NOW)
    freed = of(sales, vault, subscription)
    assert freed["holds"][0]["lifted"]["reason"] == "录音属实"
    assert freed["complaints"][0]["settlement"]["upheld"] is False
    assert freed["complaints"][0]["taken_by"]["name"] == "Care"
    assert freed["verdict"]["word"] == "chargeable"


def test_an_instruction_stands_with_its_batch_and_the_carriers_answer(
    sales: Sales, vault: Vault, phone: Phone, cast: Cast
) -> None:
    subscription = sales.sell(phone=phone)
    batch = batches.export(sales.session, vault, sales.centre, by=cast.finance, now=LATER)
    key = f"{subscription.id}-activate-1"
    answers = f"{key},rejected,no such number\n".encode()
    carrier_answers.acknowledge(sales.session, sales.centre, answers, by=cast.finance, now=LATER)
    [told] = of(sales, vault, subscription)["instructions"]
    assert (told["batch"]["number"], told["batch"]["sha256"]) == (1, batch.sha256)
    assert (told["acknowledgement"]["accepted"], told["acknowledgement"]["reason"]) == (False, "no such number")


def test_the_number_is_masked(sales: Sales, vault: Vault, phone: Phone) -> None:
    found = of(sales, vault, sales.confirmed(phone=phone))
    assert found["subscription"]["number"] == "138****5678"
    assert "13812345678" not in json.dumps(found)


def test_the_journals_rows_stand_with_their_hashes_in_a_chain_that_holds(
    sales: Sales, vault: Vault, phone: Phone
) -> None:
    journal = of(sales, vault, sales.confirmed(phone=phone))["journal"]
    told = [(entry["action"], (entry["actor"] or {}).get("name")) for entry in journal["entries"]]
    assert [each for each in told if not each[0].startswith("notice.")] == [
        ("subscription.trial", "Agent"),
        ("subscription.confirming", None),
        ("confirmation.recorded", "Verifier"),
        ("subscription.confirmed", "Verifier"),
    ]
    assert (journal["holds"], journal["broken"], journal["checked"]) == (True, [], "whole")


@pytest.mark.parametrize("longest", [50_000, 0])
@pytest.mark.owner
def test_a_changed_row_of_the_journal_is_seen(
    sales: Sales, vault: Vault, phone: Phone, longest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "LONGEST_WHOLE_CHAIN", longest)
    subscription = sales.confirmed(phone=phone)
    found = of(sales, vault, subscription)["journal"]
    assert found["holds"]
    tamper(sales, found["entries"][2]["sequence"])
    broken = of(sales, vault, subscription)["journal"]
    assert (broken["holds"], broken["broken"]) == (False, [found["entries"][2]["sequence"]])


def test_another_customers_rows_are_not_in_it(sales: Sales, vault: Vault, phone: Phone) -> None:
    other = sales.confirmed()
    found = of(sales, vault, sales.confirmed(phone=phone))
    assert len(found["calls"]) == 2
    numbers = {entry["subject_id"] for entry in found["journal"]["entries"] if entry["subject_kind"] == "subscription"}
    assert other.id not in numbers


def test_gathering_changes_nothing(sales: Sales, vault: Vault, phone: Phone) -> None:
    subscription = sales.confirmed(phone=phone)
    assert of(sales, vault, subscription) == of(sales, vault, subscription)
    assert not sales.session.dirty


def review_sale(sales: Sales, subscription: Subscription) -> None:
    """A reviewer hears no clear yes in the sale's call."""
    recording = keeping.of_call(sales.session, sales.session.get_one(Call, subscription.sale_call_id))
    assert recording
    task = reviews.pull_in(sales.session, recording, reviewer=sales.cast.reviewer, by=sales.cast.care, now=NOW)
    given = {criterion: CriterionMark(Mark.PASS, second=20.0) for criterion in Criterion}
    given[Criterion.EXPLICIT_CONSENT] = CriterionMark(Mark.FAIL, second=40.0, reason="vague", note="只说了“嗯”")
    reviews.mark(sales.session, task, given, by=sales.cast.reviewer, now=NOW)


def tamper(sales: Sales, sequence: int) -> None:
    """Change a row of the journal as somebody with the database in hand could."""
    session = sales.session
    lock = "DROP TRIGGER journal_entry_no_update"
    if session.get_bind().dialect.name == "postgresql":
        lock = "ALTER TABLE journal_entry DISABLE TRIGGER ALL"
    session.execute(sa.text(lock))
    changed = "UPDATE journal_entry SET details = '{}' WHERE chain = :chain AND sequence = :sequence"
    session.execute(sa.text(changed), {"chain": sales.centre.id, "sequence": sequence})
    session.commit()
    session.expire_all()
