"""Files that people upload as call lists: what they really are, and their rows as a stream of text cells."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import ClassVar

from outbound.call_lists import columns, refusals, text
from outbound.call_lists.columns import ColumnMap, NumberedRow
from outbound.call_lists.text import Kept, Source
from outbound.call_lists.workbook import Sheet, Workbook
from outbound.compliance import Words


class FileKind(StrEnum):
    """What a list's file is, told by its content; its name may say otherwise."""

    CSV = "csv"
    TSV = "tsv"
    XLSX = "xlsx"


class ListFile(ABC):
    """An opened list. Rows may be read as often as wanted; none are kept."""

    kind: FileKind
    encoding: str | None = None
    doubtful = False
    """Whether a text may well have been written in another encoding than it is read in."""
    sheet_names: tuple[str, ...] = ()
    sheet: str | None = None
    lines: int
    """About how many rows the file has, blank ones included, for progress."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.file_name = source.file_name
        self.blank_rows = 0
        """Blank rows that the latest reading of `rows` has passed over."""

    @abstractmethod
    def _all_rows(self) -> Iterator[NumberedRow]: ...

    def rows(self) -> Iterator[NumberedRow]:
        """Every row that holds anything, with its number as spreadsheet programs count, from 1.

        Raises QuoteMissing and RowTooLong, at the row.
        """
        self.blank_rows = 0
        for number, cells in self._all_rows():
            # The first cell decides nearly always, and this is asked of every row.
            if cells and (((first := cells[0]) and not first.isspace()) or any(cell.strip() for cell in cells)):
                yield number, cells
            else:
                self.blank_rows += 1

    def read_through(self) -> Iterator[int]:
        """Raise what `rows` would raise before anything is done with a row; meanwhile the numbers of the rows."""
        return (number for number, _cells in self.rows())

    def preview(self, n: int = 20) -> list[NumberedRow]:
        """The first `n` rows."""
        return list(islice(self.rows(), n))

    def columns(self, chosen: Mapping[str, str] | None = None) -> ColumnMap:
        """Which column holds what; `chosen` (header to role) overrules what is recognised.

        Raises NoPhoneColumn, NoSuchRole, and HeadOnly where nothing stands beneath the header.
        """
        found = columns.recognise(self.rows(), file_name=self.file_name, chosen=chosen)
        if not any(number > found.header_row for number, _ in self.rows()):
            raise refusals.HeadOnly(file_name=self.file_name)
        return found


class TextList(ListFile):
    """A CSV or TSV file."""

    KINDS: ClassVar = {"\t": FileKind.TSV}

    def __init__(self, source: Source, encoding: str | None) -> None:
        super().__init__(source)
        self.decoding = text.recognised(source, encoding)
        self.encoding = self.decoding.encoding
        self.doubtful = not encoding and text.is_doubtful(source, self.decoding)
        self.kind = self.KINDS.get(self.decoding.delimiter, FileKind.CSV)
        self.lines = self.decoding.lines

    def read_through(self) -> Iterator[int]:
        """As for every list, and at once where the bytes say that there is no fault."""
        return iter(()) if text.is_plain(self.source) else super().read_through()

    def _all_rows(self) -> Iterator[NumberedRow]:
        return text.rows(self.source, self.decoding)


class WorkbookList(ListFile):
    """One sheet of an XLSX workbook: the one asked for, else the first with phones, else the first with rows.

    A hidden sheet is taken only where no other has rows: whoever sees one sheet means that one.
    """

    kind = FileKind.XLSX

    def __init__(self, source: Source, sheet: str | None) -> None:
        super().__init__(source)
        self.workbook = Workbook(source)
        self.sheet_names = tuple(each.name for each in self.workbook.sheets)
        if sheet is not None and sheet not in self.sheet_names:
            raise refusals.NoSuchSheet(file_name=self.file_name, sheet=sheet, sheets="、".join(self.sheet_names))
        self.chosen = self.workbook.sheets[self.sheet_names.index(sheet)] if sheet is not None else self._likeliest()
        self.sheet = self.chosen.name
        self.lines = self.chosen.rows

    def _all_rows(self) -> Iterator[NumberedRow]:
        return self.workbook.rows(self.chosen)

    def _likeliest(self) -> Sheet:
        having = [each for each in self.workbook.sheets if each.rows]
        if not having:
            raise refusals.EmptyFile(file_name=self.file_name)
        filled = [each for each in having if each.visible] or having
        return next((each for each in filled if columns.header_width(self.workbook.rows(each))), filled[0])


def open_list(
    data: bytes | Path | Kept, file_name: str, *, encoding: str | None = None, sheet: str | None = None
) -> ListFile:
    """The list in a file or in its bytes; `encoding` (text) and `sheet` (workbooks) overrule what is recognised.

    Raises a FileRefused that says what the file is instead and what to do.
    """
    source = Source(data, file_name)
    head = source.head()
    if not head:
        raise refusals.EmptyFile(file_name=file_name)
    if head.startswith(b"PK\x03\x04"):
        return WorkbookList(source, sheet)
    _refuse_others(head, file_name)
    if file_name.lower().endswith((".xlsx", ".xlsm", ".xls")):
        raise refusals.BrokenWorkbook(file_name=file_name)
    return TextList(source, encoding)


_WEB_PAGE = re.compile(
    rb"(?:\s|<!--.*?-->)*(?:<(?:!doctype|html|head|meta|table|style|script|body|div|\?xml)\b|mime-version:)",
    re.IGNORECASE | re.DOTALL,
)
_PICTURE = Words("图片", "a picture")
_ARCHIVE = Words("压缩文件", "an archive")
_RECORDING = Words("录音", "a recording")
_OTHER_KINDS: dict[bytes, Words] = {
    b"\x89PNG": _PICTURE,
    b"\xff\xd8\xff": _PICTURE,
    b"GIF8": _PICTURE,
    b"%PDF": Words(" PDF 文档", "a PDF document"),
    b"Rar!": _ARCHIVE,
    b"7z\xbc\xaf": _ARCHIVE,
    b"\x1f\x8b": _ARCHIVE,
    b"PK\x05\x06": _ARCHIVE,
    b"RIFF": _RECORDING,
    b"ID3": _RECORDING,
}
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def _refuse_others(head: bytes, file_name: str) -> None:
    if head.startswith(_OLD_OFFICE):
        raise refusals.OldWorkbook(file_name=file_name)
    if _WEB_PAGE.match(head.replace(b"\0", b"").removeprefix(b"\xef\xbb\xbf").lstrip(b"\xff\xfe")):
        raise refusals.WebPageInside(file_name=file_name)
    for start, what in _OTHER_KINDS.items():
        if head.startswith(start):
            raise refusals.NotAList(file_name=file_name, what=what)
