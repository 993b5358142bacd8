"""The parts of a workbook as streams of XML events: none is held in memory, and none brings entities of its own."""

import zipfile
from collections.abc import Callable, Iterator
from copy import copy
from typing import Protocol
from xml.parsers import expat

MOST_UNPACKED = 768 * 1_000_000
"""Bytes of all parts together, unpacked: a full sheet of 1,048,576 rows by eight columns needs about 500 MB."""
LONGEST_TOKEN = 1 << 20
"""Bytes of one tag or comment: the parser holds it whole, and no spreadsheet program writes one that long."""
_CHUNK = 1 << 18


class Doctype(Exception):
    """A part of the workbook declares a document type, the door through which entity bombs come."""


class Heard(Protocol):
    """Who hears of the elements of a part, each by its name without a prefix."""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, tag: str) -> None:
        """An element ends."""

    def text(self, said: str) -> None:
        """Characters within an element."""


def unpacked(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
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


def heard(archive: zipfile.ZipFile, part: zipfile.ZipInfo, by: Heard) -> None:
    """Read a part through. Raises what `steps` raises."""
    for _step in steps(archive, part, by):
        pass


def steps(archive: zipfile.ZipFile, part: zipfile.ZipInfo, by: Heard) -> Iterator[None]:
    """Read a part, with a pause after each chunk, in which what was heard can be taken up.

    Raises Doctype, ExpatError, ValueError where a token is too long, and BadZipFile.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = _plain(by.start)
    parser.EndElementHandler = _plain(by.end)
    parser.CharacterDataHandler = by.text
    yield from parse(parser, unpacked(archive, part))


def parse(parser: expat.XMLParserType, chunks: Iterator[bytes]) -> Iterator[None]:
    """Give chunks to a parser, with a pause after each. Raises as `steps` does."""
    parser.StartDoctypeDeclHandler = _refuse_doctype
    given = 0
    for chunk in chunks:
        parser.Parse(chunk, False)
        given += len(chunk)
        if given - parser.CurrentByteIndex > LONGEST_TOKEN + _CHUNK:
            raise ValueError("a token longer than any can be")
        yield
    parser.Parse(b"", True)
    yield


def _plain(handler: Callable[..., None]) -> Callable[..., None]:
    def called(tag: str, *more: dict[str, str]) -> None:
        handler(tag.rpartition(":")[2] if ":" in tag else tag, *more)

    return called


def _refuse_doctype(*_: object) -> None:
    raise Doctype
