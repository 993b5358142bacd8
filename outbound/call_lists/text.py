"""CSV and TSV files as rows of cells: decoded strictly, read as a stream, whatever their size."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, Protocol

from outbound.call_lists import refusals
from outbound.call_lists.columns import HEADER_WITHIN, NumberedRow, header_width
from outbound.compliance import Words

ENCODINGS = {
    "utf-8": "utf-8-sig",
    "utf-8-sig": "utf-8-sig",
    "gb18030": "gb18030",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "big5": "big5hkscs",
    "utf-16": "utf-16",
    "shift-jis": "cp932",
    "windows-1252": "cp1252",
}
"""The encodings that a user may choose, with the codec that reads them."""
WITHOUT_MARK = ("utf-16-le", "utf-16-be")
"""Codecs for UTF-16 that does not say in which order its bytes stand."""

LONGEST_LINE = 1_000_000
"""Characters. A longer line is no customer, and would have to be held in memory whole."""

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CHUNK = 1 << 20
_SAMPLE = 1 << 16
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


class Kept(Protocol):
    """A file that is kept in another form, and opened as what it holds."""

    def open(self) -> BinaryIO:
        """A new stream over what it holds, from its beginning."""


@dataclass(frozen=True)
class Source:
    """Where the bytes of an uploaded file are: in memory, or in a file that is read as a stream."""

    data: bytes | Path | Kept
    file_name: str

    def open(self) -> BinaryIO:
        """A new stream over the bytes from their beginning."""
        if isinstance(self.data, bytes):
            return io.BytesIO(self.data)
        return self.data.open("rb") if isinstance(self.data, Path) else self.data.open()

    def head(self, size: int = _SAMPLE) -> bytes:
        """The first `size` bytes."""
        with self.open() as stream:
            return stream.read(size)


@dataclass(frozen=True)
class Decoding:
    """How a text is read: its codec, what separates its cells, and how many lines it has, blank ones included."""

    encoding: str
    delimiter: str
    lines: int


def recognised(source: Source, encoding: str | None) -> Decoding:
    """The encoding (byte order mark, UTF-8, GB18030, in this order, over the whole file) and the delimiter.

    Raises NoSuchEncoding, NotInThatEncoding, UnknownEncoding, NotAList, NulInside and EmptyFile.
    """
    codec, lines = _chosen(source, encoding) if encoding else _told_by_bytes(source)
    with _text(source, codec) as text:
        sample = text.read(_SAMPLE)
    if not sample.strip():
        raise refusals.EmptyFile(file_name=source.file_name)
    if _CONTROL.search(sample):
        raise _binary(source)
    return Decoding(codec, _delimiter(sample), lines)


def rows(source: Source, decoding: Decoding) -> Iterator[NumberedRow]:
    """Every row, blank ones included, numbered as spreadsheet programs number them.

    Raises QuoteMissing, naming the row in which the unpaired quotation mark stands, and RowTooLong.
    """
    with _text(source, decoding.encoding) as text:
        lines = _Lines(text)
        number = 0
        try:
            for number, cells in enumerate(csv.reader(lines, delimiter=decoding.delimiter, strict=True), start=1):
                if lines.unpaired:
                    raise refusals.QuoteMissing(file_name=source.file_name, row=number)
                yield number, cells
        except csv.Error as failed:
            too_long = "field larger" in str(failed) and not lines.unpaired
            refused = refusals.RowTooLong if too_long else refusals.QuoteMissing
            raise refused(file_name=source.file_name, row=number + 1) from failed


def is_plain(source: Source) -> bool:
    """Whether nothing can be wrong with the rows of a text: no quotation mark is in it, and no line is long.

    Told from the bytes, so that it need not be read row by row; a text of which this is not known is not plain.
    """
    with source.open() as stream:
        return all(b'"' not in some and b"\n" in some for some in iter(partial(stream.read, _SAMPLE), b""))


class _Lines:
    """The lines of a text, minding whether a quotation mark is still open."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self.text = text
        self.unpaired = False

    def __iter__(self) -> Iterator[str]:
        first = self.text.readline(LONGEST_LINE).removeprefix("\ufeff")
        for line in chain([first], iter(partial(self.text.readline, LONGEST_LINE), "")):
            if '"' in line and line.count('"') % 2:
                self.unpaired = not self.unpaired
            if len(line) == LONGEST_LINE:
                raise csv.Error("field larger than any line may be")
            yield line


def _text(source: Source, codec: str) -> io.TextIOWrapper:
    # newline="": a line break within a quoted cell belongs to the cell.
    return io.TextIOWrapper(source.open(), codec, newline="")


def _chosen(source: Source, encoding: str) -> tuple[str, int]:
    # A list that is read again comes with the codec itself.
    codec = encoding if encoding in {*ENCODINGS.values(), *WITHOUT_MARK} else ENCODINGS.get(encoding.lower())
    if codec is None:
        raise refusals.NoSuchEncoding(file_name=source.file_name, encoding=encoding, encodings=", ".join(ENCODINGS))
    if codec == "utf-16":
        codec = _utf16(source.head()) or codec
    lines = _lines_decoded(source, codec)
    if lines is None:
        raise refusals.NotInThatEncoding(file_name=source.file_name, encoding=encoding)
    return codec, lines


def _told_by_bytes(source: Source) -> tuple[str, int]:
    head = source.head()
    marked = next((codec for mark, codec in _MARKS if head.startswith(mark)), None) or _utf16(head)
    for codec in [marked] if marked else ["utf-8", "gb18030"]:
        lines = _lines_decoded(source, codec)
        if lines is not None:
            return codec, lines
    raise refusals.UnknownEncoding(file_name=source.file_name)


def _utf16(head: bytes) -> str | None:
    """The codec of UTF-16 without a mark: of its digits and separators one byte of two is zero, always the same one."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return None
    zeros = [head[0::2].count(0), head[1::2].count(0)]
    few, many = sorted(zeros)
    if few or many * 5 < len(head):
        return None
    return WITHOUT_MARK[zeros[0] > zeros[1]]


def is_doubtful(source: Source, decoding: Decoding) -> bool:
    """Whether what reads as GB18030 hardly looks like Chinese: Big5 and Shift-JIS decode as GB18030 nearly always.

    Of what people write in it, nearly every character is among the 6,763 of GB 2312 or its punctuation.
    """
    if decoding.encoding != "gb18030":
        return False
    with _text(source, decoding.encoding) as text:
        wide = [character for character in text.read(_SAMPLE) if character > "\x7f"]
    return sum(map(_is_usual, wide)) < 0.7 * len(wide)


@lru_cache(maxsize=10_000)
def _is_usual(character: str) -> bool:
    pair = character.encode("gb18030")
    return len(pair) == 2 and (pair[0] in (0xA1, 0xA3) or 0xB0 <= pair[0] <= 0xF7) and pair[1] >= 0xA1


def _lines_decoded(source: Source, codec: str) -> int | None:
    """How many lines the file has, or None where a single byte of it does not decode."""
    decoder = codecs.getincrementaldecoder(codec)()
    feeds = returns = 0
    with source.open() as stream:
        for chunk in iter(partial(stream.read, _CHUNK), b""):
            if b"\0" in chunk and not codec.startswith("utf-16"):
                raise _nul_inside(source, chunk, max(feeds, returns))
            feeds, returns = feeds + chunk.count(b"\n"), returns + chunk.count(b"\r")
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                return None
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return None
    return max(feeds, returns)


def _nul_inside(source: Source, chunk: bytes, lines_before: int) -> refusals.FileRefused:
    """A program or a picture is full of zeros, a text has one by mistake."""
    if chunk.count(0) * 100 > len(chunk):
        return _binary(source)
    before = chunk[: chunk.index(0)]
    row = lines_before + max(before.count(b"\n"), before.count(b"\r")) + 1
    return refusals.NulInside(file_name=source.file_name, row=row)


def _binary(source: Source) -> refusals.NotAList:
    return refusals.NotAList(file_name=source.file_name, what=Words("二进制文件", "a binary file"))


def _delimiter(sample: str) -> str:
    """The separator that gives a header with a known phone column the most columns; without one, any row."""

    def rank(delimiter: str) -> tuple[int, int]:
        first = islice(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter), HEADER_WITHIN)
        numbered = list(enumerate(first, start=1))
        width = header_width(numbered)
        return width, 0 if width else max((len(cells) for _, cells in numbered), default=0)

    return max(",;\t|", key=rank)
