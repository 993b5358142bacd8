"""Files that are taken in by a process of their own: how far it has come, and which process has it in hand.

Whoever does it holds a lease. When that process dies, another one goes on behind the last chunk that is stored.
"""

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Field, Session, SQLModel, col, select

from outbound.db import UtcDateTime, choice, is_sqlite, table_of, transaction
from outbound.errors import Refusal
from outbound.phones.sealed_files import disk_watched

LEASE = timedelta(seconds=60)


class ImportState(StrEnum):
    """How far the import of a file has come."""

    WAITING = "waiting"
    RUNNING = "running"
    CANCELLING = "cancelling"
    REFUSING = "refusing"
    PUBLISHED = "published"
    CANCELLED = "cancelled"
    REFUSED = "refused"


GIVEN_UP = (ImportState.CANCELLED, ImportState.REFUSED)
"""Such a file may come again."""
UNDER_WAY = (ImportState.WAITING, ImportState.RUNNING, ImportState.CANCELLING, ImportState.REFUSING)
"""Somebody has still to do something for such a file."""
ENDS = {ImportState.CANCELLING: ImportState.CANCELLED, ImportState.REFUSING: ImportState.REFUSED}
"""What an import that is being given up is in the end."""


class ImportOver(Refusal):
    """The import of “{name}” is over; it can no longer be cancelled."""

    zh = "“{name}”的导入已经结束，无法再取消。"


class LeaseLost(RuntimeError):
    """Another process has taken the import over."""


class Imported(SQLModel):
    """What every imported file has: while it is under way `reached` is the last of its rows that is stored."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=200)
    state: ImportState = Field(default=ImportState.PUBLISHED, sa_type=choice(ImportState))
    file: str = Field(default="", max_length=80, description="its name among the kept files, while it is under way")
    encoding: str = Field(default="", max_length=20)
    sheet: str = Field(default="", max_length=200)
    lines: int = Field(default=0, description="about how many rows the file has")
    reached: int = 0
    began_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    lease: str = Field(default="", max_length=40, description="which process is at it")
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    why: dict[str, str] = Field(default_factory=dict, sa_type=sa.JSON, description="why it is refused, by language")


ImportedT = TypeVar("ImportedT", bound=Imported)
Done = TypeVar("Done")


def unfinished(session: Session, model: type[Imported], *, now: datetime) -> Sequence[int]:
    """The files under way that no process has in hand."""
    asked = select(model.id).where(col(model.state).in_(UNDER_WAY), _free(model, now))
    return [number for number in session.exec(asked.order_by(col(model.id))) if number]


def under_lease(
    engine: Engine, model: type[Imported], number: int, do: Callable[[str], Done], *, now: datetime
) -> Done | None:
    """What `do` brings about, given the lease of an import; None where another process has it in hand, or takes it.

    Raises DiskFull; the import goes on behind the last chunk that is stored once there is room.
    """
    lease = secrets.token_hex(8)
    with disk_watched(), suppress(LeaseLost):
        if taken(engine, model, number, lease, now=now):
            return do(lease)
    return None


def taken(engine: Engine, model: type[Imported], number: int, lease: str, *, now: datetime) -> bool:
    """Take the lease of an import, where it is free."""
    table = table_of(model)
    began = sa.func.coalesce(col(model.began_at), sa.literal(now, table.c.began_at.type))
    waits = col(model.state) == ImportState.WAITING
    state = sa.case((waits, ImportState.RUNNING.value), else_=col(model.state))
    mine = sa.update(model).where(col(model.id) == number, col(model.state).in_(UNDER_WAY), _free(model, now))
    with transaction(engine) as session:
        done = session.exec(mine.values(lease=lease, lease_until=now + LEASE, began_at=began, state=state))
        return bool(done.rowcount)


def _free(model: type[Imported], now: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(col(model.lease_until).is_(None), col(model.lease_until) <= now)


def locked(session: Session, model: type[ImportedT], number: int) -> ImportedT:
    """The file's row, for this transaction's time nobody else's."""
    asked = select(model).where(model.id == number).execution_options(populate_existing=True)
    return session.exec(asked if is_sqlite(session) else asked.with_for_update(key_share=True)).one()


def held(session: Session, model: type[ImportedT], number: int, lease: str) -> ImportedT:
    """The same for who holds its lease. Raises LeaseLost."""
    file = locked(session, model, number)
    if file.lease != lease:
        raise LeaseLost
    return file


def stopped(session: Session, file: ImportedT) -> bool:
    """Have an import cancelled; False where it is being cancelled, or was, already. Raises ImportOver."""
    if file.state in (ImportState.CANCELLING, ImportState.CANCELLED):
        return False
    if file.state not in (ImportState.WAITING, ImportState.RUNNING):
        raise ImportOver(name=file.name)
    file.state = ImportState.CANCELLING
    session.add(file)
    session.flush()
    return True
