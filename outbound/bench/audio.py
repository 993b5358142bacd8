"""`outbound bench audio`: how fast recordings are heard through, beside plain decoding and beside ffmpeg's filters.

Everything is measured as CPU seconds of one core (user and system, of ffmpeg's process too), so that a busy machine
disturbs the comparison as little as can be. ffmpeg is timed with its filters silencedetect and astats on the same file,
its own start included: on half an hour of sound that is below one per cent.
"""

import io
import json
import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import click
import numpy as np
import soundfile

from outbound.demo.tapes import CONFIRMED, DECLINED, SALES, tape
from qa.audio import analyse
from qa.audio.headers import examine
from qa.audio.hushing import hushed

KINDS = ("mp3", "wav", "alaw", "opus", "flac")
_FILTERS = {"silencedetect": "silencedetect=noise=-40dB:d=0.3", "astats": "astats", "both": "silencedetect,astats"}
_BLOCK = 1 << 18


def run(*, minutes: float, rounds: int, kinds: Sequence[str], as_json: bool) -> None:
    """Measure each format (all of KINDS where none is named) on a recording of that length, and print a line each."""
    if not as_json:
        click.echo(_heading(minutes))
    with TemporaryDirectory(prefix="outbound-bench-") as folder:
        for kind in kinds or KINDS:
            file = Path(folder, f"call.{'wav' if kind == 'alaw' else kind}")
            with hushed():
                file.write_bytes(_recording(kind, minutes))
                measured = measure(kind, file, rounds=rounds)
            click.echo(json.dumps(measured) if as_json else _line(measured))
    if not as_json and shutil.which("ffmpeg") is None:
        click.echo("ffmpeg is not installed: nothing to compare with (Debian: apt-get install ffmpeg)")


def measure(kind: str, file: Path, *, rounds: int) -> dict[str, Any]:
    """What one file costs to hear through, to decode, and ffmpeg to filter.

    `analyse_x` and the like are multiples of real time on one core; `ahead_of_…` says how many times as fast as ffmpeg
    we are (None where it is not installed).
    """
    data = file.read_bytes()
    heard = analyse(data)
    ours = heard.seconds / _best(rounds, process_time, lambda: analyse(data))
    # Decoders stop where a header says so; it is put right first, as it is for the analysis.
    whole = examine(data).data
    plain = heard.seconds / _best(rounds, process_time, lambda: _decode(whole))
    theirs = {name: _ffmpeg(file, heard.seconds, rounds, filters) for name, filters in _FILTERS.items()}
    return {
        "format": kind,
        "codec": heard.codec,
        "seconds": round(heard.seconds, 1),
        "channels": heard.channels,
        "sample_rate": heard.sample_rate,
        "analyse_x": round(ours),
        "decode_x": round(plain),
        "ratio_to_decoding": round(ours / plain, 3),
        **{f"ffmpeg_{name}_x": round(speed) if speed else None for name, speed in theirs.items()},
        **{f"ahead_of_{name}": round(ours / speed, 2) if speed else None for name, speed in theirs.items()},
    }


def _best(rounds: int, clock: Callable[[], float], work: Callable[[], object]) -> float:
    return min(_timed(clock, work) for _ in range(max(1, rounds)))


def _timed(clock: Callable[[], float], work: Callable[[], object]) -> float:
    begin = clock()
    work()
    return max(clock() - begin, 1e-9)


def _decode(data: bytes) -> None:
    with soundfile.SoundFile(io.BytesIO(data)) as sound:
        buffer = np.empty((_BLOCK, sound.channels), np.float32)
        while len(sound.read(out=buffer)):
            pass


def _ffmpeg(file: Path, seconds: float, rounds: int, filters: str) -> float | None:
    program = shutil.which("ffmpeg")
    if program is None:
        return None
    command = [program, "-nostdin", "-v", "info", "-nostats", "-threads", "1", "-i", str(file)]
    command += ["-af", filters, "-f", "null", "-"]
    return seconds / _best(
        rounds,
        _children_time,
        lambda: subprocess.run(command, check=True, capture_output=True),  # noqa: S603 - no shell, fixed arguments
    )


def _children_time() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _recording(kind: str, minutes: float) -> bytes:
    """The demo's calls one after another, until they are as long as is asked for."""
    pieces = list(_calls(minutes))
    if kind == "mp3":
        # Frames of one bit rate can be joined as they are, and stay what the recorder's encoder made.
        return b"".join(tape(name).sound for name in pieces)
    sound = np.concatenate([soundfile.read(io.BytesIO(tape(name).sound), dtype="float32")[0] for name in pieces])
    file = io.BytesIO()
    written = {"wav": ("WAV", "PCM_16"), "alaw": ("WAV", "ALAW"), "opus": ("OGG", "OPUS"), "flac": ("FLAC", "PCM_16")}
    form, subtype = written[kind]
    soundfile.write(file, sound, tape(pieces[0]).hearing.sample_rate, format=form, subtype=subtype)
    return file.getvalue()


def _calls(minutes: float) -> Iterator[str]:
    every, seconds, place = (*SALES, CONFIRMED, DECLINED), 0.0, 0
    while seconds < minutes * 60:
        name = every[place % len(every)]
        seconds, place = seconds + tape(name).hearing.seconds, place + 1
        yield name


def _heading(minutes: float) -> str:
    machine = f"{os.cpu_count()} cores, {minutes:g} minutes of calls at 8 kHz; multiples of real time on one core"
    names = ("format", "heard", "decoded", "ratio", "silencedetect", "astats", "both", "ahead")
    return f"{machine}\n" + "".join(f"{name:>14}" for name in names)


def _line(measured: dict[str, Any]) -> str:
    names = ("format", "analyse_x", "decode_x", "ratio_to_decoding", "ffmpeg_silencedetect_x", "ffmpeg_astats_x")
    cells = [measured[name] for name in (*names, "ffmpeg_both_x", "ahead_of_both")]
    return "".join(f"{'–' if cell is None else cell:>14}" for cell in cells)
