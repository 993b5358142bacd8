"""What a recording is when it comes in, and what is noted of it once it was heard through."""

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import uuid4

from sqlmodel import Session, col, select

from outbound import journal
from outbound.clock import local_day
from outbound.errors import Language, Refusal
from outbound.people import Centre, known
from outbound.recordings.model import Recording
from outbound.recordings.store import Store

_MEDIA_TYPES = {"mp3": "audio/mpeg", "opus": "audio/ogg", "vorbis": "audio/ogg", "flac": "audio/flac"}
_MEDIA_TYPES |= {"m4a": "audio/mp4", "aac": "audio/aac", "amr": "audio/amr", "webm": "audio/webm"}
_WAVE = "audio/wav"
_BEGINNINGS = {b"RIFF": _WAVE, b"RIFX": _WAVE, b"OggS": "audio/ogg", b"fLaC": "audio/flac", b"#!AMR": "audio/amr"}
_BEGINNINGS |= {b"\x1aE\xdf\xa3": "audio/webm"}
_SUFFIXES = {"audio/mpeg": "mp3", "audio/ogg": "ogg", "audio/flac": "flac", _WAVE: "wav", "audio/mp4": "m4a"}
_SUFFIXES |= {"audio/aac": "aac", "audio/amr": "amr", "audio/webm": "webm"}


class Hearing(Protocol):
    """What was measured on a recording by whoever decoded it."""

    @property
    def seconds(self) -> float:
        """Its length from decoding."""

    @property
    def channels(self) -> int:
        """One or two."""

    @property
    def sample_rate(self) -> int:
        """Samples a second and channel, in Hz."""

    @property
    def codec(self) -> str:
        """How the sound is coded, such as `mp3`."""

    def figures(self, *, minimum_seconds: float) -> dict[str, Any]:
        """Everything as JSON can hold it, with `valid` for a call that must last `minimum_seconds`."""


class InvalidReason(StrEnum):
    """Why a recording is kept but not among the valid ones."""

    TOO_SHORT = "too_short"
    NOBODY_SPEAKS = "nobody_speaks"
    NOT_HEARD_YET = "not_heard_yet"
    UNREADABLE = "unreadable"

    def words(self, language: Language) -> str:
        """The reason as it stands beside the recording."""
        return _INVALID[self][0 if language == "zh" else 1]


_INVALID = {
    InvalidReason.TOO_SHORT: ("时长不足", "too short"),
    InvalidReason.NOBODY_SPEAKS: ("无人说话", "nobody speaks"),
    InvalidReason.NOT_HEARD_YET: ("等待解析", "not heard through yet"),
    InvalidReason.UNREADABLE: ("无法播放", "cannot be played"),
}


def described(
    centre: Centre, key: str, data: bytes, file_name: str, hearing: Hearing | None, *, now: datetime
) -> Recording:
    """A recording as it comes in, under a generated key: nobody has heard it yet."""
    return Recording(
        centre_id=known(centre.id),
        reference="",
        file_name=_plain_name(file_name),
        storage_key=key,
        sha256="",
        size=len(data),
        media_type=_media_type(data, hearing),
        codec="",
        channels=0,
        sample_rate=0,
        seconds=0.0,
        valid=False,
        invalid_reason=InvalidReason.NOT_HEARD_YET,
        waits=True,
        hearing={},
        kept_at=now,
    )


def _media_type(data: bytes, hearing: Hearing | None) -> str:
    return _MEDIA_TYPES.get(hearing.codec, _WAVE) if hearing else _by_first_bytes(data)


def _by_first_bytes(data: bytes) -> str:
    for begin, media_type in _BEGINNINGS.items():
        if data.startswith(begin):
            return media_type
    return "audio/mp4" if data[4:8] == b"ftyp" else "audio/mpeg"


def fill(recording: Recording, hearing: Hearing, *, minimum_seconds: float) -> None:
    """Write what was heard into a recording; from then on it is sealed."""
    figures = hearing.figures(minimum_seconds=minimum_seconds)
    valid, short = bool(figures.pop("valid")), hearing.seconds < minimum_seconds
    figures.pop("reason", None)
    recording.codec, recording.channels = hearing.codec, hearing.channels
    recording.sample_rate, recording.seconds = hearing.sample_rate, hearing.seconds
    recording.media_type = _MEDIA_TYPES.get(hearing.codec, _WAVE)
    recording.valid, recording.waits, recording.hearing = valid, False, figures
    recording.invalid_reason = "" if valid else InvalidReason.TOO_SHORT if short else InvalidReason.NOBODY_SPEAKS


def waiting(session: Session, *, most: int) -> Sequence[Recording]:
    """Recordings that nobody has heard through yet, the oldest first."""
    asked = select(Recording).where(col(Recording.waits)).order_by(col(Recording.id))
    return session.exec(asked.limit(most)).all()


def hear(
    session: Session, recording: Recording, hearing: Hearing | Refusal, *, minimum_seconds: float, now: datetime
) -> None:
    """Note what was heard on a recording that waited for it, or why it cannot be played: it stays kept either way."""
    if not recording.waits:
        return
    if isinstance(hearing, Refusal):
        recording.waits, recording.invalid_reason = False, InvalidReason.UNREADABLE
        recording.hearing = {"refused": {"en": hearing.sentence("en"), "zh": hearing.sentence("zh")}}
    else:
        fill(recording, hearing, minimum_seconds=minimum_seconds)
    if recording.call_id:
        recording.matched_at = now
    session.add(recording)
    session.flush()
    journal.record(session, "recording.analysed", recording, by=None, now=now, valid=recording.valid)


def _plain_name(file_name: str) -> str:
    """The name without its folders and control characters; it is only ever shown, never used as a path."""
    return re.sub(r"[\x00-\x1f\x7f]", "", re.split(r"[/\\]", file_name)[-1])[-200:]


def new_key(centre: Centre, store: Store, data: bytes, hearing: Hearing | None, *, now: datetime) -> str:
    """A key of its own, under which nothing lies yet and which tells nothing of what was sent in."""
    day, kind = local_day(now, centre.zone), _SUFFIXES[_media_type(data, hearing)]
    return f"{centre.code}/{day:%Y/%m}/{uuid4()}.{kind}{store.suffix}"
