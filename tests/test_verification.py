"""The promises derived again: what somebody with the database's own powers did is found."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import db
from outbound.billing.model import LedgerEntry
from outbound.call_lists.importing import import_list
from outbound.calls.model import Call
from outbound.campaigns.model import Campaign
from outbound.opt_outs import liftings
from outbound.opt_outs import verbs as opt_outs
from outbound.opt_outs.model import Category, OptOut
from outbound.people import Centre, known
from outbound.phones.model import Phone
from outbound.phones.vault import Vault
from outbound.verification import broken_promises
from tests.conftest import Cast
from tests.desk import Floor, floor, vault
from tests.factories import Maker

__all__ = ["floor", "vault"]


@pytest.fixture
def make(session: Session, cast: Cast, now: datetime) -> Maker:
    return Maker(session, session.get_one(Centre, cast.fz.id), now=now)


def promises(session: Session) -> set[str]:
    """What is broken, but for the tallies of lists, which the factories do not keep."""
    return {found["promise"] for found in broken_promises(session)} - {"import_does_not_add_up"}


def unlock(session: Session) -> None:
    """Take every trigger and every index of open claims and charges off, as the owner of the database can."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("SET LOCAL session_replication_role = replica"))
    else:
        session.execute(sa.text("PRAGMA defer_foreign_keys=ON"))
        for name in session.execute(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all():
            session.execute(sa.text(f"DROP TRIGGER {name}"))
    for index in ("uq_claim_open_phone_id", "uq_ledger_entry_charge_once"):
        session.execute(sa.text(f"DROP INDEX {index}"))


def run(session: Session, statement: str, **facts: Any) -> None:
    assert session.execute(sa.text(statement), facts).rowcount > 0  # type: ignore[attr-defined]


CHARGE = """INSERT INTO ledger_entry (centre_id, subscription_id, cycle, kind, amount_fen, confirmation_id,
    confirmation_kind, confirmation_result, why, at) SELECT s.centre_id, s.id, '2026-12-01', 'charge', s.price_fen,
    c.id, c.kind, c.result, '', '2026-12-01 02:00:00+00' FROM subscription s JOIN confirmation c
    ON c.subscription_id = s.id AND c.kind = :kind"""


@pytest.fixture
def charged(make: Maker, cast: Cast, now: datetime) -> int:
    """A sale that was rightly charged; the number of its ledger entry."""
    sale = make.sale(cast.agent, at=now - timedelta(days=1))
    make.confirmed(sale, cast.verifier, at=now)
    run(make.session, CHARGE, kind="second")
    return known(make.session.exec(select(LedgerEntry.id)).one())


def test_a_day_of_honest_work_breaks_nothing(
    engine: Engine, floor: Floor, vault: Vault, cast: Cast, now: datetime
) -> None:
    with db.transaction(engine) as session:
        session.execute(sa.text("DELETE FROM call_list"))
        campaign = session.get_one(Campaign, known(floor.campaign.id))
        text = "姓名,手机号\n王秀英,13800138000\n李强,13800138000\n坏行,12\n"
        import_list(session, vault, campaign, (text.encode(), "list.csv"), by=cast.manager, now=now)
    with db.reading(engine) as session:
        assert broken_promises(session) == []


def test_a_rightful_charge_breaks_nothing(session: Session, charged: int) -> None:
    assert promises(session) == set()


Spoil = Callable[[Session], None]


def confirmed_by_the_seller(session: Session) -> None:
    run(session, "UPDATE confirmation SET by_id = (SELECT seller_id FROM subscription) WHERE kind = 'second'")


def never_confirmed(session: Session) -> None:
    run(session, "UPDATE confirmation SET result = 'declined' WHERE kind = 'second'")


def one_mark_failed(session: Session) -> None:
    run(session, "UPDATE self_mark SET mark = 'fail' WHERE criterion = 'understanding'")


def recording_gone(session: Session) -> None:
    session.execute(sa.text("DELETE FROM recording"))


def withdrawn_before(session: Session) -> None:
    run(
        session,
        """INSERT INTO withdrawal (subscription_id, via, reason, at)
        SELECT id, 'care', '', '2026-11-30 00:00:00+00' FROM subscription""",
    )


def voided_and_kept(session: Session) -> None:
    run(
        session,
        """INSERT INTO confirmation_void (confirmation_id, subscription_id, reason, at)
        SELECT id, subscription_id, 'review_failed', '2026-11-30 00:00:00+00' FROM confirmation
        WHERE kind = 'second'""",
    )


def another_amount(session: Session) -> None:
    run(session, "UPDATE ledger_entry SET amount_fen = amount_fen + 1")


def first_confirmation_charged(session: Session) -> None:
    run(session, "UPDATE ledger_entry SET confirmation_id = (SELECT min(id) FROM confirmation)")


@pytest.mark.parametrize(
    "spoil",
    [
        confirmed_by_the_seller,
        never_confirmed,
        one_mark_failed,
        recording_gone,
        withdrawn_before,
        voided_and_kept,
        another_amount,
        first_confirmation_charged,
    ],
    ids=lambda spoil: spoil.__name__,
)
def test_a_charge_that_should_not_be_is_found(session: Session, charged: int, spoil: Spoil) -> None:
    unlock(session)
    spoil(session)
    assert "charge_without_valid_second_confirmation" in promises(session)


def test_a_second_charge_of_a_cycle_is_found(session: Session, charged: int) -> None:
    unlock(session)
    run(session, CHARGE, kind="second")
    assert "charged_twice_in_a_cycle" in promises(session)


def test_a_charge_instruction_of_another_amount_is_found(session: Session, charged: int) -> None:
    unlock(session)
    run(
        session,
        """INSERT INTO instruction (centre_id, subscription_id, key, kind, amount_fen, effective_on, ledger_entry_id,
        made_at) SELECT centre_id, subscription_id, 'k', 'charge', amount_fen * 2, '2026-12-01', id, at
        FROM ledger_entry""",
    )
    assert promises(session) == {"charge_instruction_without_ledger_entry"}


def test_a_number_with_two_agents_is_found(session: Session, make: Maker, cast: Cast) -> None:
    call = make.call(cast.agent)
    unlock(session)
    for agent, contact in ((cast.agent.id, call.contact_id), (cast.second_agent.id, make.contact().id)):
        run(
            session,
            """INSERT INTO claim (centre_id, campaign_id, contact_id, phone_id, agent_id, duty, epoch, why_now,
            claimed_at, lease_until) SELECT centre_id, campaign_id, :contact, phone_id, :agent, duty, 9, '',
            claimed_at, lease_until FROM claim WHERE id = :id""",
            agent=agent,
            contact=contact,
            id=call.claim_id,
        )
    assert promises(session) == {"number_with_two_agents"}


def test_a_call_whose_token_was_never_used_is_found(session: Session, make: Maker, cast: Cast) -> None:
    make.call(cast.agent)
    unlock(session)
    run(session, "UPDATE dial_token SET used_at = NULL")
    assert promises(session) == {"call_without_used_token"}


def blocked(session: Session, call: Call, cast: Cast, at: datetime, **facts: Any) -> OptOut:
    phone = session.get_one(Phone, call.phone_id)
    return opt_outs.block(session, phone, category=Category.REFUSAL, source="care", by=cast.care, now=at, **facts)


def test_a_call_after_its_number_was_blocked_is_found(session: Session, make: Maker, cast: Cast, now: datetime) -> None:
    blocked(session, make.call(cast.agent), cast, now - timedelta(hours=1))
    assert promises(session) == {"call_after_block"}


def test_a_call_before_the_block_or_after_its_end_is_in_order(
    session: Session, make: Maker, cast: Cast, now: datetime
) -> None:
    blocked(session, make.call(cast.agent), cast, now + timedelta(hours=1))
    expired = now - timedelta(hours=1)
    blocked(session, make.call(cast.agent), cast, now - timedelta(days=200), expires_at=expired)
    lifted = blocked(session, make.call(cast.agent), cast, now - timedelta(days=2))
    liftings.lift(session, lifted, asked_by=cast.care, approved_by=cast.manager, reason="", now=now - timedelta(days=1))
    session.flush()
    assert promises(session) == set()


def test_a_review_of_ones_own_call_is_found(session: Session, make: Maker, cast: Cast) -> None:
    recording = make.recorded_call(cast.agent)
    unlock(session)
    run(
        session,
        """INSERT INTO review_task (centre_id, source, recording_id, call_id, reviewer_id, made_at, due_at)
        SELECT centre_id, 'targeted', id, call_id, :me, kept_at, kept_at FROM recording WHERE id = :id""",
        me=cast.agent.id,
        id=recording.id,
    )
    run(
        session,
        """INSERT INTO review (centre_id, task_id, call_id, recording_id, reviewer_id, verdict, comment, at)
        SELECT centre_id, id, call_id, recording_id, reviewer_id, 'valid', '', made_at FROM review_task""",
    )
    assert promises(session) == {"review_by_the_caller"}


def test_a_list_whose_figures_do_not_add_up_is_found(session: Session, floor: Floor) -> None:
    found = {each["promise"] for each in broken_promises(session)}
    assert found == {"import_does_not_add_up"}, "the floor's list says that it brought a contact, and there is none"


def test_a_changed_journal_is_found_with_its_place(session: Session, cast: Cast) -> None:
    unlock(session)
    run(session, "UPDATE journal_entry SET action = 'changed' WHERE chain = :chain AND sequence = 2", chain=cast.fz.id)
    assert broken_promises(session) == [{"promise": "journal_chain", "chain": cast.fz.id, "sequence": 2}]
