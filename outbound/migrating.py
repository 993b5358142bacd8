"""The database of the settings: reached, brought to the newest version, and refused where it is behind."""

import getpass
from importlib.resources import files
from pathlib import Path

import sqlalchemy as sa
import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.engine import Engine
from sqlmodel import Session, SQLModel

from outbound import clock, grants, journal, locks
from outbound.calls import outcomes
from outbound.db import DatabaseOutOfReach, open_database
from outbound.errors import Refusal
from outbound.schema import import_rooms
from outbound.settings import Settings

log = structlog.get_logger()

MIGRATING = 20261123
"""The number of the advisory lock that a migration holds on PostgreSQL."""
MOST_NAMED = 5
"""Locks that a refusal names: who dropped all is told enough."""


class NotMigrated(Refusal):
    """The database is not at the newest version; run `outbound migrate` first."""

    zh = "数据库不是最新版本，请先运行 outbound migrate。"
    status = 503


class DatabaseTooNew(Refusal):
    """The database was brought to a version that this program does not know; install the newer program again."""

    zh = "数据库的版本比当前程序新，请安装对应的新版程序。"
    status = 503


class LocksMissing(Refusal):
    """Locks of this database were taken off ({names}); run `outbound verify`; `outbound migrate` puts them back."""

    zh = (
        "数据库的保护机制（触发器、约束或索引）缺失或被改动（{names}）。"
        "请先运行 outbound verify 核查，再用 outbound migrate 恢复。"
    )
    status = 503


class LocksLost(Refusal):
    """These locks cannot be put back ({names}): rows forbid it, or their table was rebuilt; restore a backup."""

    zh = "以下保护机制无法恢复（{names}）：已有数据与之冲突，或所在表结构已被改动。请从备份恢复数据库。"
    status = 503


class StrangersFound(Refusal):
    """Somebody has put triggers or rules of their own into this database ({names}); take them out before it is used."""

    zh = "数据库中有不属于本系统的触发器或规则（{names}），请删除后再启动。"
    status = 503


class Database(SQLModel):
    """The database itself, as the journal names it."""

    __tablename__ = "database"


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(str(files("migrations")))))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(engine: Engine) -> str:
    """Bring a database to the newest version, whole or not at all; the version. Raises DatabaseTooNew and LocksLost."""
    config = _alembic()
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            # As many hosts as there are may start at once: one migrates, the others wait and find it done.
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATING})
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError:
            raise DatabaseTooNew from None
        with Session(connection, join_transaction_mode="create_savepoint") as session, session.begin():
            _put_locks_back(session)
            outcomes.fill(session)
        lost = locks.missing(connection)
    # What could be put back stays, whatever else could not.
    if lost:
        raise LocksLost(names=_named(lost))
    return newest_version()


def _put_locks_back(session: Session) -> None:
    """In a database that is new, or was just brought further, none is missing; otherwise the journal is told."""
    connection = session.connection()
    back = locks.put_back(connection)
    if not back:
        return
    log.warning("locks that somebody took off were put back", locks=back)
    asked = sa.text("SELECT current_user") if connection.dialect.name == "postgresql" else None
    role = str(connection.execute(asked).scalar_one()) if asked is not None else ""
    login = getpass.getuser()
    journal.record(session, "locks.put_back", Database(), by=None, now=clock.now(), locks=back, login=login, role=role)


def _named(names: list[str]) -> str:
    return ", ".join(names[:MOST_NAMED]) + ("…" if len(names) > MOST_NAMED else "")


def newest_version() -> str:
    """The version that this code wants."""
    return str(ScriptDirectory.from_config(_alembic()).get_current_head())


def migrate_database(settings: Settings) -> str:
    """Bring the database of the settings to the newest version; the version.

    Where another role owns the tables, the application's is given the rights that it needs. Raises RoleTooStrong.
    """
    if not settings.owner_url:
        return upgrade(open_checked(settings))
    owner = open_checked(settings.model_copy(update={"database_url": settings.owner_url}))
    version = upgrade(owner)
    application = sa.make_url(settings.database)
    if owner.dialect.name == "postgresql":
        with owner.begin() as connection:
            grants.give(connection, application.username or "", application.password)
    # That it can sign in, and comes to the same database.
    refuse_old_schema(open_checked(settings))
    return version


def open_checked(settings: Settings) -> Engine:
    """The database of the settings; raises DatabaseOutOfReach with the reason where it cannot be reached."""
    import_rooms()
    engine = open_database(settings.database)
    try:
        with engine.connect():
            return engine
    except sa.exc.DBAPIError as refused:
        raise DatabaseOutOfReach(reason=str(refused.orig).splitlines()[0]) from None


def refuse_old_schema(engine: Engine) -> None:
    """Raise NotMigrated where the database is behind the code."""
    with engine.connect() as connection:
        if MigrationContext.configure(connection).get_current_revision() != newest_version():
            raise NotMigrated


def opened(settings: Settings) -> Engine:
    """The database of the settings, at the newest version. Raises DatabaseOutOfReach or NotMigrated."""
    engine = open_checked(settings)
    refuse_old_schema(engine)
    return engine


def refuse_unlocked(engine: Engine) -> None:
    """Raise LocksMissing where somebody took off what keeps our promises, StrangersFound where they put in more."""
    with engine.connect() as connection:
        gone, strange = locks.missing(connection), locks.strange(connection)
    if gone:
        raise LocksMissing(names=_named(gone))
    if strange:
        raise StrangersFound(names=_named(strange))
