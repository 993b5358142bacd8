"""Files become samples: block by block, so that a two-hour call needs no more memory than a short one."""

import io
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from qa.audio.headers import Claim, examine
from qa.audio.refusals import EmptyRecording, NeedsFfmpeg, NotAudio, NotOneCall, TooLong, TruncatedRecording

if TYPE_CHECKING:
    from pydub import AudioSegment

Samples = NDArray[Any]

MAX_HOURS = 24
_FORMATS = {"WAV", "WAVEX", "RF64", "W64", "MP3", "OGG", "FLAC", "AIFF", "AU"}
_WHOLE = {"PCM_16", "PCM_S8", "PCM_U8", "ALAW", "ULAW", "GSM610"}
_CODECS = {
    "MPEG_LAYER_III": "mp3",
    "OPUS": "opus",
    "VORBIS": "vorbis",
    "ALAW": "alaw",
    "ULAW": "ulaw",
    "GSM610": "gsm",
    "IMA_ADPCM": "adpcm",
    "MS_ADPCM": "adpcm",
}


class Decoder:
    """An open recording: its rate, channels and codec, and its samples in blocks."""

    def __init__(self, sound: Any, *, present: float = 1.0, codec: str | None = None) -> None:
        self._sound = sound
        self._present = present
        self.rate: int = sound.samplerate
        self.channels: int = sound.channels
        self.codec = codec or _codec_of(sound)
        self._may_hold_nan = sound.subtype in ("FLOAT", "DOUBLE")
        # What was stored in 16 bits or fewer comes as it is: that takes a tenth of the time.
        self.whole = sound.subtype in _WHOLE
        """Whether samples come as 16-bit integers, and not as numbers from -1 to 1."""
        self._kind = "int16" if self.whole else "float32"
        self.full_scale = 32768.0 if self.whole else 1.0
        self.decoded = 0
        """Samples per channel decoded so far."""

    def blocks(self, size: int) -> Iterator[Samples]:
        """Blocks of (samples, channels), each but the last of `size` samples; up to `full_scale`.

        Each is only good until the next one is asked for. Raises TruncatedRecording where less is decoded than the
        header promises, EmptyRecording where nothing is, and TooLong.
        """
        buffer: Samples = np.empty((size, self.channels), self._kind)
        while len(block := self._read(buffer)):
            self.decoded += len(block)
            if self.decoded > MAX_HOURS * 3600 * self.rate:
                raise TooLong(hours=MAX_HOURS)
            yield np.nan_to_num(block, copy=False) if self._may_hold_nan else block
        self._refuse_what_is_missing()

    def _read(self, buffer: Samples) -> Samples:
        try:
            block: Samples = self._sound.read(dtype=self._kind, always_2d=True, out=buffer)
        except soundfile.LibsndfileError:
            raise TruncatedRecording(held=self._held()) from None
        return block

    def _refuse_what_is_missing(self) -> None:
        promised = max(self._sound.frames, self.decoded)
        # A tenth of a second is what encoders lose at the edges; what is cut off is more.
        if self._present < 1 or promised - self.decoded > self.rate / 10:
            raise TruncatedRecording(held=self._held())
        if not self.decoded:
            raise EmptyRecording

    def _held(self) -> str:
        return f"{self.decoded / self.rate:.1f}"


def _codec_of(sound: Any) -> str:
    if sound.format == "FLAC":
        return "flac"
    return _CODECS.get(sound.subtype) or sound.subtype.lower().replace("_", "")


@contextmanager
def opened(data: bytes) -> Iterator[Decoder]:
    """The recording, ready to be decoded. Raises EmptyRecording, NotAudio, NeedsFfmpeg or NotOneCall."""
    claim, sound, kind = _read(data)
    if sound is not None:
        with sound:
            yield _one_call(Decoder(sound, present=claim.present))
        return
    with _through_ffmpeg(data, kind) as converted, converted:
        yield _one_call(Decoder(converted, codec=kind))


def glance(data: bytes) -> None:
    """Refuse what is plainly no recording, without decoding it.

    Raises EmptyRecording, NotAudio, NeedsFfmpeg or NotOneCall.
    """
    _claim, sound, kind = _read(data)
    if sound is not None:
        with sound:
            _one_call(Decoder(sound))
    elif shutil.which("ffmpeg") is None:
        raise NeedsFfmpeg(kind=kind.upper())


def _read(data: bytes) -> tuple[Claim, Any, str]:
    """What the first bytes claim, and what libsndfile makes of it; else None and the kind that only ffmpeg reads."""
    if not data:
        raise EmptyRecording
    claim = examine(data)
    sound = _sound(io.BytesIO(claim.data))
    kind = _foreign_kind(claim) if sound is None else ""
    if kind is None:
        raise NotAudio
    return claim, sound, kind


def _sound(source: Any) -> Any:
    """What libsndfile makes of a file, or None."""
    try:
        sound = soundfile.SoundFile(source)
    except soundfile.LibsndfileError:
        return None
    return sound if sound.format in _FORMATS else None


def _one_call(decoder: Decoder) -> Decoder:
    if decoder.channels not in (1, 2) or not 4000 <= decoder.rate <= 192_000:
        raise NotOneCall(channels=decoder.channels, rate=decoder.rate)
    return decoder


def _foreign_kind(claim: Claim) -> str | None:
    """The kind of a file that only ffmpeg reads, by its first bytes."""
    data = claim.data
    if data[4:8] == b"ftyp":
        return "m4a"
    if data.startswith(b"#!AMR"):
        return "amr"
    if data.startswith(b"\x1aE\xdf\xa3"):
        return "webm"
    if data[:2] in (b"\xff\xf1", b"\xff\xf9"):
        return "aac"
    return "wav" if data[:4] == b"RIFF" and data[8:12] == b"WAVE" and b"fmt " in data[:64] else None


@contextmanager
def _through_ffmpeg(data: bytes, kind: str) -> Iterator[Any]:
    """The file rewritten as WAV by ffmpeg. Raises NeedsFfmpeg where there is none, NotAudio where it fails."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise NeedsFfmpeg(kind=kind.upper())
    with TemporaryDirectory(prefix="outbound-") as folder:
        source, target = Path(folder, f"recording.{kind}"), Path(folder, "decoded.wav")
        source.write_bytes(data)
        # The file comes from outside: ffmpeg may open this one file and nothing that it names.
        command = [ffmpeg, "-nostdin", "-v", "error", "-protocol_whitelist", "file", "-i", str(source), "-vn"]
        command += ["-t", str(MAX_HOURS * 3600 + 1), "-c:a", "pcm_s16le", "-f", "wav", str(target)]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=600)  # noqa: S603 - no shell, fixed arguments
        except (subprocess.SubprocessError, OSError):
            raise NotAudio from None
        sound = _sound(target)
        if sound is None:
            raise NotAudio
        yield sound


def as_segment(data: bytes) -> "AudioSegment":
    """The whole recording as pydub's 16-bit AudioSegment, for cutting, joining and mixing; raises as `opened` does."""
    from pydub import AudioSegment

    with opened(data) as decoder:
        pieces = [_as_16_bits(block).tobytes() for block in decoder.blocks(1 << 16)]
        rate, channels = decoder.rate, decoder.channels
    return AudioSegment(data=b"".join(pieces), sample_width=2, frame_rate=rate, channels=channels)


def _as_16_bits(block: Samples) -> NDArray[np.int16]:
    whole = block if block.dtype == np.int16 else np.clip(block, -1, 1) * 32767
    return whole.astype("<i2")
