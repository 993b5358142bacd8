"""The command line: `outbound COMMAND`. Errors are one sentence and a non-zero exit."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from outbound.batch_commands import batches
from outbound.bench.command import bench
from outbound.errors import Language, Refusal
from outbound.evidence_commands import evidence, verify
from outbound.key_commands import keys
from outbound.opt_out_commands import optouts
from outbound.sound_commands import audio, recordings
from outbound.why import why
from outbound.withdrawal_commands import withdrawals


def language() -> Language:
    """The language of this terminal: Chinese where its locale says so, English otherwise."""
    told = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG", "")
    return "zh" if told.startswith("zh") else "en"


def doubting(*, quiet: bool) -> Callable[[Refusal], None]:
    """What says on a terminal why a command may be a mistake, and asks whether to go on; elsewhere it only says so."""

    def doubt(why: Refusal) -> None:
        click.echo(why.sentence(language()), err=True)
        if not quiet and sys.stdin.isatty():
            click.confirm({"zh": "仍要继续吗？", "en": "Go on all the same?"}[language()], abort=True, err=True)

    return doubt


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
@click.option("--login", required=True, help="name to sign in with")
@click.option("--name", required=True, help="name that colleagues read")
@click.option("--role", "roles", required=True, multiple=True, help="role; may be given more than once")
@click.option("--centre", help="code of the centre, opened where it is new; none for the carrier's people")
@click.option("--centre-name", help="name of a new centre")
@click.password_option(help="asked for where it is not given")
def hire(
    login: str, name: str, roles: tuple[str, ...], centre: str | None, centre_name: str | None, password: str
) -> None:
    """Take somebody on; the first manager of a centre comes in this way."""
    from outbound.commands import take_on
    from outbound.settings import read_settings

    take_on(
        read_settings(), login=login, name=name, roles=roles, centre=centre, centre_name=centre_name, password=password
    )


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


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(files: tuple[Path, ...]) -> None:
    """Check campaign definitions and scripts: every fault with its line, column and remedy.

    A definition is held against the scripts named in it that are given beside it.
    """
    from outbound.checking import faults_among
    from outbound.commands import text_of

    texts, found = {}, False
    for path in files:
        try:
            texts[path] = text_of(path)
        except Refusal as refused:
            click.echo(refused.sentence(language()), err=True)
            found = True
    for path, faults in faults_among(texts).items():
        for fault in faults:
            click.echo(f"{path}: {fault.sentence(language())}")
            found = True
    if found:
        raise SystemExit(1)
    click.echo({"zh": "全部正确。", "en": "All correct."}[language()])


@main.command()
@click.argument("kind", type=click.Choice(["campaign", "script"]))
def schema(kind: str) -> None:
    """Print the JSON Schema of campaign definitions or of scripts, for editors that complete YAML."""
    from outbound.campaigns import definition
    from scripts import language as script

    published = definition.schema() if kind == "campaign" else script.schema()
    click.echo(json.dumps(published, ensure_ascii=False, indent=2))


@main.command("import")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--campaign", help="name of the campaign")
@click.option("--centre", help="code of the centre, where several have a campaign of that name")
@click.option("--encoding", help="encoding of the file, where it is in doubt")
@click.option("--sheet", help="sheet of a workbook, where it has several")
@click.option("--resume", type=int, help="bring the import of that number to its end, in place of a new one")
@click.option("--json", "as_json", is_flag=True, help="print the counts as JSON")
def import_(
    file: Path | None,
    campaign: str | None,
    centre: str | None,
    encoding: str | None,
    sheet: str | None,
    resume: int | None,
    as_json: bool,
) -> None:
    """Import a call list into a campaign."""
    from outbound.list_commands import import_into, resume_imports, telling
    from outbound.settings import read_settings

    if resume is not None:
        resume_imports(read_settings(), resume)
        return
    if file is None or campaign is None:
        raise click.UsageError("Say which file goes into which campaign: outbound import FILE --campaign NAME.")
    told = telling(quiet=as_json)
    try:
        counts = import_into(
            read_settings(),
            file,
            campaign=campaign,
            centre=centre,
            encoding=encoding,
            sheet=sheet,
            told=told,
            doubt=doubting(quiet=as_json),
        )
    except Refusal as refused:
        _refuse(refused, as_json=as_json)
    click.echo(json.dumps(counts) if as_json else "  ".join(f"{name} {count}" for name, count in counts.items()))


def _refuse(refused: Refusal, *, as_json: bool) -> NoReturn:
    if not as_json:
        raise refused
    click.echo(json.dumps({"refused": refused.sentence(language())}, ensure_ascii=False))
    raise SystemExit(1)


@main.command()
@click.option(
    "--verify", "period", help="draw the period (2026-11-20 or 2026-W47) again and say whether it is the same"
)
def draw(period: str | None) -> None:
    """List the draws, or show that one was made honestly."""
    from outbound.commands import draws, verify_draw
    from outbound.settings import read_settings

    lines, same = verify_draw(read_settings(), period, language()) if period else (draws(read_settings()), True)
    click.echo("\n".join(lines))
    if not same:
        raise SystemExit(1)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="as JSON")
def authz(as_json: bool) -> None:
    """List every route with its method and the roles that may use it."""
    from outbound.hosting import routes
    from outbound.settings import read_settings
    from web.guard import authz_table

    table = authz_table(routes(read_settings()))
    if as_json:
        click.echo(json.dumps(table))
        return
    for line in table:
        click.echo(f"{line['method']:7}{line['route']:62} {', '.join(line['roles'])}")


main.add_command(bench)
main.add_command(batches)
main.add_command(audio)
main.add_command(recordings)
main.add_command(optouts)
main.add_command(withdrawals)
main.add_command(keys)
main.add_command(why)
main.add_command(evidence)
main.add_command(verify)


if __name__ == "__main__":
    sys.exit(main())
