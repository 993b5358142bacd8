"""What a file's header claims, held against what the file contains.

Decoders believe headers: an MP3 whose Xing tag counts too few frames, or a variable-rate MP3 without that tag, is
played only in part, and a WAV whose data size was never filled in plays as empty. Here the frames and bytes are
counted, and a header that says too little is put right before the file is decoded. One that says too much is reported.
"""

import struct
from dataclasses import dataclass

_UNKNOWN_SIZE = 0x7FFF_0000
"""From here on a WAV's data size means "not known": recorders that write to a pipe fill in -1 or the largest number."""

_HEADER_SLIP = 256
"""Bytes by which careless recorders overstate the data size: they count the header too."""

_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_KBPS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBPS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


@dataclass(frozen=True)
class Claim:
    """The file as it should be decoded; and what share of the sound that its header promises is there (1.0: all)."""

    data: bytes
    present: float = 1.0


def examine(data: bytes) -> Claim:
    """The file with its header put right where it says too little, and how much of what it promises is present."""
    if data[:4] in (b"RIFF", b"RIFX") and data[8:12] == b"WAVE":
        return _examine_wav(data, ">" if data[:4] == b"RIFX" else "<")
    if data[:4] == b"OggS":
        return Claim(data, 1.0 if _last_page_is_whole(data) else 0.0)
    start = _after_id3(data)
    if _frame_length(data, start):
        return _examine_mp3(data, start)
    return Claim(data)


def _examine_wav(data: bytes, order: str) -> Claim:
    at = _find_chunk(data, b"data", order)
    if at is None:
        return Claim(data)
    begins = at + 8
    there = len(data) - begins
    (promised,) = struct.unpack_from(order + "I", data, at + 4)
    if promised <= there and _chunks_follow(data, begins + promised + promised % 2, order):
        return Claim(data)
    if there < promised < _UNKNOWN_SIZE:
        return Claim(data, 1.0 if promised - there <= _HEADER_SLIP else there / promised)
    mended = bytearray(data)
    struct.pack_into(order + "I", mended, at + 4, min(there, 0xFFFF_FFFF))
    return Claim(bytes(mended))


def _find_chunk(data: bytes, name: bytes, order: str) -> int | None:
    at = 12
    while at + 8 <= len(data):
        if data[at : at + 4] == name:
            return at
        (size,) = struct.unpack_from(order + "I", data, at + 4)
        at += 8 + size + size % 2
    return None


def _chunks_follow(data: bytes, at: int, order: str) -> bool:
    """Whether the rest of the file is made of named chunks; otherwise it is sound that the header forgot."""
    while at + 8 <= len(data):
        if not data[at : at + 4].isascii() or not data[at : at + 4].decode().isprintable():
            return False
        (size,) = struct.unpack_from(order + "I", data, at + 4)
        at += 8 + size + size % 2
    return at <= len(data) + 1


def _last_page_is_whole(data: bytes) -> bool:
    at = data.rfind(b"OggS")
    if at + 27 > len(data):
        return False
    segments = data[at + 26]
    return at + 27 + segments + sum(data[at + 27 : at + 27 + segments]) <= len(data)


def _after_id3(data: bytes) -> int:
    if data[:3] != b"ID3" or len(data) < 10:
        return 0
    a, b, c, d = (byte & 0x7F for byte in data[6:10])
    return 10 + (a << 21 | b << 14 | c << 7 | d)


def _frame_length(data: bytes, at: int) -> int:
    """The length in bytes of the MPEG layer III frame at `at`, or 0 where there is none (ISO/IEC 11172-3, 2.4.1.3)."""
    if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] & 0xE6 != 0xE2:
        return 0
    version, index, rate = data[at + 1] >> 3 & 3, data[at + 2] >> 4, data[at + 2] >> 2 & 3
    if version == 1 or index in (0, 15) or rate == 3:
        return 0
    kbps = (_KBPS_1 if version == 3 else _KBPS_2)[index]
    return (144_000 if version == 3 else 72_000) * kbps // _RATES[version][rate] + (data[at + 2] >> 1 & 1)


def _examine_mp3(data: bytes, start: int) -> Claim:
    frames, same_rate = _count_frames(data, start)
    tag = _tag_position(data, start)
    if tag is None:
        return Claim(data if same_rate else _with_tag(data, start, frames))
    if not data[tag + 7] & 1:
        return Claim(data)
    (promised,) = struct.unpack_from(">I", data, tag + 8)
    sound = frames - 1
    if promised >= sound:
        return Claim(data, sound / promised if promised > sound + 1 else 1.0)
    mended = bytearray(data)
    struct.pack_into(">I", mended, tag + 8, sound)
    return Claim(bytes(mended))


def _count_frames(data: bytes, at: int) -> tuple[int, bool]:
    """Whole frames from `at` on, skipping what is not a frame, and whether all have one bit rate."""
    frames, rates = 0, set()
    while 0 <= at < len(data) - 4:
        length = _frame_length(data, at)
        if length and at + length <= len(data):
            frames += 1
            rates.add(data[at + 2] >> 4)
            at += length
        else:
            at = data.find(b"\xff", at + 1)
    return frames, len(rates) <= 1


def _side_information(data: bytes, at: int) -> int:
    """Bytes of side information after a frame's header: where a Xing or Info tag stands."""
    mono = data[at + 3] >> 6 == 3
    if data[at + 1] >> 3 & 3 == 3:
        return 17 if mono else 32
    return 9 if mono else 17


def _tag_position(data: bytes, start: int) -> int | None:
    at = start + 4 + _side_information(data, start)
    return at if data[at : at + 4] in (b"Xing", b"Info") and len(data) >= at + 12 else None


def _with_tag(data: bytes, start: int, frames: int) -> bytes:
    """The file with a Xing tag before its first frame, so that a decoder knows its true length."""
    length = _frame_length(data, start)
    tag_at = 4 + _side_information(data, start)
    if length < tag_at + 12:
        return data
    tag = bytearray(length)
    tag[:4] = data[start : start + 4]
    tag[1] |= 1  # no checksum follows the header, so that the tag stands where decoders look
    tag[tag_at : tag_at + 12] = b"Xing" + struct.pack(">II", 1, frames)
    return data[:start] + bytes(tag) + data[start:]
