"""Staff: who may come in, for how long, and in which roles."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import db, people, sign_ins
from outbound.people import Role, SignIn, Staff
from outbound.sign_ins import FAILURES_PER_ADDRESS, FAILURES_PER_LOGIN
from tests.conftest import PASSWORD, Cast


def person(session: Session, one: Staff) -> Staff:
    return session.get_one(Staff, people.known(one.id))


def fail(engine: Engine, login: str, address: str, times: int, *, at: datetime) -> None:
    for _ in range(times):
        with db.transaction(engine) as session:
            attempt = sign_ins.begin_attempt(session, login, "", now=at)
            session.flush()
            sign_ins.attempt_failed(session, attempt, address)


# Signing in


def test_the_right_password_says_who_it_is(session: Session, cast: Cast) -> None:
    assert sign_ins.check_password(session, "agent", PASSWORD).id == cast.agent.id


@pytest.mark.parametrize(
    ("login", "password"),
    [("agent", "wrong password"), ("agent", ""), ("nobody", PASSWORD), ("", ""), ("AGENT", PASSWORD)],
)
def test_a_wrong_login_and_a_wrong_password_are_refused_alike(
    session: Session, cast: Cast, login: str, password: str
) -> None:
    with pytest.raises(sign_ins.WrongPassword):
        sign_ins.check_password(session, login, password)


def test_a_sign_in_lasts_its_hours_and_no_longer(session: Session, cast: Cast, now: datetime) -> None:
    token = sign_ins.sign_in(session, person(session, cast.agent), hours=12, now=now)
    session.flush()
    still = sign_ins.signed_in(session, token, now=now + timedelta(hours=12, seconds=-1))
    assert still and still.id == cast.agent.id
    assert sign_ins.signed_in(session, token, now=now + timedelta(hours=12)) is None


def test_a_token_that_was_never_given_signs_nobody_in(session: Session, cast: Cast, now: datetime) -> None:
    sign_ins.sign_in(session, person(session, cast.agent), hours=12, now=now)
    session.flush()
    digest = session.exec(select(SignIn.token_digest)).one()
    assert sign_ins.signed_in(session, "made up", now=now) is None
    assert sign_ins.signed_in(session, digest, now=now) is None


def test_signing_out_ends_this_sign_in_and_no_other(session: Session, cast: Cast, now: datetime) -> None:
    here, there = (sign_ins.sign_in(session, person(session, cast.agent), hours=12, now=now) for _ in range(2))
    session.flush()
    sign_ins.sign_out(session, here, now=now)
    session.flush()
    assert sign_ins.signed_in(session, here, now=now) is None
    assert sign_ins.signed_in(session, there, now=now) is not None


def both_at_a_desk(session: Session, cast: Cast, now: datetime) -> tuple[Staff, str, str]:
    agent = person(session, cast.agent)
    here, there = (sign_ins.sign_in(session, agent, hours=12, now=now) for _ in range(2))
    session.flush()
    assert not sign_ins.calls_elsewhere(session, agent, here, now=now)
    return agent, here, there


def test_who_sits_at_a_desk_in_two_browsers_is_told_so_in_both(session: Session, cast: Cast, now: datetime) -> None:
    agent, here, there = both_at_a_desk(session, cast, now)
    assert sign_ins.calls_elsewhere(session, agent, there, now=now)
    assert sign_ins.calls_elsewhere(session, agent, here, now=now)


def test_a_browser_that_is_signed_out_or_closed_is_no_other_desk(session: Session, cast: Cast, now: datetime) -> None:
    agent, here, there = both_at_a_desk(session, cast, now)
    later = now + sign_ins.AT_DESK
    assert not sign_ins.calls_elsewhere(session, agent, there, now=later)
    sign_ins.sign_out(session, there, now=later)
    session.flush()
    assert not sign_ins.calls_elsewhere(session, agent, here, now=later)


def test_a_colleague_at_a_desk_is_nobodys_other_browser(session: Session, cast: Cast, now: datetime) -> None:
    both_at_a_desk(session, cast, now)
    colleague = person(session, cast.second_agent)
    assert not sign_ins.calls_elsewhere(
        session, colleague, sign_ins.sign_in(session, colleague, hours=12, now=now), now=now
    )


def test_signing_out_twice_is_no_news(session: Session, cast: Cast, now: datetime) -> None:
    token = sign_ins.sign_in(session, person(session, cast.agent), hours=12, now=now)
    session.flush()
    for _ in range(2):
        sign_ins.sign_out(session, token, now=now)
        session.flush()
    assert sign_ins.signed_in(session, token, now=now) is None


# The throttle


def test_a_login_that_failed_too_often_waits(engine: Engine, cast: Cast, now: datetime) -> None:
    fail(engine, "agent", "10.0.0.1", FAILURES_PER_LOGIN - 1, at=now)
    with db.reading(engine) as session:
        sign_ins.refuse_if_throttled(session, "agent", "10.0.0.2", now=now)
    fail(engine, "agent", "10.0.0.1", 1, at=now)
    with db.reading(engine) as session, pytest.raises(sign_ins.TooManySignIns):
        sign_ins.refuse_if_throttled(session, "agent", "10.0.0.2", now=now)


def test_an_address_that_tried_many_logins_waits(engine: Engine, cast: Cast, now: datetime) -> None:
    for each in range(FAILURES_PER_ADDRESS):
        fail(engine, f"guess-{each}", "10.0.0.1", 1, at=now)
    with db.reading(engine) as session, pytest.raises(sign_ins.TooManySignIns):
        sign_ins.refuse_if_throttled(session, "agent", "10.0.0.1", now=now)
    with db.reading(engine) as session:
        sign_ins.refuse_if_throttled(session, "agent", "10.0.0.2", now=now)


def test_the_throttle_holds_for_a_process_that_was_not_there(engine: Engine, cast: Cast, now: datetime) -> None:
    fail(engine, "agent", "10.0.0.1", FAILURES_PER_LOGIN, at=now)
    other = db.open_database(engine.url.render_as_string(hide_password=False))
    with db.reading(other) as session, pytest.raises(sign_ins.TooManySignIns):
        sign_ins.refuse_if_throttled(session, "agent", "10.0.0.2", now=now)
    other.dispose()


def test_the_throttle_lets_go_after_a_quarter_of_an_hour(engine: Engine, cast: Cast, now: datetime) -> None:
    fail(engine, "agent", "10.0.0.1", FAILURES_PER_LOGIN, at=now)
    with db.reading(engine) as session:
        sign_ins.refuse_if_throttled(session, "agent", "10.0.0.1", now=now + sign_ins.THROTTLE_WINDOW)


def test_a_failure_of_any_length_can_be_noted(engine: Engine, cast: Cast, now: datetime) -> None:
    fail(engine, "x" * 10_000, "y" * 10_000, FAILURES_PER_LOGIN, at=now)
    with db.reading(engine) as session, pytest.raises(sign_ins.TooManySignIns):
        sign_ins.refuse_if_throttled(session, "x" * 10_000, "10.0.0.2", now=now)


def test_a_login_that_no_database_can_hold_is_a_wrong_one(engine: Engine, cast: Cast, now: datetime) -> None:
    with db.reading(engine) as session:
        sign_ins.refuse_if_throttled(session, "agent\0", "10.0.0.1", now=now)
        with pytest.raises(sign_ins.WrongPassword):
            sign_ins.check_password(session, "agent\0", PASSWORD)
    fail(engine, "agent\0", "10.0.0.1", 1, at=now)


def test_guesses_at_once_are_no_more_than_guesses_one_by_one(engine: Engine, cast: Cast, now: datetime) -> None:
    def guess(_number: int) -> bool:
        try:
            with db.transaction(engine) as session:
                sign_ins.begin_attempt(session, "agent", "10.0.0.1", now=now)
        except sign_ins.TooManySignIns:
            return False
        return True

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(guess, range(24))) == FAILURES_PER_LOGIN


def test_an_attempt_that_passed_counts_for_nothing(engine: Engine, cast: Cast, now: datetime) -> None:
    for _ in range(FAILURES_PER_LOGIN + 1):
        with db.transaction(engine) as session:
            attempt = sign_ins.begin_attempt(session, "agent", "10.0.0.1", now=now)
        with db.transaction(engine) as session:
            sign_ins.attempt_passed(session, attempt)


def test_a_password_changed_while_the_old_one_was_checked_signs_nobody_in(session: Session, cast: Cast) -> None:
    session.exec(sa.update(Staff).where(Staff.id == cast.agent.id).values(password_hash="another"))  # type: ignore[arg-type]
    with pytest.raises(sign_ins.WrongPassword):
        sign_ins.unchanged(session, cast.agent)


# Coming, changing, going


def hire(session: Session, cast: Cast, now: datetime, **facts: object) -> Staff:
    usual = {
        "centre": cast.fz,
        "login": "new",
        "name": "新人",
        "password": PASSWORD,
        "roles": {Role.AGENT},
        "by": cast.manager,
        "now": now,
    }
    return people.add_staff(session, **{**usual, **facts})  # type: ignore[arg-type]


def test_who_is_taken_on_can_sign_in_in_their_roles(session: Session, cast: Cast, now: datetime) -> None:
    hire(session, cast, now, roles={Role.AGENT, Role.REVIEWER})
    staff = sign_ins.check_password(session, "new", PASSWORD)
    assert people.roles_of(session, staff) == {Role.AGENT, Role.REVIEWER}


def test_a_password_is_never_kept_as_it_is(session: Session, cast: Cast, now: datetime) -> None:
    assert PASSWORD not in hire(session, cast, now).password_hash


def test_a_login_is_given_once(session: Session, cast: Cast, now: datetime) -> None:
    with pytest.raises(people.LoginTaken, match="agent"):
        hire(session, cast, now, login="agent")


def test_a_short_password_is_refused(session: Session, cast: Cast, now: datetime) -> None:
    with pytest.raises(people.PasswordTooShort):
        hire(session, cast, now, password="123456789")


@pytest.mark.parametrize(
    ("centre", "roles"),
    [
        ("fz", set()),
        ("fz", {Role.CARRIER}),
        ("fz", {Role.CARRIER, Role.AGENT}),
        (None, {Role.AGENT}),
        (None, {Role.CARRIER, Role.BUSINESS_SUPPORT}),
    ],
)
def test_roles_that_do_not_fit_the_place_are_refused(
    session: Session, cast: Cast, now: datetime, centre: str | None, roles: set[Role]
) -> None:
    with pytest.raises(people.RolesUnfit):
        hire(session, cast, now, centre=getattr(cast, centre) if centre else None, roles=roles)


def test_a_changed_role_ends_every_sign_in_at_once(engine: Engine, cast: Cast, now: datetime) -> None:
    with db.transaction(engine) as session:
        tokens = [sign_ins.sign_in(session, person(session, cast.agent), hours=12, now=now) for _ in range(2)]
    with db.transaction(engine) as session:
        people.change_roles(session, person(session, cast.agent), {Role.REVIEWER}, by=cast.manager, now=now)
    with db.reading(engine) as session:
        assert [sign_ins.signed_in(session, token, now=now) for token in tokens] == [None, None]
        assert people.roles_of(session, cast.agent) == {Role.REVIEWER}


def test_the_same_roles_again_change_nothing(engine: Engine, cast: Cast, now: datetime) -> None:
    with db.transaction(engine) as session:
        token = sign_ins.sign_in(session, person(session, cast.agent), hours=12, now=now)
    with db.transaction(engine) as session:
        people.change_roles(session, person(session, cast.agent), {Role.AGENT}, by=cast.manager, now=now)
    with db.reading(engine) as session:
        assert sign_ins.signed_in(session, token, now=now) is not None


def test_a_role_that_is_kept_while_another_is_added_stays(engine: Engine, cast: Cast, now: datetime) -> None:
    with db.transaction(engine) as session:
        both = {Role.AGENT, Role.VERIFIER}
        people.change_roles(session, person(session, cast.agent), both, by=cast.manager, now=now)
    with db.reading(engine) as session:
        assert people.roles_of(session, cast.agent) == both


def test_a_new_password_ends_every_sign_in_and_the_old_one(engine: Engine, cast: Cast, now: datetime) -> None:
    with db.transaction(engine) as session:
        token = sign_ins.sign_in(session, person(session, cast.agent), hours=12, now=now)
    with db.transaction(engine) as session:
        people.change_password(session, person(session, cast.agent), "another password", by=cast.agent, now=now)
    with db.reading(engine) as session:
        assert sign_ins.signed_in(session, token, now=now) is None
        assert sign_ins.check_password(session, "agent", "another password").id == cast.agent.id
        with pytest.raises(sign_ins.WrongPassword):
            sign_ins.check_password(session, "agent", PASSWORD)


def test_who_left_can_no_longer_sign_in_nor_stay(engine: Engine, cast: Cast, now: datetime) -> None:
    with db.transaction(engine) as session:
        token = sign_ins.sign_in(session, person(session, cast.agent), hours=12, now=now)
    with db.transaction(engine) as session:
        people.let_go(session, person(session, cast.agent), by=cast.manager, now=now)
    with db.reading(engine) as session:
        assert sign_ins.signed_in(session, token, now=now) is None
        with pytest.raises(sign_ins.WrongPassword):
            sign_ins.check_password(session, "agent", PASSWORD)


def test_a_sign_in_that_outlived_somebody_lets_nobody_in(engine: Engine, cast: Cast, now: datetime) -> None:
    with db.transaction(engine) as session:
        people.let_go(session, person(session, cast.agent), by=cast.manager, now=now)
        token = sign_ins.sign_in(session, person(session, cast.agent), hours=12, now=now)
    with db.reading(engine) as session:
        assert sign_ins.signed_in(session, token, now=now) is None


def test_letting_somebody_go_twice_is_no_news(session: Session, cast: Cast, now: datetime) -> None:
    agent = person(session, cast.agent)
    people.let_go(session, agent, by=cast.manager, now=now)
    people.let_go(session, agent, by=cast.manager, now=now + timedelta(days=1))
    assert agent.left_at == now


def test_holders_of_a_role_are_those_who_work_here_today(session: Session, cast: Cast, now: datetime) -> None:
    people.let_go(session, person(session, cast.second_agent), by=cast.manager, now=now)
    session.flush()
    assert [each.login for each in people.holders(session, Role.AGENT, cast.fz.id)] == ["agent"]


@pytest.mark.parametrize(
    ("roles", "permission", "allowed"),
    [
        ({Role.AGENT}, "make_sales_calls", True),
        ({Role.AGENT}, "make_confirmation_calls", False),
        ({Role.AGENT, Role.VERIFIER}, "make_confirmation_calls", True),
        ({Role.MANAGER}, "approve_scripts", False),
        (set(), "own_account", False),
    ],
)
def test_the_permission_table_decides(roles: set[Role], permission: str, allowed: bool) -> None:
    assert people.may(roles, permission) is allowed


def test_a_login_is_unique_in_the_database_itself(session: Session, cast: Cast, now: datetime) -> None:
    session.add(Staff(centre_id=cast.fz.id, login="agent", name="x", password_hash="-", added_at=now))
    with pytest.raises(sa.exc.IntegrityError):
        session.flush()
