"""The benchmark of hearing recordings through, on half a minute of sound: what it measures, not how fast it is."""

import json

import pytest
from click.testing import CliRunner

from outbound.cli import main


def test_each_format_is_a_line_with_its_ratios(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    asked = ["bench", "audio", "--minutes", "0.5", "--rounds", "1", "--format", "mp3", "--format", "wav", "--json"]
    done = CliRunner().invoke(main, asked)
    mp3, wav = (json.loads(line) for line in done.stdout.splitlines())
    assert (mp3["codec"], wav["codec"], mp3["sample_rate"]) == ("mp3", "pcm16", 8000)
    assert mp3["seconds"] == pytest.approx(wav["seconds"], abs=0.3)
    assert 0 < mp3["ratio_to_decoding"] <= 2
    assert (mp3["ffmpeg_both_x"], mp3["ahead_of_both"]) == (None, None)


def test_it_says_plainly_that_there_is_no_ffmpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    done = CliRunner().invoke(main, ["bench", "audio", "--minutes", "0.1", "--rounds", "1", "--format", "wav"])
    assert "ffmpeg is not installed" in done.stdout
