"""The command that brings a call list into a campaign."""

from pathlib import Path

import click

from outbound.commands.terminal import doubting, print_counts, refusing_as_json

ROLES = ("phone", "name", "priority", "city", "attribute", "ignored")
COLUMN = f"what a column holds, where that is not seen from its header ({', '.join(ROLES)}); may come again"


@click.command("import")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--campaign", help="name of the campaign")
@click.option("--centre", help="code of the centre, where several have a campaign of that name")
@click.option("--encoding", help="encoding of the file, where it is in doubt")
@click.option("--sheet", help="sheet of a workbook, where it has several")
@click.option("--column", "columns", multiple=True, metavar="HEADER=ROLE", help=COLUMN)
@click.option("--resume", type=int, help="bring the import of that number to its end, in place of a new one")
@click.option("--json", "as_json", is_flag=True, help="print the counts as JSON")
def import_(
    file: Path | None,
    campaign: str | None,
    centre: str | None,
    encoding: str | None,
    sheet: str | None,
    columns: tuple[str, ...],
    resume: int | None,
    as_json: bool,
) -> None:
    """Import a call list into a campaign."""
    from outbound.commands.list_imports import import_into, resume_imports, telling
    from outbound.settings import read_settings

    if resume is not None:
        resume_imports(read_settings(), resume)
        return
    if file is None or campaign is None:
        raise click.UsageError("Say which file goes into which campaign: outbound import FILE --campaign NAME.")
    with refusing_as_json(as_json):
        counts = import_into(
            read_settings(),
            file,
            campaign=campaign,
            centre=centre,
            encoding=encoding,
            sheet=sheet,
            chosen=columns,
            told=telling(quiet=as_json),
            doubt=doubting(quiet=as_json),
        )
    print_counts(counts, as_json=as_json)
