"""What a reviewer remarks on a call besides the marks: a remark on each line, pinned to a moment where one is given."""

import re
from dataclasses import dataclass

from outbound.errors import Refusal

_PINNED = re.compile(r"\[(\d+(?::\d{1,2}){1,2}(?:\.\d+)?)\]\s*(.*)")


@dataclass(frozen=True, slots=True)
class Remark:
    """A line of the comment; `second` is None where it is about the whole call."""

    text: str
    second: float | None = None


class RemarkOutside(Refusal):
    """The moment {moment} of the comment lies outside the recording."""

    zh = "评语中的时刻 {moment} 超出了录音长度。"
    status = 422


def remarks(comment: str) -> list[Remark]:
    """The remarks of a comment as it was written: `[1:38] spoke too fast` is pinned to the second 98."""
    lines = (line.strip() for line in comment.splitlines())
    return [_remark(line) for line in lines if line]


def _remark(line: str) -> Remark:
    pinned = _PINNED.fullmatch(line)
    return Remark(pinned[2], _seconds(pinned[1])) if pinned else Remark(line)


def _seconds(moment: str) -> float:
    seconds = 0.0
    for part in moment.split(":"):
        seconds = seconds * 60 + float(part)
    return seconds


def check(comment: str, *, seconds: float) -> None:
    """Refuse a remark pinned outside a recording of that length; raises RemarkOutside."""
    for line in comment.splitlines():
        pinned = _PINNED.fullmatch(line.strip())
        if pinned and _seconds(pinned[1]) > seconds:
            raise RemarkOutside(moment=pinned[1])
