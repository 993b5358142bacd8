"""`outbound bench handout`: how quickly the next contact comes out, against the claim as it is usually written.

Each agent is a thread that asks the real queue, over and over, putting back whom it holds; every claim is committed
durably before it counts. The peer is one `UPDATE … RETURNING` for each claim, with an index that suits it, on the same
data with the same durability, each agent over a connection of its own.
"""

import gc
import json
import os
import platform
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import click
from sqlalchemy.engine import Engine
from sqlmodel import col, select

from outbound import clock, migrating
from outbound.bench import http as over_http
from outbound.bench import naive, waiting_list
from outbound.bench.databases import database
from outbound.bench.http import fairness, percentiles
from outbound.bench.stage import ELSEWHERE, ZONE, Plan, open_campaign
from outbound.db import transaction
from outbound.dialing.queue import queue_of
from outbound.errors import Refusal
from outbound.people import Role, Staff, known
from outbound.phones.zones import group_of
from outbound.settings import Settings


class NotDurable(Refusal):
    """PostgreSQL here answers before its writes are safe (fsync or synchronous_commit is off); nothing was measured."""

    zh = "这里的 PostgreSQL 在数据落盘之前就返回（fsync 或 synchronous_commit 已关闭），未进行测量。"


@dataclass(frozen=True)
class Cell:
    """What is measured at a time."""

    engine: str
    agents: int
    contacts: int
    hostile: bool


def run(
    engines: Sequence[str],
    agents: Sequence[int],
    contacts: Sequence[int],
    *,
    hostile: Sequence[bool],
    seconds: float,
    http: bool,
    as_json: bool,
) -> None:
    """Measure every combination and print a line for each; over HTTP as a ratio to that server's `/healthz`."""
    if not as_json:
        click.echo(_machine())
        click.echo(_HEADING.format("healthz/s" if http else "naive/s"))
    for engine, count, hard in product(engines, contacts, hostile):
        measured = (over_http.run(engine, each, count, seconds, hard) for each in agents)
        for told in measured if http else _on_one_list(engine, agents, count, hostile=hard, seconds=seconds):
            click.echo(json.dumps(told) if as_json else _line(told))


def _on_one_list(
    name: str, agents: Sequence[int], contacts: int, *, hostile: bool, seconds: float
) -> Iterator[dict[str, Any]]:
    """One list, on which each number of agents is measured with both ways in turn."""
    with _prepared(name, max(agents), contacts, hostile=hostile) as (engine, staff, zones):
        # As the server does before it serves.
        gc.collect()
        gc.freeze()
        ours = {count: _all_there(engine, [_asker(engine, who) for who in staff[:count]], seconds) for count in agents}
        naive.prepare(engine)
        for count in agents:
            claimers = [naive.claimer(engine, zones, who) for who in staff[:count]]
            yield _told(Cell(name, count, contacts, hostile), ours[count], _all_there(engine, claimers, seconds))


def _all_there(engine: Engine, actions: Sequence[Callable[[], bool]], seconds: float) -> "Measured":
    measured = _measure(actions, seconds)
    _give_all_back(engine)
    return measured


@contextmanager
def _prepared(name: str, agents: int, contacts: int, *, hostile: bool) -> Iterator[tuple[Engine, list[int], int]]:
    """A database of its own with the list, the numbers of the agents, and the group of zones that is open."""
    with tempfile.TemporaryDirectory(prefix="outbound-bench-") as folder, database(name) as url:
        engine = migrating.open_checked(Settings(data=Path(folder), database_url=url))
        migrating.upgrade(engine)
        _refuse_undurable(engine)
        now = clock.now()
        with transaction(engine) as session:
            _, logins = open_campaign(session, Plan(agents, contacts, hostile), now=now)
            zones, closed = group_of(session, ZONE), group_of(session, ELSEWHERE)
            staff = [known(number) for number in session.exec(select(Staff.id).where(col(Staff.login).in_(logins)))]
        waiting_list.fill(engine, waiting_list.Waiting(contacts, hostile, zones, closed), now=now)
        yield engine, staff, zones
        engine.dispose()


def _refuse_undurable(engine: Engine) -> None:
    if engine.dialect.name != "postgresql":
        return
    with engine.connect() as connection:
        for setting in ("fsync", "synchronous_commit"):
            if connection.exec_driver_sql(f"SHOW {setting}").scalar_one() != "on":
                raise NotDurable


def _asker(engine: Engine, staff: int) -> Callable[[], bool]:
    queue, roles = queue_of(engine), (Role.AGENT,)
    held: list[int | None] = [None]

    def ask() -> bool:
        before = held[0]
        held[0] = queue.claim(staff, roles, now=clock.now(), puts_back=before)
        return held[0] is not None and held[0] != before

    return ask


def _give_all_back(engine: Engine) -> None:
    """As if nobody had asked yet: who is measured next finds the list as it was."""
    with engine.begin() as connection:
        connection.exec_driver_sql(
            """UPDATE contact SET due_at = first.due FROM
            (SELECT contact_id, min(was_due_at) AS due FROM claim GROUP BY contact_id) AS first
            WHERE contact.id = first.contact_id"""
        )
        connection.exec_driver_sql("DELETE FROM claim")


@dataclass(frozen=True)
class Measured:
    """What came of some agents asking for some time."""

    waits: list[list[float]]
    """Milliseconds of every claim, by agent."""
    seconds: float

    @property
    def per_second(self) -> float:
        """Claims in all."""
        return sum(map(len, self.waits)) / self.seconds


def _measure(actions: Sequence[Callable[[], bool]], seconds: float) -> Measured:
    """Each action over and over in a thread of its own, until the time is over or the list is empty."""
    waits: list[list[float]] = [[] for _ in actions]
    start, over = threading.Barrier(len(actions) + 1), threading.Event()

    def repeat(action: Callable[[], bool], mine: list[float]) -> None:
        start.wait()
        while not over.is_set():
            began = time.perf_counter()
            if not _tried(action):
                break
            mine.append((time.perf_counter() - began) * 1000)

    threads = [threading.Thread(target=repeat, args=pair) for pair in zip(actions, waits, strict=True)]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    over.wait(seconds)
    over.set()
    for thread in threads:
        thread.join()
    return Measured(waits, time.perf_counter() - began)


def _tried(action: Callable[[], bool]) -> bool:
    try:
        return action()
    except Exception as failed:
        # Who waited in vain for SQLite's only writer waits on: that is what the peer is like.
        if "locked" in str(failed):
            return True
        raise


def _told(cell: Cell, ours: Measured, peer: Measured) -> dict[str, Any]:
    return {
        "engine": cell.engine,
        "agents": cell.agents,
        "contacts": cell.contacts,
        "hostile": cell.hostile,
        "claims_per_s": round(ours.per_second, 1),
        "naive_per_s": round(peer.per_second, 1),
        "ratio": round(ours.per_second / peer.per_second, 2) if peer.per_second else None,
        **_waited(ours),
        **{f"naive_{name}": value for name, value in _waited(peer).items() if name in ("slowest_ms", "fairness")},
    }


def _waited(measured: Measured) -> dict[str, float]:
    waits = percentiles([wait for each in measured.waits for wait in each])
    return {**waits, "fairness": round(fairness([len(each) for each in measured.waits]), 4)}


_HEADING = "engine      agents   contacts  data     claims/s {:>9}   ratio     p50     p95     p99  slowest  fairness"


def _line(told: dict[str, Any]) -> str:
    data, ratio = "hostile" if told["hostile"] else "plain", told["ratio"] or 0
    peer = told.get("naive_per_s", told.get("healthz_per_s"))
    waits = "".join(f"{told[name]:8.1f}" for name in ("p50_ms", "p95_ms", "p99_ms"))
    return (
        f"{told['engine']:<11} {told['agents']:>6} {told['contacts']:>10}  {data:<7} {told['claims_per_s']:>9}"
        f" {peer:>9} {ratio:>7.2f} {waits} {told['slowest_ms']:>8.1f} {told['fairness']:>9.3f}"
    )


def _machine() -> str:
    import sqlite3

    named = [line.partition(":")[2].strip() for line in _cpu_lines() if line.startswith("model name")]
    return (
        f"{named[0] if named else platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}; milliseconds"
    )


def _cpu_lines() -> list[str]:
    file = Path("/proc/cpuinfo")
    return file.read_text().splitlines() if file.exists() else []
