"""Sign-ins: passwords checked, failures counted over all processes, and who is behind a browser's token."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import sqlalchemy as sa
from argon2.exceptions import Argon2Error
from sqlmodel import Field, Session, SQLModel, col, select

from outbound import journal, people
from outbound.db import UtcDateTime
from outbound.dialing.statements import Book, Statement
from outbound.errors import Refusal
from outbound.instances import Instances
from outbound.people import Centre, Role, SignIn, Staff, known

THROTTLE_WINDOW = timedelta(minutes=15)
FAILURES_PER_LOGIN = 5
FAILURES_PER_ADDRESS = 30
AT_DESK = timedelta(seconds=90)
"""A desk says every minute that it is open; one that has not for so long is closed."""
_COUNTING = 20261124
"""The number of the advisory lock under which PostgreSQL counts attempts: two at once must see each other."""


class SignInFailure(SQLModel, table=True):
    """A refused sign-in; counted by login and by address, whatever process took it."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (sa.Index(None, "login", "at"), sa.Index(None, "address", "at"))

    id: int | None = Field(default=None, primary_key=True)
    login: str = Field(max_length=40)
    address: str = Field(max_length=60)
    at: datetime = Field(sa_type=UtcDateTime)


class WrongPassword(Refusal):
    """The sign-in name or the password is wrong; check both and try again."""

    zh = "登录名或密码不正确，请核对后重试。"
    status = 422


class TooManySignIns(Refusal):
    """Too many refused sign-ins; wait a quarter of an hour, or ask your manager for a new password."""

    zh = "登录失败次数过多，请 15 分钟后再试，或请经理重设密码。"
    status = 429


def begin_attempt(session: Session, login: str, address: str, *, now: datetime) -> SignInFailure:
    """Count an attempt as failed before its password is looked at, so that many at once are not one try too many.

    To be committed before `check_password`; `attempt_failed` or `attempt_passed` follows. Raises TooManySignIns.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_COUNTING)))
    refuse_if_throttled(session, login, address, now=now)
    # A whole centre signs in at nine from one address: only what failed counts against that.
    attempt = SignInFailure(login=_storable(login, 40), address="", at=now)
    session.add(attempt)
    return attempt


def attempt_failed(session: Session, attempt: SignInFailure, address: str) -> None:
    """The password was wrong: the attempt counts against its address too."""
    held = session.get_one(SignInFailure, known(attempt.id))
    held.address = _storable(address, 60)
    session.add(held)


def attempt_passed(session: Session, attempt: SignInFailure) -> None:
    """The password was right: nothing is counted."""
    session.exec(sa.delete(SignInFailure).where(col(SignInFailure.id) == attempt.id))


def refuse_if_throttled(session: Session, login: str, address: str, *, now: datetime) -> None:
    """Raise TooManySignIns where a login or an address failed too often of late."""
    for column, value, limit in (
        (SignInFailure.login, _storable(login, 40), FAILURES_PER_LOGIN),
        (SignInFailure.address, _storable(address, 60), FAILURES_PER_ADDRESS),
    ):
        asked = select(sa.func.count()).select_from(SignInFailure)
        if session.exec(asked.where(column == value, col(SignInFailure.at) > now - THROTTLE_WINDOW)).one() >= limit:
            raise TooManySignIns


def _storable(text: str, length: int) -> str:
    """What somebody typed, as a column of `length` takes it: PostgreSQL keeps no NUL."""
    return text.replace("\0", "\ufffd")[:length]


def check_password(session: Session, login: str, password: str) -> Staff:
    """Whose login and password these are; raises WrongPassword, as slowly for an unknown login as for a known one."""
    asked = select(Staff).where(Staff.login == _storable(login, 80), col(Staff.left_at).is_(None))
    staff = session.exec(asked).first()
    try:
        people.hasher().verify(staff.password_hash if staff else _nobodys_hash(), password)
    except Argon2Error:
        raise WrongPassword from None
    if staff is None:
        raise WrongPassword
    return staff


@cache
def _nobodys_hash() -> str:
    return people.hasher().hash(secrets.token_hex())


def unchanged(session: Session, staff: Staff) -> Staff:
    """The same person in this transaction; raises WrongPassword where the password checked is no longer theirs."""
    now_stored = session.get_one(Staff, known(staff.id))
    if now_stored.left_at or now_stored.password_hash != staff.password_hash:
        raise WrongPassword
    return now_stored


def sign_in(session: Session, staff: Staff, *, hours: int, now: datetime) -> str:
    """Begin a sign-in of `hours`; the token, which only the browser keeps."""
    token = secrets.token_urlsafe(32)
    ends_at = now + timedelta(hours=hours)
    session.add(SignIn(token_digest=_digest(token), staff_id=known(staff.id), at=now, ends_at=ends_at))
    journal.record(session, "staff.signed_in", staff, by=staff, now=now)
    return token


def sign_out(session: Session, token: str, *, now: datetime) -> None:
    """End the sign-in of a token."""
    if entry := session.get(SignIn, _digest(token)):
        staff = session.get_one(Staff, entry.staff_id)
        session.delete(entry)
        journal.record(session, "staff.signed_out", staff, by=staff, now=now)


def calls_elsewhere(session: Session, staff: Staff, token: str, *, now: datetime) -> bool:
    """Note that a caller's desk is open in the browser of a token; whether it is in another one of `staff` as well."""
    mine = _digest(token)
    if entry := session.get(SignIn, mine):
        entry.calling_at = now
        session.add(entry)
    others = select(SignIn.staff_id).where(SignIn.staff_id == known(staff.id), SignIn.token_digest != mine)
    calling = col(SignIn.calling_at) > now - AT_DESK
    return session.exec(others.where(calling, col(SignIn.ends_at) > now).limit(1)).first() is not None


@dataclass(frozen=True)
class SignedIn:
    """Who is behind a browser's token: the person, their centre (None: the carrier's) and their roles."""

    staff: Staff
    centre: Centre | None
    roles: frozenset[Role]


_PERSON = Instances(Staff, Centre)
_WHO = Statement(
    f"""SELECT {_PERSON.columns}, (SELECT {{roles}}(r.role, ',') FROM staff_role r WHERE r.staff_id = staff.id)
    FROM sign_in s JOIN staff ON staff.id = s.staff_id LEFT JOIN centre ON centre.id = staff.centre_id
    WHERE s.token_digest = :token AND s.ends_at > :now AND staff.left_at IS NULL""",
    only={"roles": {"sqlite": "group_concat", "postgresql": "string_agg"}},
)
"""Asked at the beginning of every request: one statement, at the driver's own speed."""


def who(session: Session, token: str, *, now: datetime) -> SignedIn | None:
    """Who is signed in with a token, with centre and roles as they are at this moment; None where nobody is."""
    found = Book.of(session).ask(_WHO, token=_digest(token), now=now)
    if not found:
        return None
    [row] = found
    staff, centre = _PERSON.of(session, row)
    return SignedIn(staff, centre, frozenset(Role(role) for role in (row[_PERSON.width] or "").split(",") if role))


def signed_in(session: Session, token: str, *, now: datetime) -> Staff | None:
    """Who is signed in with a token, if anybody still is."""
    found = who(session, token, now=now)
    return found.staff if found else None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
