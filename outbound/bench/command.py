"""`outbound bench`: how fast the hot paths are, each as a ratio to a raw limit measured in the same run."""

from pathlib import Path

import click

ENGINES = ("sqlite", "postgresql")


def _engines(_context: click.Context, _option: click.Parameter, given: str) -> list[str]:
    engines = given.split(",")
    if unknown := [engine for engine in engines if engine not in ENGINES]:
        raise click.BadParameter(f"“{unknown[0]}” is neither sqlite nor postgresql")
    return engines


def _counts(_context: click.Context, _option: click.Parameter, given: str) -> list[int]:
    try:
        counts = [int(count) for count in given.split(",")]
    except ValueError:
        raise click.BadParameter(f"“{given}” is no list of whole numbers such as 1,16,64") from None
    if min(counts) < 1:
        raise click.BadParameter("every number must be at least 1")
    return counts


ENGINE = click.option(
    "--engine",
    "engines",
    default=",".join(ENGINES),
    show_default=True,
    callback=_engines,
    help="sqlite, postgresql or both",
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="one JSON object a line")


@click.group()
def bench() -> None:
    """Measure the hot paths on this machine, against a raw limit in the same run."""


@bench.command()
@click.option("--minutes", default=30.0, show_default=True, help="length of the recording that is heard")
@click.option("--rounds", default=3, show_default=True, help="rounds of each measurement; the best one counts")
@click.option(
    "--format",
    "kinds",
    multiple=True,
    type=click.Choice(["mp3", "wav", "alaw", "opus", "flac"]),
    help="mp3, wav, alaw, opus or flac; all where none is named",
)
@AS_JSON
def audio(minutes: float, rounds: int, kinds: tuple[str, ...], as_json: bool) -> None:
    """Hear recordings through: multiples of real time, against plain decoding and ffmpeg's filters."""
    from outbound.bench.audio import run

    run(minutes=minutes, rounds=rounds, kinds=kinds, as_json=as_json)


@bench.command()
@ENGINE
@click.option("--agents", default="1,16,64", show_default=True, callback=_counts, help="how many ask at once")
@click.option(
    "--contacts",
    default="100000,1000000,10000000",
    show_default=True,
    callback=_counts,
    help="how long the list is",
)
@click.option("--hostile/--plain", default=None, help="only one of the two kinds of data; both where neither is said")
@click.option("--seconds", default=3.0, show_default=True, help="length of each measurement")
@click.option("--http", is_flag=True, help="through the real server, by agents who are signed in")
@AS_JSON
def handout(
    engines: list[str],
    agents: list[int],
    contacts: list[int],
    hostile: bool | None,
    seconds: float,
    http: bool,
    as_json: bool,
) -> None:
    """Hand out the next contact: claims a second, waits and fairness, against the usual single statement."""
    from outbound.bench.handout import run

    run(
        engines,
        agents,
        contacts,
        hostile=(False, True) if hostile is None else (hostile,),
        seconds=seconds,
        http=http,
        as_json=as_json,
    )


@bench.command("import")
@click.option("--rows", type=click.IntRange(1), default=1_000_000, show_default=True, help="rows of the list")
@click.option(
    "--optouts",
    type=click.IntRange(1),
    default=10_000_000,
    show_default=True,
    help="numbers that are blocked already",
)
@ENGINE
@AS_JSON
def import_(rows: int, optouts: int, engines: list[str], as_json: bool) -> None:
    """Import a long messy list: rows a second, against the finished rows alone into the same tables."""
    from outbound.bench.importing import run

    run(engines, rows, optouts, as_json=as_json)


@bench.command()
@click.option("--demo", type=click.Path(exists=True, file_okay=False, path_type=Path), help="folder of a demo centre")
@click.option("--sessions", default=50, show_default=True, help="people at their desks")
@click.option("--seconds", default=60.0, show_default=True, help="length of the shift")
@click.option("--think", default=3.0, show_default=True, help="mean seconds between two requests of a person")
@AS_JSON
def desk(demo: Path | None, sessions: int, seconds: float, think: float, as_json: bool) -> None:
    """Work at the desks of the demo centre over HTTP: milliseconds of each step, 95 of 100 within 50."""
    from outbound.bench.desk import run

    run(demo, sessions=sessions, seconds=seconds, think=think, as_json=as_json)


@bench.command("verify")
@click.option(
    "--engine",
    "engines",
    default=",".join(ENGINES),
    show_default=True,
    callback=_engines,
    help="sqlite, postgresql or both",
)
@click.option("--rows", default="100000,1000000", show_default=True, callback=_counts, help="rows in the database")
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line")
def verify(engines: list[str], rows: list[int], as_json: bool) -> None:
    """Derive every promise again: seconds for so many rows, against reading the same rows by plain SQL."""
    from outbound.bench.verifying import run

    run(engines, rows, as_json=as_json)
