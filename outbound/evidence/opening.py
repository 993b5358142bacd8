"""An evidence file from a stranger, opened with care: nothing of it is unpacked to the disk, and none of it is trusted
before its hash is known.
"""

import hashlib
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from outbound.evidence.faults import Fault, Wrong, fault

MOST_BYTES = 4 << 30
"""Largest sum of the sizes of all files in one (two recordings of the largest upload fit)."""
MOST_TEXT = 64 << 20
"""Largest sum of the sizes of all that is no recording."""
MOST_FILES = 2000
MOST_RATIO = 200
"""How many times smaller than itself our texts are packed at most; sound is not packed at all."""
_SMALL = 1 << 20
_NAMES = re.compile(
    r"manifest\.json|manifest\.sig|public\.pem|evidence\.json|journal\.jsonl|anchor\.json|summary\.html"
    r"|recordings/\d+\.[a-z0-9]{1,5}|scripts/\d+\.yaml"
)
_PIECE = 1 << 20
# A damaged file may break down anywhere in the library, also where it asks for a password.
_TROUBLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)


@dataclass
class Opened:
    """What is in the file: sizes and hashes of everything, and the texts."""

    sizes: dict[str, int]
    hashes: dict[str, str]
    texts: dict[str, bytes]


def opened(file: Path) -> tuple[Opened | None, list[Fault]]:
    """Everything in an evidence file, or what forbids to look further."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if unfit := list(_unfit(entries)):
                return None, unfit
            return _read(archive, entries)
    except _TROUBLE:
        return None, [fault(Wrong.NO_ZIP)]


def _unfit(entries: list[zipfile.ZipInfo]) -> Iterator[Fault]:
    size = sum(entry.file_size for entry in entries)
    text = sum(entry.file_size for entry in entries if not entry.filename.startswith("recordings/"))
    if size > MOST_BYTES or text > MOST_TEXT or len(entries) > MOST_FILES or any(map(_is_bomb, entries)):
        yield fault(Wrong.TOO_LARGE, size=size)
        return
    names = [entry.filename for entry in entries]
    for entry in entries:
        twice = names.count(entry.filename) > 1
        if twice or entry.flag_bits & 1 or not _NAMES.fullmatch(entry.filename):
            yield fault(Wrong.UNFIT_ENTRY, name=_shown(entry.filename))


def _is_bomb(entry: zipfile.ZipInfo) -> bool:
    return entry.file_size > _SMALL and entry.file_size > MOST_RATIO * max(1, entry.compress_size)


def _shown(name: str) -> str:
    # A stranger chose it: it must not write on the terminal where it likes.
    return "".join(letter if letter.isprintable() else "?" for letter in name)[:80]


def _read(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> tuple[Opened, list[Fault]]:
    found, faults = Opened({}, {}, {}), []
    for entry in entries:
        try:
            _look_at(archive, entry, found)
        except _TROUBLE:
            faults.append(fault(Wrong.UNREADABLE, name=entry.filename))
    return found, faults


def _look_at(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, found: Opened) -> None:
    hashed, size, kept = hashlib.sha256(), 0, bytearray()
    with archive.open(entry) as file:
        while piece := file.read(_PIECE):
            hashed.update(piece)
            size += len(piece)
            if not entry.filename.startswith("recordings/"):
                kept += piece
    found.sizes[entry.filename], found.hashes[entry.filename] = size, hashed.hexdigest()
    found.texts[entry.filename] = bytes(kept)


def listed(manifest: Any) -> list[tuple[str, int, str]]:
    """Name, size and SHA-256 of each file that a manifest lists; raises ValueError where it is none."""
    try:
        return [(str(file["name"]), int(file["size"]), str(file["sha256"])) for file in manifest["files"]]
    except (TypeError, KeyError):
        raise ValueError("no manifest") from None
