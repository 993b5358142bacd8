"""Numbers are blocked by the list while agents dial: not one token is used after its number was blocked."""

import multiprocessing
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import db
from outbound.call_lists.model import Duty
from outbound.call_lists.reading import open_list
from outbound.calling_rules.profiles import profile
from outbound.campaigns.opt_out_ends import earliest_ends
from outbound.dialing.model import Claim, ClaimEnd, DialToken
from outbound.opt_outs.lists import taking
from outbound.opt_outs.lists.columns import Given
from outbound.opt_outs.model import OptOut
from outbound.people import Centre, Staff, known
from outbound.phones.model import keep
from outbound.phones.parsing import Number, parse
from outbound.phones.vault import Vault
from tests.conftest import Cast
from tests.factories import Maker

KEY = bytes(range(64))
NUMBERS = [f"1380013{at:04d}" for at in range(120)]


def _dial(url: str, agent_id: int, phones: list[tuple[int, int]]) -> None:
    """Issue a token for each contact and use it in a second transaction, as the desk does.

    What is blocked when a transaction begins must be refused in it.
    """
    engine = db.open_database(url)
    for contact_id, phone_id in phones:
        was_blocked = _is_blocked(engine, phone_id)
        try:
            with db.transaction(engine) as session:
                token = _token(session, agent_id, contact_id, phone_id)
            assert not was_blocked, "a token for a number that is blocked"
            was_blocked = _is_blocked(engine, phone_id)
            with db.transaction(engine) as session:
                _use(session, token)
            assert not was_blocked, "a token used after its number was blocked"
        except sa.exc.DBAPIError as refused:
            assert "blocked" in str(refused) or "good for one dial" in str(refused), refused
            _end_claim(engine, contact_id)


def _is_blocked(engine: Engine, phone_id: int) -> bool:
    with db.reading(engine) as session:
        return session.exec(select(OptOut.id).where(OptOut.phone_id == phone_id)).first() is not None


def _token(session: Session, agent_id: int, contact_id: int, phone_id: int) -> int:
    claim = Claim(
        centre_id=1, campaign_id=1, contact_id=contact_id, phone_id=phone_id, agent_id=agent_id, duty=Duty.PITCH,
        epoch=1, claimed_at=_now(), lease_until=_now() + timedelta(minutes=15),
    )  # fmt: skip
    session.add(claim)
    session.flush()
    token = DialToken(
        claim_id=known(claim.id), campaign_id=1, phone_id=phone_id, issued_at=_now(),
        expires_at=_now() + timedelta(minutes=2),
    )  # fmt: skip
    session.add(token)
    session.flush()
    return known(token.id)


def _use(session: Session, token_id: int) -> None:
    token = session.get_one(DialToken, token_id, with_for_update=True)
    token.used_at = _now()
    session.flush()
    claim = session.get_one(Claim, token.claim_id)
    claim.ended_at, claim.ended_how = _now(), ClaimEnd.DONE
    session.flush()


def _end_claim(engine: Engine, contact_id: int) -> None:
    with db.transaction(engine) as session:
        ended = sa.update(Claim).where(sa.text("contact_id = :contact AND ended_at IS NULL"))
        session.connection().execute(ended.values(ended_at=_now(), ended_how="put_back"), {"contact": contact_id})


def _block(url: str) -> None:
    engine, vault = db.open_database(url), Vault(KEY)
    given = Given(earliest=earliest_ends(profile(), _now()), zone="Asia/Shanghai")
    for at in range(0, len(NUMBERS), 10):
        listed = open_list("\n".join(["phone", *NUMBERS[at : at + 10]]).encode(), "a.csv")
        with db.transaction(engine) as session:
            taking.take_in(session, vault, listed, given, by=None, now=_now(), centre_id=None)
        time.sleep(0.01)


def _now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def listed(engine: Engine, cast: Cast) -> list[tuple[int, int]]:
    """The contacts of NUMBERS with their phones."""
    with db.transaction(engine) as session:
        make = Maker(session, session.get_one(Centre, known(cast.fz.id)), now=_now())
        campaign = make.campaign()
        pairs = []
        for written in NUMBERS:
            number = parse(written)
            assert isinstance(number, Number)
            phone = keep(session, Vault(KEY), number, now=_now())
            pairs.append((known(make.contact(campaign, phone=phone).id), known(phone.id)))
        return pairs


@pytest.mark.slow
def test_a_list_is_taken_in_while_agents_dial(
    engine: Engine, cast: Cast, listed: list[tuple[int, int]], tmp_path: Path
) -> None:
    url = engine.url.render_as_string(hide_password=False)
    engine.dispose()
    agents = [cast.agent, cast.second_agent]
    context = multiprocessing.get_context("spawn")
    shares: list[Any] = [
        context.Process(target=_dial, args=(url, known(agent.id), listed[place :: len(agents)]))
        for place, agent in enumerate(agents)
    ]
    processes = [*shares, context.Process(target=_block, args=(url,))]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    with db.reading(engine) as session:
        assert len(session.exec(select(OptOut)).all()) == len(NUMBERS)
        waiting = "SELECT id FROM dial_token WHERE used_at IS NULL AND voided_at IS NULL"
        assert session.execute(sa.text(waiting)).all() == []
        queued = "SELECT id FROM contact WHERE state = 'queued'"
        assert session.execute(sa.text(queued)).all() == []
        assert session.get_one(Staff, known(cast.agent.id))
