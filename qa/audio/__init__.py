"""What is heard on a recording: decoding, speech and silence, level, clipping, the waveform, and validity."""

from qa.audio.decoding import as_segment, glance
from qa.audio.hearing import Hearing, Side, Verdict, analyse, verdict
from qa.audio.refusals import (
    EmptyRecording,
    NeedsFfmpeg,
    NobodySpeaks,
    NotAudio,
    NotOneCall,
    TooLong,
    TooShort,
    TruncatedRecording,
)

__all__ = [
    "EmptyRecording",
    "Hearing",
    "NeedsFfmpeg",
    "NobodySpeaks",
    "NotAudio",
    "NotOneCall",
    "Side",
    "TooLong",
    "TooShort",
    "TruncatedRecording",
    "Verdict",
    "analyse",
    "as_segment",
    "glance",
    "verdict",
]
