"""How fast a long messy list goes in, against the raw limit: the finished rows into the same tables, nothing else."""

import json
import resource
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, SQLModel, select

from outbound import clock, people
from outbound.bench import import_list_data as data
from outbound.bench.databases import database
from outbound.call_lists import bulk, importing, keeping, running
from outbound.call_lists.model import CallList, Contact, RefusedRow
from outbound.call_lists.phones import PHONE_COLUMNS
from outbound.call_lists.preparing import CHUNK
from outbound.call_lists.reading import open_list
from outbound.call_lists.running import Works
from outbound.call_lists.taking import REFUSED_COLUMNS
from outbound.campaigns.model import Campaign
from outbound.db import open_database, table_of, transaction
from outbound.phones.model import Phone
from outbound.phones.vault import open_vault
from outbound.schema import import_rooms

CONTACT_COLUMNS = [column.name for column in table_of(Contact).columns if column.name != "id"]


@dataclass(frozen=True)
class Stage:
    """A database with its opt-outs and a campaign that has a list already; the folder is that of its keys."""

    engine: Engine
    folder: Path
    campaign_id: int


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
        f"{told['rows_per_s']:>8,.0f} rows/s, raw limit {told['raw_per_s']:>8,.0f}, ratio {told['ratio']:.2f}, "
        f"{told['peak_mb']:.0f} MB"
    )


def measure(name: str, url: str, place: Path, rows: int, opt_outs: int) -> dict[str, Any]:
    """Ours, then the raw limit on a copy of the same database."""
    stage = _staged(url, place, rows, opt_outs)
    list_file = place / "list.csv"
    data.write_list(list_file, rows, opt_outs)
    with _copied(stage.engine, place) as copy:
        before = _last_ids(stage.engine)
        seconds, figures = _ours(stage, list_file)
        raw = _raw(stage.engine, copy, before, figures["rows"])
        copy.dispose()
    stage.engine.dispose()
    return {
        "engine": name,
        "optouts": opt_outs,
        **figures,
        "rows_per_s": round(rows / seconds),
        "raw_per_s": round(rows / raw),
        "ratio": round(raw / seconds, 2),
        "seconds": round(seconds, 2),
        "peak_mb": round(_peak_mb()),
    }


def _staged(url: str, place: Path, rows: int, opt_outs: int) -> Stage:
    import_rooms()
    engine = open_database(url or f"sqlite:///{place / 'bench.sqlite3'}")
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
    stage = Stage(engine, place, people.known(campaign.id))
    data.block(engine, open_vault(place), opt_outs, now=now)
    former = place / "former.csv"
    data.write_former(former, rows)
    _ours(stage, former)
    return stage


def _ours(stage: Stage, file: Path) -> tuple[float, dict[str, int]]:
    """Seconds from the file to the published list, as `outbound import` does it; and the five figures."""
    works = Works(
        engine=stage.engine,
        folder=keeping.folder_in(stage.folder),
        opener=partial(open_vault, stage.folder),
        now=clock.now,
    )
    began = time.perf_counter()
    with transaction(stage.engine) as session:
        campaign = session.get_one(Campaign, stage.campaign_id)
        opened = open_list(file, file.name)
        call_list = importing.begin(session, campaign, opened, opened.columns(), by=None, now=clock.now())
        call_list.file = keeping.keep(works.folder, works.opener(), opened.source)
    done = running.run(works, people.known(call_list.id))
    assert done
    return time.perf_counter() - began, importing.tally_of(done)


# The raw limit


def _copied(engine: Engine, place: Path) -> Any:
    from contextlib import contextmanager

    @contextmanager
    def copied() -> Iterator[Engine]:
        engine.dispose()
        if engine.dialect.name == "sqlite":
            with sa.create_engine(engine.url).connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            shutil.copyfile(place / "bench.sqlite3", place / "raw.sqlite3")
            yield open_database(f"sqlite:///{place / 'raw.sqlite3'}")
            return
        name = f"{engine.url.database}_raw"
        owner = sa.create_engine(engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        with owner.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {engine.url.database}")
        yield open_database(engine.url.set(database=name).render_as_string(hide_password=False))
        with owner.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        owner.dispose()

    return copied()


def _last_ids(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {
            table: connection.exec_driver_sql(f"SELECT coalesce(max(id), 0) FROM {table}").scalar_one()
            for table in ("phone", "contact", "call_list")
        }


def _raw(source: Engine, target: Engine, before: dict[str, int], rows: int) -> float:
    """Seconds in which the finished rows alone are stored, in as many transactions, prepared outside the clock."""
    with Session(source) as session:
        last = session.exec(select(CallList).order_by(sa.desc("id")).limit(1)).one()
        kept = last.model_dump()
    with transaction(target) as session:
        session.add(CallList(**kept))
    share = max(1, round(_count(source, before) * CHUNK / rows))
    seconds, phones, contacts, refused = 0.0, before["phone"], before["contact"], 0
    while True:
        with source.connect() as connection:
            found = [
                _rows(connection, "contact", CONTACT_COLUMNS, f"id > {contacts} ORDER BY id LIMIT {share}"),
                _rows(connection, "refused_row", REFUSED_COLUMNS, f"call_list_id = {kept['id']} AND row > {refused} "
                      f"ORDER BY row LIMIT {CHUNK - share}"),
            ]  # fmt: skip
            top = max((row[CONTACT_COLUMNS.index("phone_id")] for row in found[0]), default=phones)
            new = _rows(connection, "phone", PHONE_COLUMNS, f"id > {phones} AND id <= {top} ORDER BY id")
        if not any((*found, new)):
            return seconds
        began = time.perf_counter()
        with transaction(target) as session:
            bulk.insert(session, table_of(Phone), PHONE_COLUMNS, new)
            bulk.insert(session, table_of(Contact), CONTACT_COLUMNS, found[0])
            bulk.insert(session, table_of(RefusedRow), REFUSED_COLUMNS, found[1])
        seconds += time.perf_counter() - began
        phones, contacts = max(phones, top), contacts + len(found[0])
        refused = found[1][-1][1] if found[1] else refused


def _count(engine: Engine, before: dict[str, int]) -> int:
    with engine.connect() as connection:
        return int(
            connection.exec_driver_sql(f"SELECT count(*) FROM contact WHERE id > {before['contact']}").scalar_one()
        )


def _rows(connection: sa.Connection, table: str, columns: Sequence[str], where: str) -> list[tuple[Any, ...]]:
    asked = ", ".join('CAST("attributes" AS text)' if column == "attributes" else f'"{column}"' for column in columns)
    result = connection.exec_driver_sql(f"SELECT {asked} FROM {table} WHERE {where}")
    cursor: Any = result.cursor
    return [tuple(row) for row in cursor.fetchall()]


def _peak_mb() -> float:
    """What this process and its helper have held at most, together."""
    own, helper = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return (own + helper) / 1024
