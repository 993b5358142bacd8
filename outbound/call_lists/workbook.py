"""XLSX workbooks as rows of text: examined before anything is unpacked into memory, then read with calamine."""

import datetime
import io
import zipfile
import zlib
from collections.abc import Iterator
from copy import copy
from functools import lru_cache
from itertools import chain
from typing import Any
from xml.parsers import expat

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum

from outbound.call_lists import refusals
from outbound.call_lists.columns import NumberedRow
from outbound.call_lists.text import Source
from outbound.compliance import Words

MOST_UNPACKED = 768 * 1_000_000
"""Bytes of all parts together, unpacked: a full sheet of 1,048,576 rows by eight columns needs about 500 MB."""
MOST_CELLS = 25_000_000
"""Cells of a sheet's rectangle: the reader holds it whole, so one value in the last corner would take all memory."""
_MOST_PARTS = 10_000
_CHUNK = 1 << 18


def opened(source: Source) -> CalamineWorkbook:
    """The workbook, once it is known to be harmless.

    Raises NotAList (another kind of archive), WorkbookTooLarge, EntitiesInside and BrokenWorkbook.
    """
    try:
        _examine(source)
        stream = io.BytesIO(source.data) if isinstance(source.data, bytes) else source.data
        return CalamineWorkbook.from_object(stream)
    except _BROKEN as failed:
        raise refusals.BrokenWorkbook(file_name=source.file_name) from failed


def sheet_names(workbook: CalamineWorkbook) -> list[str]:
    """The sheets that hold cells, charts and macros left out, in the workbook's order."""
    return [sheet.name for sheet in workbook.sheets_metadata if sheet.typ is SheetTypeEnum.WorkSheet]


def sheet(workbook: CalamineWorkbook, name: str, source: Source) -> CalamineSheet:
    """One sheet, unpacked. Raises BrokenWorkbook."""
    try:
        return workbook.get_sheet_by_name(name)
    except _BROKEN as failed:
        raise refusals.BrokenWorkbook(file_name=source.file_name) from failed


def rows(cells: CalamineSheet) -> Iterator[NumberedRow]:
    """Every row of a sheet, blank ones included, as text."""
    if cells.start is None:
        return
    for number, row in enumerate(cells.iter_rows(), start=1):
        yield number, [as_text(cell) for cell in row]


def as_text(cell: Any) -> str:
    """A cell as its reader would type it: whole numbers without .0, dates as 2026-11-21, nothing rounded further."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        # Beyond 15 digits Excel has rounded already: 3.5E+17 shows that, plain digits would hide it.
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime.datetime):
        midnight = cell.time() == datetime.time()
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ", timespec="seconds")
    return str(cell)


class _Doctype(Exception):
    """A part of the workbook declares a document type, the door through which entity bombs come."""


_BROKEN = (
    CalamineError,
    OSError,
    RuntimeError,  # a part under a password
    NotImplementedError,  # a packing that zipfile does not know
    ValueError,
    EOFError,
    KeyError,
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
)


def _examine(source: Source) -> None:
    with source.open() as stream, zipfile.ZipFile(stream) as archive:
        parts = archive.infolist()
        if "xl/workbook.xml" not in {part.filename for part in parts}:
            raise refusals.NotAList(file_name=source.file_name, what=Words("其他压缩文件", "another kind of archive"))
        # The sizes declared are added up first, so that a bomb is refused without unpacking a byte of it.
        if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
            raise _too_large(source)
        try:
            if any(_extent(archive, part) > MOST_CELLS for part in parts):
                raise _too_large(source)
        except _Doctype as failed:
            raise refusals.EntitiesInside(file_name=source.file_name) from failed


def _too_large(source: Source) -> refusals.WorkbookTooLarge:
    megabytes = MOST_UNPACKED // 1_000_000
    return refusals.WorkbookTooLarge(file_name=source.file_name, megabytes=megabytes, cells=f"{MOST_CELLS:,}")


def _extent(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    """Cells of the rectangle around the values in a part, read to its end as a stream; 0 where it is no XML."""
    chunks = _unpacked(archive, part)
    first = next(chunks, b"")
    if not first.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n").startswith(b"<"):
        return 0
    parser, reach = expat.ParserCreate(), _Reach()
    parser.StartElementHandler = reach.element
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        for chunk in chain([first], chunks):
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except expat.ExpatError:
        if not part.filename.lower().endswith(".vml"):  # comment boxes, often written as loose HTML
            raise
    return reach.rows * reach.columns


def _unpacked(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """A part's bytes in chunks. Raises BadZipFile where there are more of them than the archive declares."""
    honest = copy(part)
    honest.file_size = MOST_UNPACKED  # else zipfile stops at the declared size, and other readers do not
    size = 0
    with archive.open(honest) as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > part.file_size:
                raise zipfile.BadZipFile(part.filename)
            yield chunk


def _refuse_doctype(*_: object) -> None:
    raise _Doctype


class _Reach:
    """How far to the right and down the values of a sheet reach; positions may be told or follow from the order."""

    def __init__(self) -> None:
        self.rows = self.columns = self.row = self.column = 0
        self.told: str | None = None

    def element(self, tag: str, attributes: dict[str, str]) -> None:
        """Called for every element of a sheet, so the plain cases come first."""
        if tag in ("v", "is", "f"):
            self._move(self.told)
            self.rows = max(self.rows, self.row)
            self.columns = max(self.columns, self.column)
        elif tag == "c":
            self._cell(attributes.get("r"))
        elif tag == "row":
            told = attributes.get("r", "")
            self.row = int(told) if told.isdecimal() else self.row + 1
            self.column, self.told = 0, None
        elif ":" in tag:
            self.element(tag.rpartition(":")[2], attributes)

    def _cell(self, told: str | None) -> None:
        if told is None:
            self._move(self.told)
            self.column += 1
        self.told = told

    def _move(self, told: str | None) -> None:
        if told is not None:
            letters = told.rstrip("0123456789")
            self.column, self.row = _column(letters), int(told[len(letters) :])
            self.told = None


@lru_cache(maxsize=20_000)
def _column(letters: str) -> int:
    """A is 1, Z 26, AA 27. Raises ValueError for what is no column's name."""
    number = 0
    for letter in letters:
        number = number * 26 + int(letter, 36) - 9
    return number
