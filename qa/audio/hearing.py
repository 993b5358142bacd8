"""What is heard on a recording, measured once and kept as plain figures."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from outbound.errors import Language, Refusal
from qa.audio.decoding import Decoder, opened
from qa.audio.measuring import Frames, Measures
from qa.audio.refusals import NobodySpeaks, TooShort
from qa.audio.speech import SILENCE_DB, Levels, Mask, decibels, runs, speech

MINIMUM_SECONDS = 5.0
PEAKS = 1000
"""Points of the waveform kept per side."""

_SPEECH_ENOUGH = 0.3
"""Seconds of speech from which on somebody has spoken: a "喂" lasts as long, a click does not."""

_CLIPPED_SHARE = 0.001
_DEAD = 2**-14
"""Two steps of 16 bits: quieter than any line."""
_HISSING = 3
"""Of so many pauses at most one is dead where the line hisses in the others."""
_SHORTEST_GAP = 10
MOST_GAPS = 200
"""Gaps that are told one by one."""


@dataclass(frozen=True)
class Side:
    """One side of the call: the left channel, the right one, or both where they are the same sound.

    Times in seconds.
    """

    speech_seconds: float
    silence_seconds: float
    talk_share: float
    """This side's part of all speech, from 0 to 1."""
    longest_silence: float
    level: float
    """Of the speech, in dB below full scale; of everything where nobody speaks."""
    clipped_share: float
    spoken: tuple[tuple[float, float], ...]
    """From when to when this side speaks: what is between can be skipped."""
    peaks: tuple[int, ...]
    """The waveform: at most 1,000 peaks from 0 to 100 (full scale)."""


@dataclass(frozen=True)
class Verdict:
    """Whether a recording belongs to the valid ones, and if not, why."""

    valid: bool
    reason: Refusal | None = None


@dataclass(frozen=True)
class Hearing:
    """What is heard on a recording. Times in seconds, all from decoding and none from the header."""

    seconds: float
    channels: int
    sample_rate: int
    codec: str
    speech_seconds: float
    """Somebody speaks, on either side."""
    silence_seconds: float
    overlap_seconds: float
    """Both sides speak at once; 0 where the sides are not apart."""
    longest_silence: float
    level: float
    clipped: bool
    clipped_share: float
    gaps: tuple[tuple[float, float], ...]
    """Where the line itself is dead, from when to when: packets were lost, or the recorder stopped for a while."""
    sides: tuple[Side, ...]
    """Left, then right; a single one where the recording is mono or both channels hold the same sound."""

    @property
    def valid(self) -> bool:
        """Whether it is valid by the default minimum."""
        return verdict(self).valid

    @property
    def reason(self) -> Refusal | None:
        """Why it is not valid by the default minimum."""
        return verdict(self).reason

    def figures(self, *, minimum_seconds: float = MINIMUM_SECONDS, language: Language = "en") -> dict[str, Any]:
        """Everything as JSON can hold it, with the verdict and its reason as a sentence."""
        judged = verdict(self, minimum_seconds)
        reason = judged.reason.sentence(language) if judged.reason else None
        return {**asdict(self), "valid": judged.valid, "reason": reason}


def verdict(hearing: Hearing, minimum_seconds: float = MINIMUM_SECONDS) -> Verdict:
    """A recording is valid when it lasts at least the campaign's minimum and somebody speaks on it."""
    if hearing.seconds < minimum_seconds:
        return Verdict(False, TooShort(seconds=f"{hearing.seconds:.1f}", minimum=f"{minimum_seconds:g}"))
    if hearing.speech_seconds < _SPEECH_ENOUGH:
        return Verdict(False, NobodySpeaks())
    return Verdict(True)


def analyse(data: bytes) -> Hearing:
    """Hear a recording through.

    Raises EmptyRecording, NotAudio, NeedsFfmpeg, NotOneCall, TooLong or TruncatedRecording.
    """
    with opened(data) as decoder:
        frames = Frames(decoder)
        for block in decoder.blocks(frames.block):
            frames.add(block)
        return _heard(decoder, frames.finished())


def _heard(decoder: Decoder, measures: Measures) -> Hearing:
    seconds = decoder.decoded / decoder.rate
    spoken = speech(measures.power, measures.neighbours)
    either = spoken.any(axis=0)
    frame = measures.seconds_per_frame
    said = _seconds(either, frame)
    clipped = float(measures.clipped.max())
    return Hearing(
        seconds=round(seconds, 3),
        channels=decoder.channels,
        sample_rate=decoder.rate,
        codec=decoder.codec,
        speech_seconds=said,
        silence_seconds=round(seconds - said, 3),
        overlap_seconds=_seconds(spoken.all(axis=0), frame) if len(spoken) == 2 else 0.0,
        longest_silence=_longest_silence(either, frame, seconds),
        level=_level(measures.power, spoken),
        clipped=clipped >= _CLIPPED_SHARE,
        clipped_share=round(clipped, 6),
        gaps=_gaps(measures, either),
        sides=tuple(_side(measures, spoken, side, seconds) for side in range(len(spoken))),
    )


def _side(measures: Measures, spoken: Mask, side: int, seconds: float) -> Side:
    said = _seconds(spoken[side], measures.seconds_per_frame)
    return Side(
        speech_seconds=said,
        silence_seconds=round(seconds - said, 3),
        talk_share=round(float(spoken[side].sum() / max(1, spoken.sum())), 4),
        longest_silence=_longest_silence(spoken[side], measures.seconds_per_frame, seconds),
        level=_level(measures.power[side], spoken[side]),
        clipped_share=round(float(measures.clipped[side]), 6),
        spoken=_spans(spoken[side], measures.seconds_per_frame),
        peaks=_waveform(measures.peak[side]),
    )


def _seconds(mask: Any, seconds_per_frame: float) -> float:
    return round(float(np.count_nonzero(mask)) * seconds_per_frame, 3)


def _spans(spoken: Any, seconds_per_frame: float) -> tuple[tuple[float, float], ...]:
    starts, ends = (np.round(edges * seconds_per_frame, 2).tolist() for edges in runs(spoken))
    return tuple(zip(starts, ends, strict=True))


def _gaps(measures: Measures, spoken: Any) -> tuple[tuple[float, float], ...]:
    """Stretches inside the call without any sound, where the line otherwise hisses between the words."""
    starts, ends = runs(measures.peak.max(axis=0, initial=0) < _DEAD)
    long = (ends - starts >= _SHORTEST_GAP) & (starts > 0) & (ends < len(spoken))
    starts, ends = starts[long], ends[long]
    pauses, _ = runs(~spoken)
    # A recorder that writes pauses as zeros leaves nothing by which a gap could be told from a pause.
    if len(starts) * _HISSING > len(pauses):
        return ()
    inside = np.round(np.stack([starts, ends], axis=1) * measures.seconds_per_frame, 2)
    return tuple((float(start), float(end)) for start, end in inside[:MOST_GAPS])


def _longest_silence(spoken: Any, seconds_per_frame: float, seconds: float) -> float:
    if not spoken.any():
        return round(seconds, 3)
    starts, ends = runs(~spoken)
    return round(float((ends - starts).max(initial=0)) * seconds_per_frame, 3)


def _level(power: Levels, spoken: Mask) -> float:
    heard = power[spoken] if spoken.any() else power
    return round(float(decibels(heard.mean())), 1) if heard.size else SILENCE_DB


def _waveform(peak: Levels) -> tuple[int, ...]:
    if not len(peak):
        return ()
    edges = np.linspace(0, len(peak), min(PEAKS, len(peak)), endpoint=False).astype(np.int64)
    highest = np.maximum.reduceat(peak, edges)
    return tuple(int(value) for value in np.minimum(np.rint(highest * 100), 100))
