"""What runs: the console behind its server, and the timetable."""

import gc
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from apscheduler.schedulers.blocking import BlockingScheduler
from flask import Flask
from sqlalchemy.engine import Engine
from sqlmodel import col, select

from outbound import clock
from outbound.campaigns.lookups import definition_written
from outbound.campaigns.model import Campaign, CampaignVersion
from outbound.db import apart, open_database, reading
from outbound.errors import Refusal
from outbound.migrating import opened, refuse_unlocked
from outbound.phones.model import refuse_other_key
from outbound.phones.vault import open_vault
from outbound.settings import Settings
from outbound.timetable.jobs import JOBS
from outbound.timetable.ledger import run_due
from outbound.timetable.rounds import go_round
from scripts.model import ScriptState, ScriptVersion, script_written

log = structlog.get_logger()

MOST_APART = timedelta(minutes=5)
"""How far our clock and the database's may differ while the timetable runs, and how far ours may be set."""
TICK_SECONDS = 20


class AddressTaken(Refusal):
    """Nobody can listen at {host}, port {port} ({reason}); choose another with --port."""

    zh = "无法在 {host} 的端口 {port} 上监听（{reason}），请用 --port 换一个端口。"
    status = 503


class TimetableStumbled(Refusal):
    """Not everything that was due could be done; the log says why, and what is left is tried again next time."""

    zh = "到期的任务没有全部完成，原因见日志，下次运行会继续。"
    status = 500


def console(settings: Settings) -> Flask:
    """The console, ready to be served; raises NotMigrated, LocksMissing, or WrongNumberKey where the key is not this
    database's.
    """
    from web.app import create_app

    engine = opened(settings)
    refuse_unlocked(engine)
    with reading(engine) as session:
        refuse_other_key(session, open_vault(settings.data))
    return create_app(settings, engine)


def routes(settings: Settings) -> Flask:
    """The console for its table of routes; its database is not asked."""
    from web.app import create_app

    return create_app(settings, open_database(settings.database))


def serve_console(settings: Settings) -> None:
    """Serve until told to stop: gunicorn, or waitress where there is none. Raises AddressTaken."""
    app = console(settings)
    _refuse_address(settings.host, settings.port)
    _read_documents(app.config["ENGINE"])
    # What is there now stays to the end: looking through it for garbage would stop every request for a while.
    gc.collect()
    gc.freeze()
    log.info("console listens", address=f"http://{settings.host}:{settings.port}")
    if sys.platform == "win32":
        import waitress

        waitress.serve(app, host=settings.host, port=settings.port, threads=settings.threads)
        return
    _gunicorn(app, settings)


def _read_documents(engine: Engine) -> None:
    """Read every script in force and every definition once, so that the first callers of a day need not wait for it."""
    current = sa.and_(
        col(CampaignVersion.campaign_id) == col(Campaign.id), col(CampaignVersion.number) == col(Campaign.version)
    )
    with reading(engine) as session:
        scripts = session.exec(select(ScriptVersion.source).where(ScriptVersion.state == ScriptState.IN_FORCE)).all()
        definitions = session.exec(select(CampaignVersion.source).join(Campaign, current)).all()
    for read, sources in ((script_written, scripts), (definition_written, definitions)):
        for source in sources:
            # What this version of the program no longer takes is told to who works with it.
            with suppress(Refusal):
                read(source)


def _refuse_address(host: str, port: int) -> None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as refused:
        raise AddressTaken(host=host, port=port, reason=refused.strerror or str(refused)) from None


def _gunicorn(app: Flask, settings: Settings) -> None:
    from gunicorn.app.base import BaseApplication

    class Console(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            for name, value in {
                "bind": f"{settings.host}:{settings.port}",
                "threads": settings.threads,
                "worker_class": "gthread",
                "workers": 1,
                "timeout": 120,
                "graceful_timeout": 5,
                "loglevel": "warning",
                "control_socket_disable": True,
            }.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> Flask:
            return app

    app.config["ENGINE"].dispose()
    Console().run()


def run_timetable(settings: Settings, *, once: bool = False) -> None:
    """Let every job take effect when it is due, until told to stop. As many processes as wanted may do this.

    Raises LocksMissing.
    """
    engine = opened(settings)
    refuse_unlocked(engine)
    if once:
        if not tick(engine, settings):
            raise TimetableStumbled
        return
    scheduler = BlockingScheduler(timezone="UTC")
    # The ticker may be late or skip a beat: the ledger of periods knows what is still to be done.
    scheduler.add_job(
        tick,
        "interval",
        [engine, settings, clock.Watch(clock.now())],
        seconds=TICK_SECONDS,
        next_run_time=clock.now(),
        coalesce=True,
        misfire_grace_time=None,
        max_instances=1,
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: threading.Thread(target=scheduler.shutdown).start())
    scheduler.start()


def tick(engine: Engine, settings: Settings, watch: clock.Watch | None = None) -> bool:
    """One beat: what is due and not done is done. A failure is logged, and tried again at the next beat: False."""
    went = go_round(engine, settings, now=clock.now())
    if _is_in_doubt(engine, watch):
        return False
    try:
        run_due(engine, JOBS, now=clock.now())
    except Exception:
        log.exception("the timetable stumbled")
        return False
    return went


def _is_in_doubt(engine: Engine, watch: clock.Watch | None) -> bool:
    """Whether nobody knows what time it is: a charge on a wrong day is worse than one an hour later."""
    if (gap := apart(engine, clock.now())) > MOST_APART:
        log.error(
            "our clock and the database's differ; the timetable waits until they agree",
            seconds=int(gap.total_seconds()),
        )
        return True
    if watch and (gap := watch.apart(clock.now())) > MOST_APART:
        log.error(
            "the clock was set while the timetable ran; it waits until the clock is set back, or until somebody has "
            "looked at the clock and starts the timetable again",
            seconds=int(gap.total_seconds()),
        )
        return True
    return False


def serve_demo(settings: Settings) -> None:
    """Serve the console and run the timetable beside it."""
    environment: dict[str, Any] = {"OUTBOUND_DATA": str(settings.data.absolute())}
    here = os.getpid()
    ticking = subprocess.Popen(
        [sys.executable, "-m", "outbound.cli", "work"],
        env={**_environment(), **environment},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        serve_console(settings)
    finally:
        # gunicorn's workers are forks of this process and leave through here too.
        if os.getpid() == here:
            _end(ticking)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _environment() -> dict[str, str]:
    root = str(Path(__file__).resolve().parent.parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))}
