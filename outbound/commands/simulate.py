"""`outbound simulate`: what a campaign would come to, before it is opened."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from outbound.commands.definitions import text_of
from outbound.commands.terminal import language, refusing_as_json


@click.command()
@click.option("--days", type=click.IntRange(1, 92), default=14, show_default=True, help="calendar days")
@click.option("--agents", type=click.IntRange(1, 200), default=5, show_default=True, help="people who sell")
@click.option("--contacts", type=click.IntRange(1, 100_000), default=500, show_default=True, help="rows of the list")
@click.option("--seed", type=int, default=1, show_default=True, help="the same seed gives the same figures")
@click.option(
    "--definition",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="campaign to simulate; its scripts lie beside it or are the library's",
)
@click.option("--database", help="address of an empty database to keep the rows in; else they are thrown away")
@click.option("--json", "as_json", is_flag=True, help="as JSON")
def simulate(
    days: int, agents: int, contacts: int, seed: int, definition: Path | None, database: str | None, as_json: bool
) -> None:
    """Live through days of a campaign with simulated customers, and say what came of them.

    Every step is the console's own; customers answer by chance. Nothing of your centre is read or changed.
    """
    from outbound.simulation.plan import Plan, ready_made

    with refusing_as_json(as_json):
        text = text_of(definition) if definition else ready_made()
        found = _simulated(Plan(days, agents, contacts, seed, text, definition and definition.parent), database)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    from outbound.simulation.figures import lines

    click.echo("\n".join(lines(found, language())))


def _simulated(plan: Any, database: str | None) -> dict[str, Any]:
    from outbound.simulation.running import simulate as live_through

    with _room(database) as (engine, settings):
        return live_through(engine, settings, plan, say=lambda line: click.echo(line, err=True))


@contextmanager
def _room(database: str | None) -> Iterator[tuple[Any, Any]]:
    """An empty database, with a folder for recordings and keys that goes away afterwards."""
    import logging
    from tempfile import TemporaryDirectory

    import structlog

    from outbound import migrating
    from outbound.demo.centre import without_waiting
    from outbound.settings import Settings

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with TemporaryDirectory(prefix="outbound-simulation-") as folder:
        settings = Settings(data=Path(folder), database_url=database or "")
        engine = migrating.open_checked(settings)
        if engine.dialect.name == "sqlite" and not database:
            without_waiting(engine)
        try:
            migrating.upgrade(engine)
            yield engine, settings
        finally:
            engine.dispose()
