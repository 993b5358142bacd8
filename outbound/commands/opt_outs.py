"""Commands about opt-outs: lists of numbers that must not be rung, taken in and given out."""

from datetime import datetime
from pathlib import Path

import click

from outbound.commands.lists import COLUMN
from outbound.commands.terminal import doubting, language, print_counts, refusing_as_json

CATEGORIES = ("refusal", "complaint", "regulator", "litigation", "staff_request")
SCOPES = ("all", "campaign_kind", "campaign")


@click.group()
def optouts() -> None:
    """Numbers that must not be rung: take lists of them in, give them out."""


@optouts.command("import")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--category", type=click.Choice(CATEGORIES), help="why, where a row does not say [default: refusal]")
@click.option("--scope", type=click.Choice(SCOPES), help="from which calls; told by --kind and --campaign as well")
@click.option("--kind", help="only for campaigns of this kind, such as telesales")
@click.option("--campaign", help="only for the campaign of this name")
@click.option("--centre", help="code of the centre whose list it is")
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), help="last day, where a row does not say [default: for ever]"
)
@click.option("--encoding", help="encoding of the file, where it is in doubt")
@click.option("--sheet", help="sheet of a workbook, where it has several")
@click.option("--column", "columns", multiple=True, metavar="HEADER=ROLE", help=COLUMN)
@click.option("--resume", type=int, help="bring the list of that number to its end, in place of a new one")
@click.option("--json", "as_json", is_flag=True, help="print the counts as JSON")
def import_(
    file: Path | None,
    as_json: bool,
    until: datetime | None,
    resume: int | None,
    columns: tuple[str, ...],
    **options: str | None,
) -> None:
    """Block every number of a list: at once, in all campaigns. The same list twice adds nothing."""
    from outbound.commands import opt_out_files
    from outbound.settings import read_settings

    if resume is not None:
        opt_out_files.resume(read_settings(), resume)
        return
    if file is None:
        raise click.UsageError("Missing argument 'FILE'.")
    last = until.date() if until else None
    with refusing_as_json(as_json):
        counts = opt_out_files.taken_in(
            read_settings(), file, until=last, chosen=columns, options=options, doubt=doubting(quiet=as_json)
        )
    print_counts(counts, as_json=as_json)


@optouts.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--centre", help="code of the centre whose opt-outs are wanted [default: all]")
@click.option("--masked", is_flag=True, help="numbers as 138****5678")
@click.option("--all", "past_too", is_flag=True, help="also those that have expired or were lifted")
def export(file: Path, centre: str | None, masked: bool, past_too: bool) -> None:
    """Write the opt-outs in force to FILE, a .csv or .xlsx; the journal notes it."""
    from outbound.commands.opt_out_files import given_out
    from outbound.settings import read_settings

    count = given_out(read_settings(), file, centre=centre, whole=not masked, past_too=past_too, language=language())
    click.echo(f"{count} rows -> {file}")
