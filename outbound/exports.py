"""Tables that leave the house, as CSV and XLSX: every cell is text, and none is taken for a formula.

Numbers of customers go out as national digits, as text; the caller writes them so.
"""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

import xlsxwriter

from outbound.errors import Refusal

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠")
"""Beginnings that spreadsheet programs take, or may take after trimming, for a formula."""

MOST_ROWS = 1_048_575
"""Rows beneath the header that a sheet of a workbook holds."""

LONGEST_CELL = 32_767
"""Characters that a cell of a workbook holds."""


class TooManyForWorkbook(Refusal):
    """A workbook holds {limit:,} rows and these are more; export them as CSV."""

    zh = "Excel 工作簿最多容纳 {limit:,} 行，数据超出，请改为导出 CSV。"


def harmless(cell: str) -> str:
    """The cell as it stands in a CSV file: with an apostrophe before a dangerous beginning."""
    return f"'{cell}" if cell.startswith(DANGEROUS) else cell


PART = 1_000
"""Rows that are written at once."""


def write_csv(rows: Iterable[Sequence[str]], headers: Sequence[str]) -> bytes:
    """A CSV file that Excel opens as UTF-8, with CRLF line ends (RFC 4180)."""
    return b"".join(csv_parts(rows, headers))


def csv_parts(rows: Iterable[Sequence[str]], headers: Sequence[str]) -> Iterator[bytes]:
    """The same file piece by piece, for tables that nobody should hold whole."""
    yield codecs.BOM_UTF8
    all_rows = chain([headers], rows)
    while some := list(islice(all_rows, PART)):
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows([harmless(cell) for cell in row] for row in some)
        yield text.getvalue().encode()


def write_xlsx(rows: Iterable[Sequence[str]], headers: Sequence[str], *, sheet: str = "Sheet1") -> bytes:
    """A workbook of one sheet in which every cell is typed as text; the header stays in sight.

    Cells longer than a workbook allows are cut at LONGEST_CELL characters. Raises TooManyForWorkbook.
    """
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"constant_memory": True}) as book:
        page = book.add_worksheet(sheet)
        page.freeze_panes(1, 0)
        _write_row(page, 0, headers, book.add_format({"bold": True}))
        for number, row in enumerate(rows, start=1):
            if number > MOST_ROWS:
                raise TooManyForWorkbook(limit=MOST_ROWS)
            _write_row(page, number, row, None)
    return target.getvalue()


def _write_row(page: Any, number: int, cells: Sequence[str], form: Any) -> None:
    for column, cell in enumerate(cells):
        page.write_string(number, column, cell[:LONGEST_CELL], form)
