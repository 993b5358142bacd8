"""What stands in a cell of a workbook, as its reader would type it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import Enum

from outbound.call_lists.shared_strings import SharedStrings, unescaped


class Sort(Enum):
    """What a number in a cell means by its format."""

    NUMBER = "number"
    INSTANT = "instant"
    DURATION = "duration"


_INSTANTS = frozenset([*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)])
"""The built-in formats that show a date or a time (ISO/IEC 29500-1, 18.8.30), those of Chinese versions among them."""
_DURATION = 46
_LITERAL = re.compile(r'"[^"]*"|\\.|[_*].|\[(?!(?:h+|m+|s+)\])[^]]*\]', re.IGNORECASE)
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_LATEST = 2_958_466
"""The day after 9999-12-31, as days are counted from 1900."""


def sort_of(number: int, code: str | None) -> Sort:
    """What the format of that number shows; `code` is how a workbook's own one is written."""
    if code is None:
        return Sort.DURATION if number == _DURATION else Sort.INSTANT if number in _INSTANTS else Sort.NUMBER
    plain = _LITERAL.sub("", code.split(";")[0])
    if _ELAPSED.search(plain):
        return Sort.DURATION
    return Sort.INSTANT if re.search("[dmyhs]", plain, re.IGNORECASE) else Sort.NUMBER


@dataclass(frozen=True)
class CellTexts:
    """How the cells of a workbook are read: its shared texts, the sorts of its styles, and from when it counts days."""

    strings: SharedStrings
    styles: Sequence[Sort] = field(default=())
    since_1904: bool = False

    def text(self, kind: str, style: int, said: str) -> str:
        """What is told by a cell; `kind` is its type in the file. An error says nothing.

        Raises ValueError and IndexError where the cell says what it cannot.
        """
        if kind == "n":
            return self._number(said, style) if said else ""
        if kind == "s":
            return self.strings[int(said)] if said else ""
        if kind == "b":
            return {"1": "TRUE", "0": "FALSE", "true": "TRUE", "false": "FALSE"}.get(said.strip(), "")
        if kind == "e":
            return ""
        return _iso(said) if kind == "d" else unescaped(said)

    def _number(self, said: str, style: int) -> str:
        sort = self.styles[style] if style < len(self.styles) else Sort.NUMBER
        # Nearly every number of a list is a plain one.
        if sort is Sort.NUMBER and len(said) < 16 and said.isascii() and said.isdecimal() and said[0] != "0":
            return said
        value = float(said)
        if sort is Sort.NUMBER or not 0 <= value < _LATEST:
            return plain(value)
        return _elapsed(value) if sort is Sort.DURATION else _shown(value, since_1904=self.since_1904)


def plain(value: float) -> str:
    """A number: whole ones without .0, nothing rounded further."""
    # Beyond 15 digits Excel has rounded already: 3.5E+17 shows that, plain digits would hide it.
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _shown(days: float, *, since_1904: bool) -> str:
    """An instant: 2026-11-21, 2026-11-21 16:20:00, or 16:20:00 where there is no day."""
    moved = days + 1_462 if since_1904 else days
    # To the millisecond, as Excel has it: a fraction of a day is seldom a whole number of them.
    since = timedelta(milliseconds=round(moved * 86_400_000))
    # Excel counts a 29th of February 1900 that never was.
    at = datetime(1899, 12, 31 if moved < 60 else 30, tzinfo=UTC) + since
    if moved < 1:
        return f"{at:%H:%M:%S}"
    return _said(at)


def _said(at: datetime) -> str:
    return f"{at:%Y-%m-%d}" if at.time() == time() else f"{at:%Y-%m-%d %H:%M:%S}"


def _elapsed(days: float) -> str:
    return str(timedelta(seconds=round(days * 86_400)))


def _iso(said: str) -> str:
    """A date as text in the file: 2026-11-21T00:00:00 is 2026-11-21."""
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        return said
    return _said(at)
