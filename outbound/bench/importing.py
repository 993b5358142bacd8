"""How fast a long messy list goes in, against the raw limit: the finished rows into the same tables, nothing else.

The import has a process to itself, so that its memory is told without that of what made its database.
"""

import json
import multiprocessing
import os
import resource
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from sqlmodel import SQLModel

from outbound import clock, people
from outbound.bench import import_limit
from outbound.bench import import_list_data as data
from outbound.bench.databases import database
from outbound.call_lists import importing, keeping, running
from outbound.call_lists.reading import open_list
from outbound.call_lists.running import Works
from outbound.campaigns.model import Campaign
from outbound.db import open_database, transaction
from outbound.phones.vault import open_vault
from outbound.schema import import_rooms


@dataclass(frozen=True)
class Stage:
    """A database with its opt-outs and a campaign that has a list already; the folder is that of its keys."""

    url: str
    folder: Path
    campaign_id: int


@dataclass(frozen=True)
class Done:
    """What an import has taken: seconds from the file to the published list, and of processors; at most so many MB."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    figures: dict[str, int]


def run(engines: Sequence[str], rows: int, opt_outs: int, *, as_json: bool) -> None:
    """Measure each engine and say what came of it."""
    for name in engines:
        with TemporaryDirectory(prefix="outbound-bench-import-") as place, database(name) as url:
            told = measure(name, url, Path(place), rows, opt_outs)
        click.echo(json.dumps(told) if as_json else line(told))


def line(told: dict[str, Any]) -> str:
    """A measurement for people."""
    return (
        f"{told['engine']:<11} {told['rows']:>10,} rows against {told['optouts']:,} opt-outs: "
        f"{told['rows_per_s']:>8,.0f} rows/s, raw limit {told['raw_per_s']:>8,.0f} rows/s, ratio {told['ratio']:.2f}; "
        f"{told['cpu_s']:.1f} s of processors and {told['peak_mb']:.0f} MB at most in the import's own processes"
    )


def measure(name: str, url: str, place: Path, rows: int, opt_outs: int) -> dict[str, Any]:
    """Ours, then the raw limit on a copy of the same database."""
    stage = _staged(url or f"sqlite:///{place / 'bench.sqlite3'}", place, rows, opt_outs)
    list_file = place / "list.csv"
    data.write_list(list_file, rows, opt_outs)
    engine = open_database(stage.url)
    before = import_limit.last_ids(engine)
    with import_limit.copied(engine) as copy:
        done = imported_apart(stage, list_file)
        import_limit.settle(engine)
        raw = import_limit.raw_seconds(engine, copy, before, done.figures["rows"])
        copy.dispose()
    engine.dispose()
    return {
        "engine": name,
        "optouts": opt_outs,
        **done.figures,
        "rows_per_s": round(rows / done.seconds),
        "raw_per_s": round(rows / raw),
        "ratio": round(raw / done.seconds, 2),
        "seconds": round(done.seconds, 2),
        "cpu_s": round(done.cpu_seconds, 2),
        "peak_mb": round(done.peak_mb),
    }


def _staged(url: str, place: Path, rows: int, opt_outs: int) -> Stage:
    import_rooms()
    engine = open_database(url)
    SQLModel.metadata.create_all(engine)
    now = clock.now()
    with transaction(engine) as session:
        centre = people.open_centre(session, "bench", name="测试中心", now=now)
        today = now.date()
        campaign = Campaign(
            centre_id=people.known(centre.id),
            name="bench",
            kind="telesales",
            starts_on=today,
            ends_on=today,
            made_at=now,
        )
        session.add(campaign)
        session.flush()
    stage = Stage(url, place, people.known(campaign.id))
    data.block(engine, open_vault(place), opt_outs, now=now)
    engine.dispose()
    former = place / "former.csv"
    data.write_former(former, rows)
    imported(stage, former)
    return stage


def imported_apart(stage: Stage, file: Path) -> Done:
    """The same as `imported`, in a process that does nothing else."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(imported, stage, file).result()


def imported(stage: Stage, file: Path) -> Done:
    """Bring a file into the campaign as `outbound import` does it."""
    import_rooms()
    peak, engine = Peak(), open_database(stage.url)
    works = Works(
        engine=engine,
        folder=keeping.folder_in(stage.folder),
        opener=partial(open_vault, stage.folder),
        now=clock.now,
        told=peak.look,
    )
    began, before = time.perf_counter(), _processors()
    with transaction(engine) as session:
        campaign = session.get_one(Campaign, stage.campaign_id)
        opened = open_list(file, file.name)
        call_list = importing.begin(session, campaign, opened, opened.columns(), by=None, now=clock.now())
        call_list.file = keeping.keep(works.folder, works.opener(), opened.source)
    done = running.run(works, people.known(call_list.id))
    assert done
    seconds, cpu_seconds = time.perf_counter() - began, _processors() - before
    engine.dispose()
    return Done(seconds, cpu_seconds, peak.megabytes, importing.tally_of(done))


def _processors() -> float:
    """Seconds of processors that this process and its helpers that have ended have taken."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


@dataclass
class Peak:
    """What this process and each of its helpers have held at most; what two of them share is counted twice.

    Asked of /proc, since `getrusage` begins a process with the peak of the one that has started it.
    """

    by_process: dict[int, float] = field(default_factory=dict)

    def look(self, _told: object = None) -> None:
        """Look again; what a helper holds is known until it ends."""
        for process in (os.getpid(), *(helper.pid or 0 for helper in multiprocessing.active_children())):
            self.by_process[process] = max(self.by_process.get(process, 0.0), _most_held(process))

    @property
    def megabytes(self) -> float:
        """All of them together."""
        return sum(self.by_process.values())


def _most_held(process: int) -> float:
    with suppress(FileNotFoundError):
        for told in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines():
            if told.startswith("VmHWM:"):
                return int(told.split()[1]) / 1024
    return 0.0
