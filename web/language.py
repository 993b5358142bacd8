"""Languages: which one a page is in, its translations, and the messages that still lack one.

Every file `web/translations/zh/LC_MESSAGES/*.po` is read, one per desk, so that nobody edits another desk's words. The
folder is named `zh`: under `zh_CN` the library would look for `zh_Hans_CN` and show English without a word.
`python -m web.language [FOLDER_OR_FILE…]` prints the messages without a translation, ready to be filled in.
"""

import sys
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import flask_babel  # type: ignore[import-untyped]
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from babel.support import NullTranslations, Translations
from flask import Flask, current_app, g, has_app_context, request
from flask_babel import lazy_gettext, ngettext

from outbound.errors import Language

__all__ = ["_", "chosen_language", "lazy_gettext", "named", "ngettext", "set_up", "speak"]

WEB = Path(__file__).parent
CATALOGUES = WEB / "translations"
COOKIE = "language"
NAMES: Mapping[Language, str] = {"zh": "中文", "en": "English"}
KEYWORDS: Mapping[str, Any] = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}


def set_up(app: Flask) -> None:
    """Let pages of `app` speak the language of who reads them."""
    _Languages(app, default_locale="en", locale_selector=chosen_language)
    app.before_request(_before)
    app.jinja_env.globals.update(named=named, language=chosen_language, language_names=NAMES)


class _Catalogues(flask_babel.Domain):  # type: ignore[misc]  # the library carries no types
    """Translations straight from the .po files: nothing to compile, nothing to forget."""

    def get_translations(self) -> NullTranslations:
        return translations(chosen_language())


class _Languages(flask_babel.Babel):  # type: ignore[misc]  # the library carries no types
    domain_instance = _Catalogues()


@cache
def translations(language: Language) -> NullTranslations:
    """The translations into a language; English needs none."""
    sources = sorted(CATALOGUES.glob(f"{language}/LC_MESSAGES/*.po"))
    found: NullTranslations = NullTranslations()
    for source in sources:
        compiled = BytesIO()
        write_mo(compiled, read_catalogue(source))
        compiled.seek(0)
        piece = Translations(fp=compiled)
        found = found.merge(piece) if isinstance(found, Translations) else piece
    return found


def read_catalogue(source: Path) -> Catalog:
    """The messages of a .po file; raises babel's PoFileError where it cannot be read."""
    with source.open("rb") as lines:
        return read_po(lines, locale=source.parent.parent.name, abort_invalid=True)


def _before() -> None:
    speak("")


def speak(preferred: str) -> None:
    """Go on in the preferred language; where there is none, in the browser's choice or the house's."""
    language = preferred if preferred in NAMES else request.cookies.get(COOKIE, "")
    if language not in NAMES:
        language = current_app.config["SETTINGS"].language
    if g.get("language") != language:
        g.language = language
        flask_babel.refresh()


def chosen_language() -> Language:
    """The language of the answer that is being made."""
    return cast(Language, g.get("language", "zh"))


def _(message: str, **facts: Any) -> str:
    """A message in the reader's language, with its facts; where nobody reads, in English."""
    # What flask-babel looks up on its way there costs many times as much, and a desk says a dozen at every step.
    said = translations(chosen_language()).gettext(message) if has_app_context() else message
    return said % facts if facts else said


def named(thing: Any) -> str:
    """The name of a thing that has `name_zh` and `name_en`, in the reader's language."""
    return str(getattr(thing, f"name_{chosen_language()}"))


Spoken = tuple[str, Any]
"""A message's context and its English, or its English singular and plural."""


def spoken_messages(sources: Collection[Path] = (WEB,)) -> dict[Spoken, list[str]]:
    """Every message that templates and code below `sources` say, with the places where."""
    places: dict[Spoken, list[str]] = defaultdict(list)
    for file in _files(sources):
        method = "jinja2" if file.suffix == ".html" else "python"
        for line, message, _comments, context in extract_from_file(method, file, keywords=KEYWORDS):
            places[context or "", message].append(f"{file}:{line}")
    return places


def _files(sources: Collection[Path]) -> Iterator[Path]:
    for source in sources:
        found = [source] if source.is_file() else sorted([*source.rglob("*.html"), *source.rglob("*.py")])
        yield from (file for file in found if "static" not in file.parts)


def translated_messages(language: Language = "zh") -> dict[Spoken, list[Message]]:
    """Every message of the catalogues of a language, with its entries."""
    entries: dict[Spoken, list[Message]] = defaultdict(list)
    for source in sorted(CATALOGUES.glob(f"{language}/LC_MESSAGES/*.po")):
        for message in read_catalogue(source):
            if message.id:
                entries[str(message.context or ""), message.id].append(message)
    return entries


def untranslated(sources: Collection[Path] = (WEB,), language: Language = "zh") -> dict[Spoken, list[str]]:
    """What is said below `sources` without a complete, unquestioned translation, with the places where."""
    done = {key for key, entries in translated_messages(language).items() if any(map(_complete, entries))}
    return {key: places for key, places in spoken_messages(sources).items() if key not in done}


def _complete(message: Message) -> bool:
    strings = message.string if isinstance(message.string, tuple) else (message.string,)
    return bool(strings) and all(strings) and not message.fuzzy


def main(arguments: list[str]) -> int:
    """Print what lacks a translation as the lines of a .po file; 1 when there is something."""
    missing = untranslated([Path(name) for name in arguments] or [WEB])
    catalogue = Catalog(locale="zh", header_comment="")
    for (context, message), places in missing.items():
        where = [(file, int(line)) for file, _colon, line in (place.rpartition(":") for place in places)]
        catalogue.add(message, context=context or None, locations=where)
    write_po(sys.stdout.buffer, catalogue, omit_header=True, width=110)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
