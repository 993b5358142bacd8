"""How commands speak to whoever sits at the terminal: the language, the doubt, the counts."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import click

from outbound.errors import Language, Refusal


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


@contextmanager
def refusing_as_json(as_json: bool) -> Iterator[None]:
    """Where JSON is wanted, a refusal of the block is printed as such, and ends the command with exit code 1."""
    try:
        yield
    except Refusal as refused:
        if not as_json:
            raise
        click.echo(json.dumps({"refused": refused.sentence(language())}, ensure_ascii=False))
        raise SystemExit(1) from None


def print_counts(counts: Mapping[str, int], *, as_json: bool) -> None:
    """Print counts on one line, or as JSON."""
    click.echo(json.dumps(counts) if as_json else "  ".join(f"{name} {count}" for name, count in counts.items()))
