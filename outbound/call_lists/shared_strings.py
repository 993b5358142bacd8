"""The texts that a workbook's cells share, however many there are: sealed in a scratch file, found by their number."""

import json
import re
import zipfile
from array import array
from functools import lru_cache

from outbound.call_lists import xml_parts
from outbound.phones.sealed_files import Scratch

LONGEST_CELL = 32_767
"""Characters that a cell of a workbook holds."""
_BLOCK = 256
_HELD = 256
"""Blocks that are held at hand: of most lists those with the words that come again and again."""
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def unescaped(text: str) -> str:
    """A text as its writer meant it: what XML cannot hold is written as _x0000_ (ISO/IEC 29500-1, 22.9.2.19)."""
    return _ESCAPED.sub(_character, text) if "_x" in text else text


def _character(match: re.Match[str]) -> str:
    point = int(match[1], 16)
    return match[0] if 0xD800 <= point <= 0xDFFF else chr(point)


class SharedStrings:
    """Texts in the order of their numbers: written first, then asked for."""

    def __init__(self) -> None:
        self.count = 0
        self._scratch = Scratch()
        self._starts = array("Q")
        self._waiting: list[str] = []
        self._parts: list[str] = []
        self._size = 0
        self._reading = self._phonetic = False
        self._block = lru_cache(maxsize=_HELD)(self._read)

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        """An element of the part begins."""
        if tag == "t":
            self._reading = not self._phonetic
        elif tag == "rPh":
            self._phonetic = True

    def end(self, tag: str) -> None:
        """An element of the part ends."""
        if tag == "t":
            self._reading = False
        elif tag == "rPh":
            self._phonetic = False
        elif tag == "si":
            self._keep(unescaped("".join(self._parts)))

    def text(self, said: str) -> None:
        """Characters; raises ValueError where they are more than a cell can hold."""
        if self._reading:
            self._parts.append(said)
            self._size += len(said)
            if self._size > LONGEST_CELL * 4:
                raise ValueError("a text longer than a cell can hold")

    def _keep(self, text: str) -> None:
        self._parts, self._size = [], 0
        self._waiting.append(text)
        self.count += 1
        if len(self._waiting) == _BLOCK:
            self._put()

    def _put(self) -> None:
        self._starts.append(self._scratch.size)
        self._scratch.write(json.dumps(self._waiting, ensure_ascii=False).encode())
        self._waiting = []

    def finish(self) -> "SharedStrings":
        """All texts are in: from now on they can be asked for."""
        self._put()
        self._starts.append(self._scratch.size)
        self._reader = self._scratch.reader()
        return self

    def __getitem__(self, number: int) -> str:
        """The text of that number; raises IndexError where there is none."""
        if not 0 <= number < self.count:
            raise IndexError(number)
        return self._block(number // _BLOCK)[number % _BLOCK]

    def _read(self, block: int) -> list[str]:
        self._reader.seek(self._starts[block])
        texts: list[str] = json.loads(self._reader.read(self._starts[block + 1] - self._starts[block]))
        return texts


def read(archive: zipfile.ZipFile, part: zipfile.ZipInfo | None) -> SharedStrings:
    """The shared texts of a workbook; none where it has no such part. Raises what `xml_parts.heard` raises."""
    strings = SharedStrings()
    if part is not None:
        xml_parts.heard(archive, part, strings)
    return strings.finish()
