"""The database of the settings: reached, brought to the newest version, and refused where it is behind."""

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
from sqlmodel import Session

from outbound import grants, locks
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

    zh = "数据库的保护触发器缺失或被改动（{names}）。请先运行 outbound verify 核查，再用 outbound migrate 恢复。"
    status = 503


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(str(files("migrations")))))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(engine: Engine) -> str:
    """Bring a database to the newest version, whole or not at all; the version."""
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
        # In a database that is new, or was just brought further, none is missing.
        if gone := locks.put_back(connection):
            log.warning("locks that somebody took off were put back", locks=gone)
        with Session(connection) as session:
            outcomes.fill(session)
            session.flush()
    return newest_version()


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
    """Raise LocksMissing where somebody took off what keeps our promises."""
    with engine.connect() as connection:
        gone = locks.missing(connection)
    if gone:
        raise LocksMissing(names=", ".join(gone[:MOST_NAMED]) + ("…" if len(gone) > MOST_NAMED else ""))
