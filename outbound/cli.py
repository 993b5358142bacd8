"""The command line: `outbound COMMAND`. Errors are one sentence and a non-zero exit."""

import sys
from typing import Any

import click

from outbound.bench.command import bench
from outbound.commands.batches import batches
from outbound.commands.definitions import check, schema
from outbound.commands.draws import draw
from outbound.commands.evidence import evidence, verify
from outbound.commands.keys import keys
from outbound.commands.lists import import_
from outbound.commands.opt_outs import optouts
from outbound.commands.recordings import audio, recordings
from outbound.commands.routes import authz
from outbound.commands.rules import rules
from outbound.commands.simulate import simulate
from outbound.commands.staff import hire
from outbound.commands.terminal import language
from outbound.commands.why import why
from outbound.commands.withdrawals import withdrawals
from outbound.errors import Refusal


class Commands(click.Group):
    """A group of commands whose refusals, and wrong options too, are said as one sentence."""

    def invoke(self, context: click.Context) -> Any:
        """Run a command; a refusal ends it with its sentence and exit code 1."""
        try:
            return super().invoke(context)
        except Refusal as refused:
            click.echo(refused.sentence(language()), err=True)
            raise SystemExit(1) from None
        except click.UsageError as wrong:
            click.echo(wrong.format_message(), err=True)
            raise SystemExit(wrong.exit_code) from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="outbound")
def main() -> None:
    """Outbound: call campaigns in which nobody is billed without a second confirmation."""


@main.command()
def migrate() -> None:
    """Bring the database to the newest version."""
    from outbound.migrating import migrate_database
    from outbound.settings import read_settings

    click.echo(migrate_database(read_settings()))


@main.command()
@click.option("--host", help="address to listen on")
@click.option("--port", type=int, help="port to listen on")
def serve(host: str | None, port: int | None) -> None:
    """Serve the console and the API."""
    from outbound.hosting import serve_console
    from outbound.settings import read_settings

    serve_console(_with(read_settings(), host, port))


@main.command()
@click.option("--once", is_flag=True, help="do what is due now, and end")
def work(once: bool) -> None:
    """Run the timetable: draws, confirmation windows, trial ends, the charge run."""
    from outbound.hosting import run_timetable
    from outbound.settings import read_settings

    run_timetable(read_settings(), once=once)


@main.command()
@click.option("--host", help="address to listen on")
@click.option("--port", type=int, help="port to listen on")
@click.option("--fresh", is_flag=True, help="begin anew: throw the demo's data away")
@click.option("--no-serve", is_flag=True, help="make the demo centre and end")
def demo(host: str | None, port: int | None, fresh: bool, no_serve: bool) -> None:
    """Make a demo centre with a fortnight of work in it, and serve its console."""
    from outbound.demo.centre import prepare
    from outbound.hosting import serve_demo
    from outbound.settings import read_settings

    settings = _with(read_settings(), host, port)
    prepare(settings, fresh=fresh, say=click.echo)
    if not no_serve:
        serve_demo(settings)


def _with(settings: Any, host: str | None, port: int | None) -> Any:
    given = {"host": host, "port": port}
    return settings.model_copy(update={name: value for name, value in given.items() if value is not None})


for command in (
    hire,
    check,
    schema,
    import_,
    optouts,
    why,
    rules,
    audio,
    recordings,
    draw,
    batches,
    withdrawals,
    evidence,
    verify,
    simulate,
    keys,
    authz,
    bench,
):
    main.add_command(command)


if __name__ == "__main__":
    sys.exit(main())
