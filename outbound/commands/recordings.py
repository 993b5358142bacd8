"""Commands about sound: what is heard on a file, and whether the recordings that are kept are all there."""

import json
from pathlib import Path
from typing import Any

import click

from outbound.commands.terminal import language
from outbound.errors import Language, Refusal

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
    from qa.audio.hearing import MINIMUM_SECONDS, analyse
    from qa.audio.hushing import hushed

    try:
        with hushed():
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


@click.group()
def recordings() -> None:
    """Look after the recordings that are kept."""


@recordings.command()
@click.option("--quick", is_flag=True, help="look only whether the files are there, and not at their hashes")
@click.option("--json", "as_json", is_flag=True, help="as JSON")
def check(quick: bool, as_json: bool) -> None:
    """Hold the store against the register: missing, changed, orphaned and left-over files; exit code 1 where there are
    any.
    """
    found = _compared(quick=quick)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        click.echo("\n".join(_told(finding, language()) for finding in found["findings"]) or "ok")
    if found["findings"]:
        raise SystemExit(1)


def _told(finding: dict[str, Any], language: Language) -> str:
    from outbound.recordings.reconciling import Fault

    return "  ".join(filter(None, (Fault(finding["fault"]).words(language), finding["reference"], finding["key"])))


def _compared(*, quick: bool) -> dict[str, Any]:
    """How many recordings were looked for and hashed, and each file that is not as registered, of every centre.

    Raises DatabaseOutOfReach, NotMigrated, StoreOutOfReach.
    """
    from sqlmodel import col, select

    from outbound import clock
    from outbound.db import reading
    from outbound.migrating import opened
    from outbound.people import Centre
    from outbound.recordings.reconciling import NO_HASHES, Tally, reconcile
    from outbound.recordings.store import open_store
    from outbound.settings import read_settings

    settings = read_settings()
    engine, store = opened(settings), open_store(settings)
    tally, findings, night = Tally(), list[dict[str, Any]](), NO_HASHES if quick else None
    with reading(engine) as session:
        centres = session.exec(select(Centre).order_by(col(Centre.id))).all()
    for centre in centres:
        found = reconcile(engine, store, centre, now=clock.now(), tally=tally, slice_of=night)
        findings += [{"centre": centre.code, **finding.facts} for finding in found]
    return {"recordings": tally.recordings, "hashed": tally.hashed, "findings": findings}
