"""Staff: who works here, in which roles, what each role may do, and their sign-ins."""

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import ClassVar

import sqlalchemy as sa
from argon2 import PasswordHasher
from sqlmodel import Field, Session, SQLModel, col, select

from outbound import journal
from outbound.db import UtcDateTime, choice
from outbound.errors import Refusal


class Role(StrEnum):
    """What somebody is here for."""

    AGENT = "agent"
    VERIFIER = "verifier"
    REVIEWER = "reviewer"
    SUPERVISOR = "supervisor"
    MANAGER = "manager"
    FINANCE = "finance"
    CARRIER = "carrier"
    BUSINESS_SUPPORT = "business_support"
    CARE = "care"


EVERYBODY = frozenset(Role)
_OFFICE = frozenset({Role.SUPERVISOR, Role.MANAGER})

PERMISSIONS: Mapping[str, frozenset[Role]] = {
    "own_account": EVERYBODY,
    "make_sales_calls": frozenset({Role.AGENT}),
    "make_confirmation_calls": frozenset({Role.VERIFIER}),
    "make_calls": frozenset({Role.AGENT, Role.VERIFIER}),
    "see_own_reviews": frozenset({Role.AGENT, Role.VERIFIER}),
    "review_calls": frozenset({Role.REVIEWER, Role.SUPERVISOR}),
    "hear_recordings": frozenset({Role.REVIEWER, Role.SUPERVISOR, Role.MANAGER, Role.CARRIER, Role.CARE}),
    "match_recordings": frozenset({Role.SUPERVISOR, Role.MANAGER, Role.AGENT, Role.VERIFIER}),
    "hold_recordings": _OFFICE,
    "manage_recordings": frozenset({Role.MANAGER}),
    "see_campaigns": _OFFICE | {Role.CARRIER, Role.BUSINESS_SUPPORT},
    "manage_campaigns": frozenset({Role.MANAGER}),
    "ask_why_not": _OFFICE | {Role.CARE},
    "keep_calendar": frozenset({Role.MANAGER}),
    "see_calling_rules": _OFFICE,
    "keep_calling_rules": frozenset({Role.MANAGER}),
    "import_lists": frozenset({Role.MANAGER}),
    "write_scripts": frozenset({Role.MANAGER}),
    "see_scripts": _OFFICE | {Role.CARRIER, Role.BUSINESS_SUPPORT, Role.REVIEWER},
    "approve_scripts": frozenset({Role.CARRIER, Role.BUSINESS_SUPPORT}),
    "manage_staff": frozenset({Role.MANAGER}),
    "supervise": _OFFICE,
    "see_quality": _OFFICE | {Role.CARRIER},
    "patrol": _OFFICE,
    "calibrate": _OFFICE,
    "exchange_instructions": frozenset({Role.MANAGER, Role.FINANCE}),
    "see_subscriptions": _OFFICE | {Role.FINANCE, Role.CARRIER, Role.CARE},
    "see_evidence": _OFFICE | {Role.FINANCE, Role.CARRIER, Role.CARE},
    "take_evidence": _OFFICE | {Role.CARRIER, Role.CARE},
    "serve_customers": frozenset({Role.CARE}),
    "block_numbers": frozenset({Role.CARE, Role.MANAGER, Role.SUPERVISOR}),
    "lift_opt_outs": _OFFICE,
    "export_whole_numbers": frozenset({Role.MANAGER}),
    "see_notices": _OFFICE | {Role.CARE},
    "resend_notices": frozenset({Role.MANAGER, Role.CARE}),
    "speak_for_the_carrier": frozenset(),
}
"""The one permission table: what may be done, and in which roles."""

WHOLE_CARRIER = frozenset({Role.CARRIER, Role.BUSINESS_SUPPORT})
"""Roles whose holders belong to no centre and see them all."""


class Centre(SQLModel, table=True):
    """A local calling centre; staff, lists and recordings belong to one."""

    __tablename__ = "centre"
    asked_often: ClassVar[bool] = True

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(max_length=20, unique=True)
    name_zh: str = Field(max_length=80)
    name_en: str = Field(max_length=80)
    zone: str = Field(
        default="Asia/Shanghai", max_length=40, description="IANA time zone in which its days are counted"
    )


class Staff(SQLModel, table=True):
    """Somebody who signs in."""

    __tablename__ = "staff"
    asked_often: ClassVar[bool] = True

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int | None = Field(default=None, foreign_key="centre.id", index=True, description="null: the carrier's")
    login: str = Field(max_length=40, unique=True)
    name: str = Field(max_length=40)
    number: str = Field(default="", max_length=20, description="the number an agent says on the phone (工号)")
    password_hash: str = Field(max_length=200)
    language: str = Field(default="", max_length=2)
    added_at: datetime = Field(sa_type=UtcDateTime)
    left_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class StaffRole(SQLModel, table=True):
    """A role that somebody holds."""

    __tablename__ = "staff_role"

    staff_id: int = Field(foreign_key="staff.id", primary_key=True)
    role: Role = Field(primary_key=True, sa_type=choice(Role))


class SignIn(SQLModel, table=True):
    """One signed-in browser; only the digest of its token is kept."""

    __tablename__ = "sign_in"

    token_digest: str = Field(primary_key=True, max_length=64)
    staff_id: int = Field(foreign_key="staff.id", index=True)
    at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    calling_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When a caller's desk was last open in this browser."""


class LoginTaken(Refusal):
    """The sign-in name {login} is taken; choose another."""

    zh = "登录名 {login} 已被使用，请换一个。"


class PasswordTooShort(Refusal):
    """A password needs at least 10 characters."""

    zh = "密码至少需要 10 个字符。"
    status = 422


class RolesUnfit(Refusal):
    """Carrier and business-support staff belong to no centre and hold no other role; everybody else needs a centre."""

    zh = "运营商和业务支撑人员不属于任何外呼中心，也不能兼任其他角色；其他人员必须属于一个中心。"
    status = 422


@cache
def hasher() -> PasswordHasher:
    """The password hasher, with the library's recommended parameters."""
    return PasswordHasher()


def open_centre(session: Session, code: str, *, name: str, now: datetime) -> Centre:
    """The centre of that code, opened where there is none yet."""
    if existing := session.exec(select(Centre).where(Centre.code == code)).first():
        return existing
    centre = Centre(code=code, name_zh=name, name_en=name)
    session.add(centre)
    session.flush()
    journal.record(session, "centre.opened", centre, by=None, now=now, centre_id=centre.id, code=code)
    return centre


def add_staff(
    session: Session,
    *,
    centre: Centre | None,
    login: str,
    name: str,
    password: str,
    roles: Collection[Role],
    number: str = "",
    by: Staff | None,
    now: datetime,
    hashed_by: PasswordHasher | None = None,
) -> Staff:
    """Take somebody on; raises LoginTaken, PasswordTooShort or RolesUnfit."""
    if len(password) < 10:
        raise PasswordTooShort
    if session.exec(select(Staff).where(Staff.login == login)).first():
        raise LoginTaken(login=login)
    _check_roles(roles, centre)
    staff = Staff(
        centre_id=centre.id if centre else None,
        login=login,
        name=name,
        number=number,
        password_hash=(hashed_by or hasher()).hash(password),
        added_at=now,
    )
    session.add(staff)
    session.flush()
    session.add_all(StaffRole(staff_id=known(staff.id), role=role) for role in roles)
    journal.record(session, "staff.added", staff, by=by, now=now, roles=sorted(roles))
    return staff


def change_roles(session: Session, staff: Staff, roles: Collection[Role], *, by: Staff, now: datetime) -> None:
    """Give somebody these roles and no others; all their sign-ins end at once. Raises RolesUnfit."""
    held = roles_of(session, staff)
    if held == frozenset(roles):
        return
    _check_roles(roles, staff.centre_id)
    session.exec(sa.delete(StaffRole).where(col(StaffRole.staff_id) == staff.id))
    session.add_all(StaffRole(staff_id=known(staff.id), role=role) for role in roles)
    end_sign_ins(session, staff)
    journal.record(session, "staff.roles_changed", staff, by=by, now=now, before=sorted(held), after=sorted(roles))


def change_password(session: Session, staff: Staff, password: str, *, by: Staff, now: datetime) -> None:
    """Set a new password; all sign-ins of that person end at once. Raises PasswordTooShort."""
    if len(password) < 10:
        raise PasswordTooShort
    staff.password_hash = hasher().hash(password)
    session.add(staff)
    end_sign_ins(session, staff)
    journal.record(session, "staff.password_changed", staff, by=by, now=now)


def let_go(session: Session, staff: Staff, *, by: Staff, now: datetime) -> None:
    """Somebody leaves: they can no longer sign in; what they did stays."""
    if staff.left_at:
        return
    staff.left_at = now
    session.add(staff)
    end_sign_ins(session, staff)
    journal.record(session, "staff.left", staff, by=by, now=now)


def end_sign_ins(session: Session, staff: Staff) -> None:
    """Sign somebody out everywhere."""
    session.exec(sa.delete(SignIn).where(col(SignIn.staff_id) == staff.id))


def _check_roles(roles: Collection[Role], centre: Centre | int | None) -> None:
    from_carrier = WHOLE_CARRIER & frozenset(roles)
    if not roles or bool(from_carrier) == (centre is not None) or (from_carrier and len(roles) > 1):
        raise RolesUnfit


def roles_of(session: Session, staff: Staff) -> frozenset[Role]:
    """The roles that somebody holds."""
    return frozenset(Role(role) for role in session.exec(select(StaffRole.role).where(StaffRole.staff_id == staff.id)))


def holders(session: Session, role: Role, centre_id: int | None) -> list[Staff]:
    """Who works at a centre in a role today, by name of login."""
    asked = select(Staff).join(StaffRole, col(StaffRole.staff_id) == col(Staff.id)).where(StaffRole.role == role)
    here = asked.where(Staff.centre_id == centre_id, col(Staff.left_at).is_(None))
    return list(session.exec(here.order_by(Staff.login)).all())


def may(roles: Collection[Role], permission: str) -> bool:
    """Whether any of these roles carries a permission."""
    return not PERMISSIONS[permission].isdisjoint(roles)


def known(identity: int | None) -> int:
    """The number of a row that has been stored."""
    assert identity is not None, "the row is not stored yet"
    return identity
