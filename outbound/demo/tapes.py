"""The recordings of the demo: spoken calls, some good and some bad, each marked with its call's reference."""

import json
import struct
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from outbound.compliance import Criterion, Mark
from qa.audio.hearing import Hearing, analyse
from qa.audio.hushing import hushed

SALES = ("compliant-sale", "no-explicit-consent", "cancel-route-left-out", "not-the-owner")
CONFIRMED, DECLINED = "confirmation-yes", "confirmation-no"


@dataclass(frozen=True)
class Tape:
    """A spoken call: its sound, what was measured on it, when each step is said, and how it meets the criteria."""

    name: str
    sound: bytes
    hearing: Hearing
    steps: dict[str, float]
    marks: dict[Criterion, Mark]

    def labelled(self, reference: str) -> bytes:
        """The sound with the recorder's reference in its ID3 tag, as recorders write it."""
        text = b"\x03" + reference.encode()
        frame = b"TIT2" + struct.pack(">I", len(text)) + b"\x00\x00" + text
        size = len(frame)
        synchsafe = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
        return b"ID3\x03\x00\x00" + synchsafe + frame + self.sound


@cache
def tape(name: str) -> Tape:
    """The tape of that name; decoded and measured once."""
    folder = files("outbound.demo").joinpath("recordings")
    heard = json.loads(folder.joinpath("heard.json").read_text("utf-8"))[name]
    sound = folder.joinpath(f"{name}.mp3").read_bytes()
    marks = {Criterion(criterion): Mark(mark) for criterion, mark in (heard["criteria"] or {}).items()}
    with hushed():
        hearing = analyse(sound)
    return Tape(name, sound, hearing, heard["steps"], marks)
