"""Recordings that only ffmpeg reads, through a real one: AMR and M4A as telephones and recorders write them."""

import json
import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest
from click.testing import CliRunner

from outbound.cli import main
from qa import audio

SAMPLE = Path(__file__).parent / "samples" / "recordings" / "confirmation-no.mp3"
FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
AMR = ("amr", "-c:a", "libopencore_amrnb", "-ac", "1", "-b:a", "12.2k")
M4A = ("m4a", "-c:a", "aac", "-b:a", "32k")
WMA_IN_WAV = ("wav", "-c:a", "wmav2")


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which ffmpeg is installed."""
    (tmp_path / "ffmpeg").symlink_to(FFMPEG)
    monkeypatch.setenv("PATH", str(tmp_path))


def written(folder: Path, kind: str, *how: str) -> bytes:
    """The sample call as another program writes it."""
    file = folder / f"call.{kind}"
    subprocess.run([FFMPEG, "-v", "error", "-i", str(SAMPLE), *how, str(file)], check=True)
    return file.read_bytes()


@pytest.mark.parametrize(("how", "channels"), [(AMR, 1), (M4A, 2)], ids=["amr", "m4a"])
def test_what_a_telephone_writes_is_heard_as_the_call_that_it_was(
    tmp_path: Path, how: tuple[str, ...], channels: int
) -> None:
    true, heard = audio.analyse(SAMPLE.read_bytes()), audio.analyse(written(tmp_path, *how))
    assert (heard.codec, heard.channels, heard.sample_rate) == (how[0], channels, 8000)
    assert heard.seconds == pytest.approx(true.seconds, abs=0.3)
    assert heard.speech_seconds == pytest.approx(true.speech_seconds, rel=0.05)
    assert heard.valid and not heard.clipped


def test_both_sides_of_an_m4a_stay_apart(tmp_path: Path) -> None:
    true, heard = audio.analyse(SAMPLE.read_bytes()), audio.analyse(written(tmp_path, *M4A))
    for side, as_heard in zip(true.sides, heard.sides, strict=True):
        assert as_heard.speech_seconds == pytest.approx(side.speech_seconds, rel=0.1)
    assert heard.overlap_seconds < 0.1


def test_a_wav_of_a_codec_that_we_do_not_read_is_heard_through_ffmpeg(tmp_path: Path) -> None:
    heard = audio.analyse(written(tmp_path, *WMA_IN_WAV))
    assert (heard.codec, heard.valid) == ("wav", True)


def test_an_m4a_that_breaks_off_is_refused(tmp_path: Path) -> None:
    data = written(tmp_path, *M4A)
    with pytest.raises(audio.NotAudio):
        audio.analyse(data[: len(data) // 2])


def test_an_amr_that_breaks_off_is_as_long_as_what_is_there(tmp_path: Path) -> None:
    data = written(tmp_path, *AMR)
    whole, half = audio.analyse(data).seconds, audio.analyse(data[: len(data) // 2]).seconds
    assert half == pytest.approx(whole / 2, abs=0.1)


def test_nothing_that_ffmpeg_was_given_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, room = written(tmp_path, *AMR), tmp_path / "temporary"
    room.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(room))
    audio.analyse(data)
    assert list(room.iterdir()) == []


def test_the_command_tells_of_an_m4a_what_it_tells_of_any_recording(tmp_path: Path) -> None:
    written(tmp_path, *M4A)
    done = CliRunner().invoke(main, ["audio", str(tmp_path / "call.m4a"), "--json"])
    told = json.loads(done.stdout)
    assert (done.exit_code, told["valid"], told["codec"]) == (0, True, "m4a")


def test_the_benchmark_holds_us_against_ffmpeg_on_the_same_file() -> None:
    asked = ["bench", "audio", "--minutes", "0.5", "--rounds", "1", "--format", "wav", "--json"]
    (told,) = (json.loads(line) for line in CliRunner().invoke(main, asked).stdout.splitlines())
    for name in ("silencedetect", "astats", "both"):
        assert told[f"ffmpeg_{name}_x"] > 0
        assert told[f"ahead_of_{name}"] > 0
