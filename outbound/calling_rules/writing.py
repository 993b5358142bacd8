"""Stretches of a day and lengths of time as people write them in a profile: `09:00-21:00`, `5 min`."""

import re
from datetime import timedelta
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from outbound.errors import Refusal


class HoursBadlyWritten(Refusal):
    """“{written}” is not a stretch of a day; write it as 09:00-21:00, the end after the start."""

    zh = "“{written}”不是有效的时段，请写成 09:00-21:00，结束须晚于开始。"
    status: ClassVar[int] = 422


class SpanBadlyWritten(Refusal):
    """“{written}” is not a length of time; write it as 5 min, 4 h or 2 days."""

    zh = "“{written}”不是有效的时长，请写成 5 min、4 h 或 2 days。"
    status: ClassVar[int] = 422


class Part(BaseModel):
    """A part of a profile: frozen, and strict about names it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Stretch(Part):
    """A stretch of a day on the wall clock, in minutes after midnight; the end is exclusive."""

    start: int = Field(ge=0, lt=1440)
    end: int = Field(gt=0, le=1440)

    def __str__(self) -> str:
        return f"{_clock(self.start)}-{_clock(self.end)}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d) ?[-–] ?([01]\d|2[0-4]):([0-5]\d)")


def _read_hours(written: Any) -> Any:
    if isinstance(written, Stretch):
        return written
    found = _HOURS.fullmatch(str(written))
    start, end = (int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])) if found else (0, 0)
    if not start < end <= 1440:
        raise ValueError from HoursBadlyWritten(written=written)
    return Stretch(start=start, end=end)


Hours = Annotated[
    Stretch,
    BeforeValidator(_read_hours),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": r"^\d\d:\d\d ?[-–] ?\d\d:\d\d$", "examples": ["09:00-21:00"]}),
]

_UNITS = {"s": 1, "min": 60, "h": 3600, "day": 86400, "days": 86400}
_SPAN = re.compile(r"(\d{1,6}) ?(s|min|h|days?)")


def _read_span(written: Any) -> Any:
    if isinstance(written, timedelta):
        return written
    found = _SPAN.fullmatch(str(written))
    if not found or not int(found[1]):
        raise ValueError from SpanBadlyWritten(written=written)
    return timedelta(seconds=int(found[1]) * _UNITS[found[2]])


def span_written(span: timedelta) -> str:
    """A length of time as it is written in a profile, such as `5 min`, in the largest unit that is exact."""
    seconds = int(span.total_seconds())
    unit = next(unit for unit in ("h", "min", "s") if seconds % _UNITS[unit] == 0)
    return f"{seconds // _UNITS[unit]} {unit}"


_SAID = {"s": ("秒", "s"), "min": ("分钟", "min"), "h": ("小时", "h")}


def span_said(span: timedelta) -> tuple[str, str]:
    """A length of time in Chinese and in English, such as `5 分钟` and `5 min`."""
    number, unit = span_written(span).split()
    zh, en = _SAID[unit]
    return f"{number} {zh}", f"{number} {en}"


Span = Annotated[
    timedelta,
    BeforeValidator(_read_span),
    PlainSerializer(span_written),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,6} ?(s|min|h|days?)$", "examples": ["4 h"]}),
]
