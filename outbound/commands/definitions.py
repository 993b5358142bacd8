"""Commands about the files that people write: campaign definitions, scripts and calling rules."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from outbound.commands.terminal import language
from outbound.errors import Refusal


class NotText(Refusal):
    """{file} is not a text in UTF-8; save it as UTF-8 in your editor and try again."""

    zh = "{file} 不是 UTF-8 文本，请在编辑器中另存为 UTF-8 后重试。"
    status = 422


class FileUnreadable(Refusal):
    """{file} cannot be read: {reason}."""

    zh = "无法读取 {file}：{reason}。"
    status = 422


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(files: tuple[Path, ...]) -> None:
    """Check campaign definitions, scripts and calling rules: every fault with its line, column and remedy.

    A definition is held against the scripts and the calling rules named in it that are given beside it.
    """
    from outbound.commands.faults import faults_among, unheld_rules

    texts, sound = {}, True
    for path in files:
        try:
            texts[path] = text_of(path)
        except Refusal as refused:
            click.echo(refused.sentence(language()), err=True)
            sound = False
    for path, faults in faults_among(texts).items():
        for fault in faults:
            click.echo(f"{path}: {fault.sentence(language())}")
            sound = False
    for note in unheld_rules(texts, language()):
        click.echo(note)
    if not sound:
        raise SystemExit(1)
    click.echo({"zh": "全部正确。", "en": "All correct."}[language()])


def text_of(file: Path) -> str:
    """The text of a file; raises NotText and FileUnreadable."""
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError:
        raise NotText(file=file) from None
    except OSError as refused:
        raise FileUnreadable(file=file, reason=refused.strerror) from None


@click.command()
@click.argument("kind", type=click.Choice(["campaign", "script", "rules"]))
def schema(kind: str) -> None:
    """Print the JSON Schema of campaign definitions, scripts or calling rules, for editors that complete YAML."""
    from outbound.calling_rules import overriding
    from outbound.campaigns import definition
    from scripts import language as script

    kinds: dict[str, Callable[[], dict[str, Any]]] = {
        "campaign": definition.schema,
        "script": script.schema,
        "rules": overriding.own_schema,
    }
    click.echo(json.dumps(kinds[kind](), ensure_ascii=False, indent=2))
