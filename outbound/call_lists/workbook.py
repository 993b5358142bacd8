"""XLSX workbooks: examined before anything of them is believed, then read as streams, sheet by sheet."""

import posixpath
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from xml.parsers import expat

from outbound.call_lists import refusals, shared_strings, sheets, xml_parts
from outbound.call_lists.cell_texts import CellTexts
from outbound.call_lists.columns import NumberedRow
from outbound.call_lists.text import Source
from outbound.call_lists.workbook_facts import Book, Related, Styles
from outbound.call_lists.xml_parts import MOST_UNPACKED, Doctype
from outbound.compliance import Words
from outbound.phones.vault import WrongNumberKey

MOST_CELLS = 25_000_000
"""Cells of a sheet's rectangle: one value in the last corner would stand behind a billion empty ones."""
_MOST_PARTS = 10_000
_BOOK, _RELATED = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_STYLES, _STRINGS = "xl/styles.xml", "xl/sharedstrings.xml"


@dataclass(frozen=True)
class Sheet:
    """A sheet that holds cells, and how far its values reach."""

    name: str
    part: zipfile.ZipInfo
    rows: int
    visible: bool = True


class Workbook:
    """An examined workbook. Its sheets may be read as often as wanted; no row is kept."""

    def __init__(self, source: Source) -> None:
        """Raises NotAList (another kind of archive), WorkbookTooLarge, EntitiesInside and BrokenWorkbook."""
        self._source = source
        with self._opened() as archive:
            reaches = _examined(archive, source)
            self._parts = {part.filename.lower(): part for part in archive.infolist()}
            self._book, related = Book(), Related()
            xml_parts.heard(archive, self._parts[_BOOK], self._book)
            xml_parts.heard(archive, self._parts[_RELATED], related)
            self.sheets = [
                Sheet(name, part, reaches[part.filename], visible)
                for name, part, visible in self._sheets(related)
                if part.filename in reaches
            ]

    def _sheets(self, related: Related) -> Iterator[tuple[str, zipfile.ZipInfo, bool]]:
        """The sheets with cells, charts and macros left out, in the workbook's order."""
        for name, link, visible in self._book.sheets:
            if link in related.worksheets:
                target = posixpath.normpath(posixpath.join("/xl", related.worksheets[link]))
                yield name, self._parts[target.lstrip("/").lower()], visible

    @contextmanager
    def _opened(self) -> Iterator[zipfile.ZipFile]:
        try:
            with self._source.open() as stream, zipfile.ZipFile(stream) as archive:
                yield archive
        except WrongNumberKey:
            raise
        except Doctype as failed:
            raise refusals.EntitiesInside(file_name=self._source.file_name) from failed
        except _BROKEN as failed:
            raise refusals.BrokenWorkbook(file_name=self._source.file_name) from failed

    def rows(self, sheet: Sheet) -> Iterator[NumberedRow]:
        """Every row of a sheet, blank ones included, as text. Raises BrokenWorkbook at the place where it is."""
        texts = self._texts
        with self._opened() as archive:
            yield from sheets.rows(archive, sheet.part, texts)

    @cached_property
    def _texts(self) -> CellTexts:
        styles = Styles()
        with self._opened() as archive:
            if _STYLES in self._parts:
                xml_parts.heard(archive, self._parts[_STYLES], styles)
            strings = shared_strings.read(archive, self._parts.get(_STRINGS))
        return CellTexts(strings, styles.sorts(), self._book.since_1904)


_BROKEN = (
    OSError,
    RuntimeError,  # a part under a password
    NotImplementedError,  # a packing that zipfile does not know
    ValueError,
    LookupError,
    OverflowError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
)


def _examined(archive: zipfile.ZipFile, source: Source) -> Mapping[str, int]:
    """How many rows the values of each part reach down, once all of it is known to be harmless."""
    parts = archive.infolist()
    if _BOOK not in {part.filename for part in parts}:
        raise refusals.NotAList(file_name=source.file_name, what=_other_archive({part.filename for part in parts}))
    # The sizes declared are added up first, so that a bomb is refused without unpacking a byte of it.
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise _too_large(source)
    reaches = {part.filename: _reach(archive, part) for part in parts}
    if any(reach.rows * reach.columns > MOST_CELLS for reach in reaches.values()):
        raise _too_large(source)
    return {name: reach.rows for name, reach in reaches.items()}


_OTHER_ARCHIVES = {
    "xl/workbook.bin": Words(" .xlsb 二进制工作簿", "a binary workbook (.xlsb)"),
    "content.xml": Words(" OpenDocument 表格", "an OpenDocument file (.ods)"),
    "Index/Document.iwa": Words(" Apple Numbers 表格", "an Apple Numbers document"),
    "word/document.xml": Words(" Word 文档", "a Word document"),
    "ppt/presentation.xml": Words(" PowerPoint 演示文稿", "a PowerPoint presentation"),
}


def _other_archive(names: Collection[str]) -> Words:
    told = (what for part, what in _OTHER_ARCHIVES.items() if part in names)
    return next(told, Words("其他压缩文件", "another kind of archive"))


def _too_large(source: Source) -> refusals.WorkbookTooLarge:
    megabytes = MOST_UNPACKED // 1_000_000
    return refusals.WorkbookTooLarge(file_name=source.file_name, megabytes=megabytes, cells=f"{MOST_CELLS:,}")


def _reach(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> "_Reach":
    """The rectangle around the values in a part, read to its end as a stream; nothing where it is no XML."""
    chunks, reach = xml_parts.unpacked(archive, part), _Reach()
    first = next(chunks, b"")
    if not first.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n").startswith(b"<"):
        return reach
    parser = expat.ParserCreate()
    parser.StartElementHandler = reach.element
    try:
        for _step in xml_parts.parse(parser, chain([first], chunks)):
            pass
    except expat.ExpatError:
        if not part.filename.lower().endswith(".vml"):  # comment boxes, often written as loose HTML
            raise
    return reach


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
            self.column, self.row = sheets.column(letters), int(told[len(letters) :])
            self.told = None
