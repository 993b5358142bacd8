"""Commands about evidence: make it, check it anywhere, derive every promise again."""

import json
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from outbound.commands.terminal import language
from outbound.compliance import Words
from outbound.errors import Refusal

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from sqlmodel import Session

    from outbound.subscriptions.model import Subscription

_MESSAGES = {
    "made": Words("证据已写入 {file}。", "The evidence is in {file}."),
    "whole": Words(
        "完好：订购 {number} 的证据，{at} 由密钥 {key} 签名；"
        "{rows} 条日志均在 {anchored} 的锚定之中，附录音 {sounds} 条。",
        "Whole: the evidence of subscription {number}, signed {at} with the key {key}; {rows} rows of the journal are "
        "proved under the anchor of {anchored}, {sounds} recordings are enclosed.",
    ),
    "report": Words("完好：周报由密钥 {key} 签名。", "Whole: the weekly report was signed with the key {key}."),
    "own_key": Words(
        "未给出 --key，以上仅用其中附带的公钥核验：请向外呼中心核对该公钥的指纹。",
        "Without --key this was checked with the key enclosed: ask the centre whether that fingerprint is its own.",
    ),
}


def _say(name: str, **facts: Any) -> str:
    return _MESSAGES[name].said(language()).format(**facts)


class FileUnwritable(Refusal):
    """{file} cannot be written: {reason}."""

    zh = "无法写入 {file}：{reason}。"
    status = 422


@click.command()
@click.argument("subscription", type=int, required=False)
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), help="the ZIP; without it evidence-NUMBER.zip")
@click.option("--json", "as_json", is_flag=True, help="print the facts alone, as JSON, and make no ZIP")
@click.option(
    "--check",
    "checked",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="check such a ZIP, or a weekly report",
)
@click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="with --check: the centre's public key, as `outbound keys public` prints it",
)
@click.option(
    "--anchors",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="with --check: anchors that you kept, a line each; its own must be among them",
)
def evidence(
    subscription: int | None,
    to: Path | None,
    as_json: bool,
    checked: Path | None,
    key: Path | None,
    anchors: Path | None,
) -> None:
    """Make the evidence of one subscription as a signed ZIP, or check one: no database is needed for that."""
    if (subscription is None) == (checked is None):
        raise click.UsageError("Say of which subscription, or --check FILE.")
    if checked:
        _check(checked, key, anchors)
    elif as_json:
        _print_facts(subscription or 0)
    else:
        _make(subscription or 0, to or Path(f"evidence-{subscription}.zip"))


def _print_facts(number: int) -> None:
    from outbound.db import reading
    from outbound.evidence.gathering import gather
    from outbound.migrating import opened
    from outbound.phones.vault import open_vault
    from outbound.settings import read_settings

    settings = read_settings()
    with reading(opened(settings)) as session:
        facts = gather(session, open_vault(settings.data), _subscription(session, number))
    click.echo(json.dumps(facts, ensure_ascii=False, default=str))


def _subscription(session: "Session", number: int) -> "Subscription":
    from outbound.errors import NotFound
    from outbound.subscriptions.model import Subscription

    if row := session.get(Subscription, number):
        return row
    raise NotFound


def _make(number: int, to: Path) -> None:
    draft = to.with_name(f".{to.name}.part")
    try:
        with draft.open("w+b") as file:
            _take(number, file)
        draft.replace(to)
    except OSError as refused:
        raise FileUnwritable(file=to, reason=refused.strerror or refused) from None
    finally:
        draft.unlink(missing_ok=True)
    click.echo(_say("made", file=to))


def _take(number: int, to: IO[bytes]) -> None:
    from outbound import clock
    from outbound.anchors.outings import put_in_file
    from outbound.db import transaction
    from outbound.evidence.bundle import Sources, take
    from outbound.migrating import opened
    from outbound.phones.vault import open_vault
    from outbound.recordings.store import open_store
    from outbound.settings import read_settings

    settings, now = read_settings(), clock.now()
    engine, sources = opened(settings), Sources(open_vault(settings.data), open_store(settings), settings.data)
    with transaction(engine) as session:
        take(session, sources, _subscription(session, number), to, by=None, now=now, told=_tell_step)
    put_in_file(engine, settings.data, now=now)


def _tell_step(step: str) -> None:
    click.echo(f"  {step}", err=True)


def _check(file: Path, key: Path | None, anchors: Path | None) -> None:
    from outbound.evidence.checking import check
    from outbound.signing import read_public

    trusted = read_public(key.read_bytes()) if key else None
    kept = anchors.read_text("utf-8").splitlines() if anchors else None
    if file.suffix == ".html":
        _check_report(file, trusted, kept)
        return
    found = check(file, key=trusted, anchors=kept)
    _end_with([each.sentence(language()) for each in found.faults])
    click.echo(
        _say(
            "whole",
            number=found.subscription,
            at=found.made_at,
            key=found.fingerprint,
            rows=found.rows,
            anchored=found.anchored_at,
            sounds=found.sounds,
        )
    )
    if trusted is None:
        click.echo(_say("own_key"))


def _check_report(file: Path, trusted: "Ed25519PublicKey | None", kept: list[str] | None) -> None:
    from outbound.reports.signature import check

    found = check(file.read_bytes(), key=trusted, anchors=kept)
    _end_with(found.sentences(language()))
    click.echo(_say("report", key=found.fingerprint))
    if trusted is None:
        click.echo(_say("own_key"))


def _end_with(faults: list[str]) -> None:
    """Say what is wrong, if anything is, and end."""
    if faults:
        click.echo("\n".join(faults))
        raise SystemExit(1)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="as JSON")
def verify(as_json: bool) -> None:
    """Derive every promise again from the stored rows; exit 1, and the offending rows, where one does not hold."""
    from outbound import clock
    from outbound.db import reading
    from outbound.migrating import opened
    from outbound.settings import read_settings
    from outbound.verification import broken_promises

    settings = read_settings()
    with reading(opened(settings)) as session:
        found = broken_promises(session, data=settings.data, now=clock.now(), told=_tell_step)
    click.echo(json.dumps(found, ensure_ascii=False, default=str) if as_json else "\n".join(map(str, found)) or "ok")
    if found:
        raise SystemExit(1)
