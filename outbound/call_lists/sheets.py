"""The rows of a workbook's sheet, as a stream: one chunk of its XML after the other."""

import zipfile
from collections.abc import Iterator
from functools import lru_cache

from outbound.call_lists import xml_parts
from outbound.call_lists.cell_texts import CellTexts
from outbound.call_lists.columns import NumberedRow
from outbound.call_lists.text import LONGEST_LINE

MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
"""Of a sheet, in every program that writes one."""


def rows(archive: zipfile.ZipFile, part: zipfile.ZipInfo, texts: CellTexts) -> Iterator[NumberedRow]:
    """Every row of a sheet, those between that hold nothing included, with its number from 1.

    Raises ValueError where it is none that a spreadsheet program writes, and what `xml_parts.steps` raises.
    """
    reading, last = _Rows(texts), 0
    for _step in xml_parts.steps(archive, part, reading):
        ready, reading.ready = reading.ready, []
        for number, cells in ready:
            if not last < number <= MOST_ROWS:
                raise ValueError("rows in no order")
            yield from ((between, []) for between in range(last + 1, number))
            yield number, cells
            last = number


class _Rows:
    """Hears of the elements of a sheet, plain cases first: there are some thirty for each customer."""

    def __init__(self, texts: CellTexts) -> None:
        self.ready: list[NumberedRow] = []
        self._tell = texts.text
        self._row = self._column = self._style = self._size = 0
        self._cells: list[str] = []
        self._kind = ""
        self._said: list[str] = []
        self._reading = self._phonetic = self._told = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            self._begin(attributes)
        elif tag in ("v", "t"):
            # A cell's kind is known while it is open, and no other element holds its value.
            self._reading = bool(self._kind) and not self._phonetic
        elif tag == "row":
            told = attributes.get("r")
            self._row, self._told = (int(told), True) if told else (self._row + 1, False)
            self._column, self._cells, self._size = 0, [], 0
        elif tag == "rPh":
            self._phonetic = True

    def _begin(self, attributes: dict[str, str]) -> None:
        told = attributes.get("r")
        if told is None:
            self._column += 1
        else:
            letters = told.rstrip("0123456789")
            self._column = column(letters)
            if not self._told:
                self._row, self._told = int(told[len(letters) :]), True
        self._kind, self._style = attributes.get("t", "n"), int(attributes.get("s", 0))

    def text(self, said: str) -> None:
        if self._reading:
            self._said.append(said)
            self._size += len(said)
            if self._size > LONGEST_LINE:
                raise ValueError("a row longer than any customer's")

    def end(self, tag: str) -> None:
        if tag in ("v", "t"):
            self._reading = False
        elif tag == "c":
            self._finish()
        elif tag == "row":
            self.ready.append((self._row, self._cells))
        elif tag == "rPh":
            self._phonetic = False

    def _finish(self) -> None:
        if self._said:
            told, cells, before = (
                self._tell(self._kind, self._style, "".join(self._said)),
                self._cells,
                self._column - 1,
            )
            if len(cells) < before:
                cells += [""] * (before - len(cells))
            if len(cells) == before:
                cells.append(told)
            else:
                cells[before] = told
            self._said = []
        self._kind = ""


@lru_cache(maxsize=20_000)
def column(letters: str) -> int:
    """A is 1, Z 26, AA 27. Raises ValueError for what is no column's name."""
    number = 0
    for letter in letters:
        number = number * 26 + int(letter, 36) - 9
    if not 0 < number <= MOST_COLUMNS:
        raise ValueError(letters)
    return number
