"""Commands about sound: what is heard on a file, and whether the recordings that are kept are all there."""

import json
from pathlib import Path
from typing import Any

import click

from outbound.errors import Refusal

_TOLD = ("seconds", "channels", "speech_seconds", "silence_seconds", "overlap_seconds", "clipped", "valid", "reason")
_FURTHER = ("codec", "sample_rate", "longest_silence", "level", "clipped_share", "gaps")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--minimum", type=click.FloatRange(0), help="seconds that a valid recording lasts at least [default: 5]")
@click.option("--json", "as_json", is_flag=True, help="as JSON")
def audio(file: Path, minimum: float | None, as_json: bool) -> None:
    """Say what is heard on a recording: its length from decoding, speech, silence, clipping, and whether it is valid.

    Exit code 1 where the file cannot be played.
    """
    from outbound.cli import language
    from qa.audio.hearing import MINIMUM_SECONDS, analyse

    try:
        heard = analyse(file.read_bytes())
    except Refusal as refused:
        if not as_json:
            raise
        told: dict[str, Any] = dict.fromkeys(_TOLD)
        sentence = refused.sentence(language())
        click.echo(json.dumps({**told, "valid": False, "reason": sentence, "refused": sentence}, ensure_ascii=False))
        raise SystemExit(1) from None
    figures = heard.figures(minimum_seconds=MINIMUM_SECONDS if minimum is None else minimum, language=language())
    shown = {name: figures[name] for name in (*_TOLD, *_FURTHER)}
    click.echo(json.dumps(shown, ensure_ascii=False) if as_json else _lines(shown))


def _lines(shown: dict[str, Any]) -> str:
    return "\n".join(f"{name:16} {'–' if value is None else value}" for name, value in shown.items())
