"""A new key for the numbers while people work: what is sealed under an older one is sealed again, a little at a time.

The new key seals at once; the old ones open until nothing is sealed with them any more, and a day longer, since a
process may hold them that began before. Where a rotation has come is kept with every step, so that it goes on there.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Field, Session, SQLModel, col, select

from outbound import journal
from outbound.call_lists.model import Contact, RefusedRow
from outbound.db import PLPGSQL, UtcDateTime, guard, lock, reading, table_of, transaction
from outbound.errors import Refusal
from outbound.grants import changes_only
from outbound.people import known
from outbound.phones import ring
from outbound.phones.model import Phone
from outbound.phones.vault import Vault, open_vault

STEP = 500
"""Values sealed again in one transaction: others wait for some milliseconds at most."""
HELD_ON = timedelta(days=1)
"""How long the old keys stay, since a process that began before may still seal with them."""


class KeyRotation(SQLModel, table=True):
    """The change to a new key: `positions` are, by table, the key of the last row that was looked at."""

    __tablename__ = "key_rotation"

    id: int | None = Field(
        default=None, primary_key=True, sa_column_kwargs={"autoincrement": False}, description="number of the new key"
    )
    prefix: bytes = Field(sa_type=sa.LargeBinary, description="with what everything begins that it seals")
    began_at: datetime = Field(sa_type=UtcDateTime)
    positions: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)
    resealed: int = 0
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RotationUnderWay(Refusal):
    """The key is being changed since {since}; wait until everything is encrypted with the new one (`outbound work`)."""

    zh = "自 {since} 起正在更换密钥，请等待全部数据用新密钥重新加密完成（outbound work）。"


def resealed_only_by_rotation(table: sa.Table) -> None:
    """What is sealed in `table` changes only to what the key of a rotation under way has sealed."""
    guard(
        table,
        f"{table.name}_sealed_again",
        when="BEFORE UPDATE OF sealed",
        refuse_if="""NOT EXISTS (SELECT 1 FROM key_rotation r WHERE r.done_at IS NULL
        AND r.prefix = substr(NEW.sealed, 1, 2) AND r.prefix <> substr(OLD.sealed, 1, 2))""",
        saying=f"what is sealed in {table.name} changes only with its key",
    )


def append_only_but_resealed(table: sa.Table) -> None:
    """Rows of `table` are written once; only what is sealed in them may be sealed again under a newer key."""
    others = ", ".join(column.name for column in table.columns if column.name != "sealed")
    saying = f"{table.name} is append-only"
    same_key = " AND ".join(f"{key.name} = NEW.{key.name}" for key in table.primary_key)
    guard(table, f"{table.name}_unchanged", when=f"BEFORE UPDATE OF {others}", refuse_if="1 = 1", saying=saying)
    guard(table, f"{table.name}_stays", when="BEFORE DELETE", refuse_if="1 = 1", saying=saying)
    lock(
        table,
        f"{table.name}_no_replace",
        # INSERT OR REPLACE deletes in silence where recursive_triggers is off.
        sqlite=[
            f"""CREATE TRIGGER {table.name}_no_replace BEFORE INSERT ON {table.name}
WHEN EXISTS (SELECT 1 FROM {table.name} WHERE {same_key})
BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: {saying}'); END"""
        ],
        postgresql=[
            f"""CREATE FUNCTION {table.name}_no_truncate() RETURNS trigger {PLPGSQL} AS $$ BEGIN
RAISE EXCEPTION '{saying}' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
            f"""CREATE TRIGGER {table.name}_no_truncate BEFORE TRUNCATE ON {table.name}
FOR EACH STATEMENT EXECUTE FUNCTION {table.name}_no_truncate()""",
        ],
    )
    resealed_only_by_rotation(table)
    changes_only(table, "sealed")


resealed_only_by_rotation(table_of(Phone))
resealed_only_by_rotation(table_of(RefusedRow))
resealed_only_by_rotation(table_of(Contact))


def rotate(engine: Engine, data: Path, *, now: datetime) -> str:
    """A new key seals from now on; raises RotationUnderWay.

    Where the ring stands in the setting, the answer is what the operator sets in its place, else nothing.
    """
    with transaction(engine) as session:
        _alone(session)
        if running := under_way(session):
            raise RotationUnderWay(since=f"{running.began_at:%Y-%m-%d %H:%M} UTC")
        newer = open_vault(data).ring.with_another()
        if ring.in_setting():
            return newer.as_setting()
        # Two at once cannot both have this number: the second waits here and is refused.
        _begin(session, newer.newest, now=now)
        session.flush()
        ring.replace(data, newer)
    return ""


def _alone(session: Session) -> None:
    """Nobody else changes a rotation until the transaction is over; on SQLite every writer is alone already."""
    session.exec(select(KeyRotation.id).with_for_update()).all()


def under_way(session: Session) -> KeyRotation | None:
    """The rotation that is not done."""
    return session.exec(select(KeyRotation).where(col(KeyRotation.done_at).is_(None))).first()


def latest(session: Session) -> KeyRotation | None:
    """The last rotation, done or not."""
    return session.exec(select(KeyRotation).order_by(col(KeyRotation.id).desc())).first()


def go_on(engine: Engine, data: Path, *, now: datetime, most_steps: int = 1_000) -> int:
    """Bring a rotation nearer to its end, if there is one; how many values were sealed again."""
    vault = open_vault(data)
    if len(vault.ring.keys) == 1:
        return 0
    resealed = 0
    for _ in range(most_steps):
        with transaction(engine) as session:
            _alone(session)
            rotation = _present(session, vault, now=now)
            if rotation.done_at is not None:
                break
            resealed += _step(session, vault, rotation, now=now)
    else:
        return resealed
    _drop_old(engine, data, vault, now=now)
    return resealed


def _present(session: Session, vault: Vault, *, now: datetime) -> KeyRotation:
    return session.get(KeyRotation, vault.ring.newest) or _begin(session, vault.ring.newest, now=now)


def _begin(session: Session, number: int, *, now: datetime) -> KeyRotation:
    rotation = KeyRotation(id=number, prefix=number.to_bytes(2), began_at=now)
    session.add(rotation)
    session.flush()
    journal.record(session, "numbers.key_changed", rotation, by=None, now=now, number=number)
    return rotation


def sealed_tables() -> Sequence[sa.Table]:
    """Every table in which something is sealed."""
    return [table for table in SQLModel.metadata.sorted_tables if "sealed" in table.c]


def _step(session: Session, vault: Vault, rotation: KeyRotation, *, now: datetime) -> int:
    """Seal the next few values again; where there are none left, the rotation is done."""
    for table in sealed_tables():
        rows = _following(session, table, rotation.positions.get(table.name))
        if not rows:
            continue
        older = [row for row in rows if row.sealed[:2] != vault.prefix]
        _reseal(session, vault, table, older)
        rotation.positions = {**rotation.positions, table.name: [*rows[-1]][:-1]}
        rotation.resealed += len(older)
        session.add(rotation)
        return len(older)
    rotation.done_at = now
    session.add(rotation)
    journal.record(session, "numbers.resealed", rotation, by=None, now=now, count=rotation.resealed)
    return 0


def _following(session: Session, table: sa.Table, after: Sequence[int] | None) -> Sequence[sa.Row[Any]]:
    keys = list(table.primary_key.columns)
    asked = sa.select(*keys, table.c.sealed).where(table.c.sealed.is_not(None)).order_by(*keys).limit(STEP)
    if after is not None:
        asked = asked.where(sa.tuple_(*keys) > sa.tuple_(*(sa.literal(value) for value in after)))
    return session.execute(asked).all()


def _reseal(session: Session, vault: Vault, table: sa.Table, rows: Sequence[sa.Row[Any]]) -> None:
    sealed = vault.seal_many([vault.open(row.sealed) for row in rows])
    keys = list(table.primary_key.columns)
    changed = sa.update(table).where(*(key == sa.bindparam(f"key_{key.name}") for key in keys))
    changes = [
        {"sealed": new, **{f"key_{key.name}": row[at] for at, key in enumerate(keys)}}
        for row, new in zip(rows, sealed, strict=True)
    ]
    if changes:
        session.connection().execute(changed, changes)


def _drop_old(engine: Engine, data: Path, vault: Vault, *, now: datetime) -> None:
    with reading(engine) as session:
        rotation = session.get_one(KeyRotation, vault.ring.newest)
        if ring.in_setting() or now < rotation.began_at + HELD_ON:
            return
        left = left_behind(session, vault)
    with transaction(engine) as session:
        _alone(session)
        rotation = session.get_one(KeyRotation, known(rotation.id))
        if left:
            rotation.done_at, rotation.positions = None, {}
            session.add(rotation)
        # Somebody may have turned the key once more since.
        elif open_vault(data).ring.newest == rotation.id:
            ring.replace(data, vault.ring.with_newest_alone())
            journal.record(session, "numbers.old_keys_dropped", rotation, by=None, now=now)


def left_behind(session: Session, vault: Vault) -> bool:
    """Whether anything is sealed with a key other than the newest."""
    return any(
        session.execute(
            sa.select(sa.literal(1))
            .select_from(table)
            .where(sa.func.substr(table.c.sealed, 1, 2) != vault.prefix)
            .limit(1)
        ).first()
        for table in sealed_tables()
    )
