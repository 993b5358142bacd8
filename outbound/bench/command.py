"""`outbound bench`: how fast the hot paths are, each as a ratio to a raw limit measured in the same run."""

import click


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
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line")
def audio(minutes: float, rounds: int, kinds: tuple[str, ...], as_json: bool) -> None:
    """Hear recordings through: multiples of real time, against plain decoding and ffmpeg's filters."""
    from outbound.bench.audio import run

    run(minutes=minutes, rounds=rounds, kinds=kinds, as_json=as_json)
