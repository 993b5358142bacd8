"""The command that takes in the carrier's list of customers who cancelled with it."""

from pathlib import Path

import click

from outbound.commands.terminal import language, print_counts


@click.group()
def withdrawals() -> None:
    """Customers who cancelled with the carrier: take the carrier's list of them in."""


@withdrawals.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="print the counts as JSON")
def import_(file: Path, as_json: bool) -> None:
    """End what the numbers of FILE (CSV: number, offer, reason) subscribe to; exit code 1 where rows were refused."""
    from outbound import clock
    from outbound.intake.withdrawals import take_list
    from outbound.migrating import opened
    from outbound.phones.vault import open_vault
    from outbound.settings import read_settings

    settings = read_settings()
    done = take_list(opened(settings), open_vault(settings.data), file.read_bytes(), now=clock.now())
    print_counts(done.told(), as_json=as_json)
    for line, why in done.refused:
        click.echo(f"{line}: {why.sentence(language()) if why else '?'}", err=True)
    if done.refused:
        raise SystemExit(1)
