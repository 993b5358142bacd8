"""What runs: the console behind its server, and the timetable; both begin and end as they are told."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from datetime import time as time_of_day
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import clock, hosting, migrating
from outbound.db import reading, transaction
from outbound.people import Centre
from outbound.phones.model import keep
from outbound.phones.parsing import Number, parse
from outbound.phones.vault import Vault, WrongNumberKey
from outbound.settings import Settings
from outbound.timetable import ledger
from outbound.timetable.jobs import JOBS
from outbound.timetable.ledger import Every, Job, PeriodDone
from tests.conftest import Cast, owning

ROOT = Path(__file__).parent.parent
PATIENCE = 120
"""Seconds that a busy machine may take to start something."""
SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def ready(engine: Engine, tmp_path: Path) -> Settings:
    """Settings over the test's database, which is at the newest version."""
    with owning(engine) as owner, owner.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.execute(sa.text("INSERT INTO alembic_version VALUES (:at)"), {"at": migrating.newest_version()})
    url = engine.url.render_as_string(hide_password=False)
    return Settings(data=tmp_path / "data", database_url=url, port=free_port())


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(settings: Settings, command: str) -> "Iterator[subprocess.Popen[str]]":
    """An `outbound` process of its own."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("OUTBOUND_")},
        "OUTBOUND_DATA": str(settings.data),
        "OUTBOUND_DATABASE_URL": settings.database_url,
        "OUTBOUND_PORT": str(settings.port),
        "PYTHONPATH": str(ROOT),
        "LC_ALL": "C.UTF-8",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "outbound.cli", command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def health(settings: Settings) -> str:
    """What /healthz says, once there is somebody to say it."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with urlopen(f"http://127.0.0.1:{settings.port}/healthz", timeout=10) as answer:
                return str(answer.read().decode())
        except (URLError, ConnectionError, TimeoutError):
            assert time.monotonic() < deadline, "nobody answers"
            time.sleep(0.1)


# The console


@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "number"),
    [("sqlite", signal.SIGTERM), ("sqlite", signal.SIGINT), ("postgresql", signal.SIGTERM)],
    indirect=["engine"],
)
def test_the_console_answers_and_ends_cleanly_when_told(ready: Settings, number: signal.Signals) -> None:
    with running(ready, "serve") as process:
        assert '"ok"' in health(ready)
        process.send_signal(number)
        assert process.wait(PATIENCE) == 0
        assert process.stdout
        assert "Traceback" not in process.stdout.read()


@SQLITE
def test_a_port_in_use_is_told_before_anything_is_served(ready: Settings) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", ready.port))
        taken.listen()
        with pytest.raises(hosting.AddressTaken, match=f"port {ready.port}"):
            hosting.serve_console(ready)


@SQLITE
def test_an_address_of_another_machine_is_told(ready: Settings) -> None:
    elsewhere = ready.model_copy(update={"host": "192.0.2.1"})
    with pytest.raises(hosting.AddressTaken, match=r"192\.0\.2\.1"):
        hosting.serve_console(elsewhere)


def test_the_console_does_not_start_with_another_number_key(ready: Settings, session: Session, now: datetime) -> None:
    number = parse("13800138000")
    assert isinstance(number, Number)
    keep(session, Vault(bytes(64)), number, now=now)
    session.commit()
    with pytest.raises(WrongNumberKey):
        hosting.console(ready)


# The timetable


def periods(engine: Engine) -> list[tuple[str, int, str]]:
    with reading(engine) as session:
        return sorted((done.job, done.centre_id, done.period) for done in session.exec(select(PeriodDone)).all())


def test_one_round_of_the_timetable_does_what_is_due(engine: Engine, ready: Settings, cast: Cast) -> None:
    hosting.run_timetable(ready, once=True)
    done = periods(engine)
    assert {centre for _, centre, _ in done} == {cast.fz.id, cast.xm.id}
    assert {job for job, _, _ in done} == {job.name for job in JOBS}


def test_a_second_round_finds_nothing_left_to_do(
    engine: Engine, ready: Settings, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = clock.now()
    monkeypatch.setattr(clock, "now", lambda: at)
    hosting.run_timetable(ready, once=True)
    done = periods(engine)
    hosting.run_timetable(ready, once=True)
    assert periods(engine) == done


def test_a_round_that_stumbles_says_so(
    engine: Engine, ready: Settings, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(_session: Session, _centre: Centre, _period: str, _now: datetime) -> dict[str, int]:
        raise ZeroDivisionError

    monkeypatch.setattr(hosting, "JOBS", (Job("stumbling", Every.DAY, time_of_day(0), stumble),))
    with pytest.raises(hosting.TimetableStumbled):
        hosting.run_timetable(ready, once=True)
    assert periods(engine) == []


def test_a_period_is_taken_once_by_two_who_looked_at_the_same_time(engine: Engine, cast: Cast, now: datetime) -> None:
    made: list[str] = []

    def count(_session: Session, _centre: Centre, period: str, _now: datetime) -> dict[str, int]:
        made.append(period)
        return {}

    job = Job("counting", Every.DAY, time_of_day(0), count)
    with transaction(engine) as session:
        here = session.get_one(Centre, cast.fz.id)
    taken = [ledger._run_once(engine, job, here, "2026-11-23", now=now) for _ in range(2)]
    assert (taken, made) == ([True, False], ["2026-11-23"])


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@SQLITE
def test_the_timetable_ticks_and_ends_cleanly_when_told(
    engine: Engine, ready: Settings, cast: Cast, number: signal.Signals
) -> None:
    with running(ready, "work") as process:
        deadline = time.monotonic() + PATIENCE
        while not periods(engine):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.2)
        process.send_signal(number)
        assert process.wait(PATIENCE) == 0
        assert process.stdout
        assert "Traceback" not in process.stdout.read()


# The migration


@pytest.mark.slow
@pytest.mark.owner
def test_two_who_migrate_at_once_both_find_it_done(engine: Engine, ready: Settings, tmp_path: Path) -> None:
    if engine.dialect.name == "sqlite":
        ready = ready.model_copy(update={"database_url": f"sqlite:///{tmp_path}/fresh.sqlite3"})
    else:
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
    with running(ready, "migrate") as one, running(ready, "migrate") as other:
        assert (one.wait(PATIENCE), other.wait(PATIENCE)) == (0, 0)
        assert one.stdout and other.stdout
        assert one.stdout.read() == other.stdout.read() == f"{migrating.newest_version()}\n"
