"""Commands about batches of instructions: let them leave, write them once more, read the carrier's answers."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from outbound.errors import Refusal

if TYPE_CHECKING:
    from sqlmodel import Session

    from outbound.billing.model import InstructionBatch
    from outbound.people import Centre
    from outbound.phones.vault import Vault


class BatchUnknown(Refusal):
    """There is no batch {number} at the centre {centre}."""

    zh = "外呼中心 {centre} 没有第 {number} 批指令。"
    status = 404


class FolderUnwritable(Refusal):
    """Nothing can be written into {folder} ({reason}); nothing is changed."""

    zh = "无法写入 {folder}（{reason}），未作任何更改。"


CENTRE = click.option("--centre", required=True, help="code of the centre")
FOLDER = click.option(
    "--to", "folder", default=".", type=click.Path(file_okay=False, path_type=Path), help="folder to write into"
)


@click.group()
def batches() -> None:
    """Instructions for the carrier's billing system: batches that leave, answers that come back."""


@batches.command("list")
@CENTRE
def list_(centre: str) -> None:
    """List the batches that have left: number, instant, count, sum in fen, SHA-256 of the manifest."""
    from sqlmodel import col, select

    from outbound.billing.model import InstructionBatch
    from outbound.commands.named import centre_named
    from outbound.db import reading
    from outbound.migrating import opened
    from outbound.settings import read_settings

    with reading(opened(read_settings())) as session:
        asked = select(InstructionBatch).where(InstructionBatch.centre_id == centre_named(session, centre).id)
        for batch in session.exec(asked.order_by(col(InstructionBatch.number))):
            click.echo(f"{batch.number}  {batch.at:%Y-%m-%d %H:%M}Z  {batch.count}  {batch.sum_fen}  {batch.sha256}")


@batches.command()
@CENTRE
@FOLDER
def export(centre: str, folder: Path) -> None:
    """Let everything that waits leave as the next batch: a CSV, a JSON and their manifest."""
    from outbound import clock
    from outbound.billing import batches as leaving
    from outbound.commands.named import centre_named
    from outbound.db import transaction
    from outbound.migrating import opened
    from outbound.phones.vault import open_vault
    from outbound.settings import read_settings

    settings = read_settings()
    vault = open_vault(settings.data)
    # Written before the commit: a batch that cannot be written has not left.
    with transaction(opened(settings)) as session:
        at = centre_named(session, centre)
        batch = leaving.export(session, vault, at, by=None, now=clock.now())
        _write(session, vault, at, batch, folder)


@batches.command()
@click.argument("number", type=int)
@CENTRE
@FOLDER
def again(number: int, centre: str, folder: Path) -> None:
    """Write the files of batch NUMBER once more, byte for byte as they left; the journal notes it."""
    from outbound import clock, journal
    from outbound.billing.batches import numbered
    from outbound.commands.named import centre_named
    from outbound.db import transaction
    from outbound.migrating import opened
    from outbound.phones.vault import open_vault
    from outbound.settings import read_settings

    settings = read_settings()
    with transaction(opened(settings)) as session:
        at = centre_named(session, centre)
        batch = numbered(session, at, number)
        if batch is None:
            raise BatchUnknown(number=number, centre=centre)
        _write(session, open_vault(settings.data), at, batch, folder)
        journal.record(session, "instructions.downloaded", batch, by=None, now=clock.now(), sha256=batch.sha256)


def _write(session: "Session", vault: "Vault", centre: "Centre", batch: "InstructionBatch", folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in _files(session, vault, centre, batch):
            file = folder / name
            # Customers' numbers are in it: nobody else reads it.
            file.touch(mode=0o600)
            file.write_bytes(content)
            click.echo(f"{len(content)}  {file}")
    except OSError as refused:
        raise FolderUnwritable(folder=folder, reason=refused.strerror) from None


def _files(
    session: "Session", vault: "Vault", centre: "Centre", batch: "InstructionBatch"
) -> Iterator[tuple[str, bytes]]:
    from outbound.billing.batches import file_name, file_of, manifest_name, manifest_of
    from outbound.billing.model import FileForm

    for form in FileForm:
        yield file_name(centre, batch, form), file_of(session, vault, batch, form)
    yield manifest_name(centre, batch), manifest_of(batch)


@batches.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@CENTRE
def acknowledge(file: Path, centre: str) -> None:
    """Read the carrier's answers from FILE, a CSV or JSON; the same file twice changes nothing."""
    from outbound import clock
    from outbound.billing import answers
    from outbound.commands.named import centre_named
    from outbound.db import transaction
    from outbound.migrating import opened
    from outbound.settings import read_settings

    with transaction(opened(read_settings())) as session:
        at = centre_named(session, centre)
        read = answers.acknowledge(session, at, file.read_bytes(), by=None, now=clock.now())
    click.echo(
        f"accepted {read.accepted}  rejected {read.rejected}  known {read.known_already}  "
        f"other amounts {read.differing}  unknown {len(read.unknown)}"
    )
