"""What is heard on recordings: the samples, made-up calls whose truth is known, and files that are no recordings."""

import io
import json
import stat
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from numpy.typing import NDArray

from outbound.cli import main
from outbound.errors import Refusal
from qa import audio
from qa.audio import speech
from qa.audio.headers import examine

SAMPLES = Path(__file__).parent / "samples" / "recordings"
TRUTH = json.loads((SAMPLES / "truth.json").read_text())
CALLS = [name for name, truth in TRUTH.items() if "steps" in truth]
RATE = 8000


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def samples_of(name: str) -> NDArray[np.float64]:
    samples, _ = soundfile.read(SAMPLES / name, always_2d=True)
    return np.asarray(samples)


def encoded(samples: Any, kind: str, subtype: str | None = None, *, rate: int = RATE, **options: Any) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=kind, subtype=subtype, **options)
    return file.getvalue()


def tone(hertz: float, seconds: float, *, level_db: float = -20.0) -> NDArray[np.float64]:
    times = np.arange(int(seconds * RATE)) / RATE
    return np.asarray(10 ** (level_db / 20) * np.sqrt(2) * np.sin(2 * np.pi * hertz * times))


def hiss(seconds: float, *, level_db: float) -> NDArray[np.float64]:
    chance = np.random.default_rng(20261121)
    return chance.standard_normal(int(seconds * RATE)) * 10 ** (level_db / 20)


def voice(start: float = 0.6, end: float = 3.8) -> NDArray[np.float64]:
    """The agent of a sample alone, between two seconds."""
    return samples_of("compliant-sale.mp3")[int(start * RATE) : int(end * RATE), 0]


# The samples


@pytest.mark.parametrize("name", [name for name, truth in TRUTH.items() if "seconds" in truth])
def test_a_samples_length_is_the_true_one(name: str) -> None:
    assert audio.analyse(sample(name)).seconds == pytest.approx(TRUTH[name]["seconds"], abs=0.006)


@pytest.mark.parametrize("name", CALLS)
def test_the_agent_is_heard_from_the_start_of_each_step(name: str) -> None:
    starts = [start for start, _ in audio.analyse(sample(name)).sides[0].spoken]
    for step in TRUTH[name]["steps"]:
        assert min(abs(start - step["start"]) for start in starts) < 0.06, step


@pytest.mark.parametrize("name", CALLS)
def test_the_agent_is_heard_in_the_steps_and_nowhere_else(name: str) -> None:
    agent = audio.analyse(sample(name)).sides[0]
    steps = [(step["start"], step["end"]) for step in TRUTH[name]["steps"]]
    within = sum(max(0.0, min(end, stop) - max(start, begin)) for start, end in agent.spoken for begin, stop in steps)
    assert agent.speech_seconds - within < 0.3
    # Each step ends with 0.7 s of silence that belongs to its sentence.
    assert within == pytest.approx(sum(stop - begin - 0.7 for begin, stop in steps), rel=0.03)


@pytest.mark.parametrize("name", CALLS)
def test_the_customer_is_heard_only_between_the_agents_steps(name: str) -> None:
    hearing = audio.analyse(sample(name))
    assert hearing.sides[1].speech_seconds > 1
    assert hearing.overlap_seconds < 0.05


def test_speech_and_silence_make_up_the_whole_call() -> None:
    hearing = audio.analyse(sample("compliant-sale.mp3"))
    assert hearing.speech_seconds + hearing.silence_seconds == pytest.approx(hearing.seconds)
    assert hearing.speech_seconds == pytest.approx(sum(side.speech_seconds for side in hearing.sides), abs=0.05)


def test_talk_shares_sum_to_one_and_the_agent_of_a_pitch_talks_most() -> None:
    agent, customer = audio.analyse(sample("compliant-sale.mp3")).sides
    assert agent.talk_share + customer.talk_share == pytest.approx(1, abs=1e-4)
    assert agent.talk_share > 0.85


def test_the_same_call_is_heard_alike_in_stereo_mp3_mono_alaw_and_opus() -> None:
    heard = [
        audio.analyse(sample(f"compliant-sale{ending}")).speech_seconds for ending in (".mp3", "-mono-alaw.wav", ".ogg")
    ]
    assert max(heard) - min(heard) < 1.0


def test_a_mono_recording_has_one_side() -> None:
    hearing = audio.analyse(sample("compliant-sale-mono-alaw.wav"))
    assert (hearing.channels, hearing.codec, len(hearing.sides), hearing.overlap_seconds) == (1, "alaw", 1, 0.0)


def test_two_channels_with_the_same_sound_are_one_side_without_overlap() -> None:
    hearing = audio.analyse(sample("compliant-sale.ogg"))
    assert (hearing.channels, hearing.codec, len(hearing.sides), hearing.overlap_seconds) == (2, "opus", 1, 0.0)


def test_dead_air_is_a_recording_on_which_nobody_speaks() -> None:
    hearing = audio.analyse(sample("dead-air.mp3"))
    assert (hearing.seconds, hearing.speech_seconds, hearing.valid) == (45.0, 0.0, False)
    assert isinstance(hearing.reason, audio.NobodySpeaks)
    assert hearing.longest_silence == hearing.seconds


def test_an_overdriven_recording_is_clipped_on_both_sides() -> None:
    hearing = audio.analyse(sample("clipped.wav"))
    assert hearing.clipped
    assert all(side.clipped_share > 0.01 for side in hearing.sides)
    assert hearing.valid


def test_a_clean_recording_is_not_clipped() -> None:
    assert not audio.analyse(sample("compliant-sale.mp3")).clipped


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("truncated.mp3", audio.TruncatedRecording),
        ("empty.wav", audio.EmptyRecording),
        ("not-audio.wav", audio.NotAudio),
    ],
)
def test_a_broken_sample_is_refused_by_name(name: str, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        audio.analyse(sample(name))


# What is measured


def test_both_speaking_at_once_is_overlap() -> None:
    both = np.stack([voice(0.6, 3.8), voice(17.9, 21.1)], axis=1)
    hearing = audio.analyse(encoded(both, "WAV", "PCM_16"))
    assert hearing.overlap_seconds > 2.5
    assert hearing.overlap_seconds <= min(side.speech_seconds for side in hearing.sides)


def test_the_agents_echo_in_the_customers_channel_is_not_the_customer() -> None:
    agent = voice(17.9, 30)
    hearing = audio.analyse(
        encoded(np.stack([agent, agent * 10 ** (-32 / 20)], axis=1) + _floor(agent), "WAV", "PCM_16")
    )
    assert hearing.sides[-1].speech_seconds < 0.2
    assert hearing.overlap_seconds < 0.2


def _floor(agent: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.random.default_rng(7).standard_normal((len(agent), 2)) * 10 ** (-52 / 20)


def test_a_stretch_in_which_the_line_is_dead_is_a_gap() -> None:
    call = np.tile(np.concatenate([voice(), np.zeros(RATE)]), 6)
    call += np.random.default_rng(3).standard_normal(len(call)) * 10 ** (-60 / 20)
    call[9 * RATE : 11 * RATE] = 0
    (gap,) = audio.analyse(encoded(call, "WAV", "PCM_16")).gaps
    assert gap == pytest.approx((9.0, 11.0), abs=0.03)


def test_pauses_that_a_recorder_writes_as_zeros_are_no_gaps() -> None:
    call = np.tile(np.concatenate([voice(), np.zeros(2 * RATE)]), 4)
    assert audio.analyse(encoded(call, "WAV", "PCM_16")).gaps == ()


def test_the_longest_silence_is_found_between_two_sentences() -> None:
    call = np.concatenate([voice(), np.zeros(7 * RATE), voice()])
    assert audio.analyse(encoded(call, "WAV", "PCM_16")).longest_silence == pytest.approx(7.0, abs=0.1)


def test_the_level_falls_with_the_volume() -> None:
    loud, quiet = (audio.analyse(encoded(voice() * gain, "WAV", "PCM_16")).level for gain in (1.0, 0.25))
    assert loud - quiet == pytest.approx(20 * np.log10(4), abs=0.3)


def test_the_waveform_keeps_a_thousand_peaks_that_follow_the_sound() -> None:
    call = np.concatenate([np.zeros(10 * RATE), np.full(10 * RATE, 0.5) * np.sign(tone(300, 10))])
    peaks = audio.analyse(encoded(call, "WAV", "PCM_16")).sides[0].peaks
    assert len(peaks) == 1000
    assert set(peaks[:499]) == {0}
    assert set(peaks[501:]) == {50}


@pytest.mark.parametrize("level_db", [-50, -40, -30, -20])
def test_hiss_is_not_speech(level_db: int) -> None:
    assert not audio.analyse(encoded(hiss(20, level_db=level_db), "WAV", "PCM_16")).valid


@pytest.mark.parametrize(
    ("hertz", "on", "off"), [(450, 1.0, 4.0), (450, 0.35, 0.35), (50, 20.0, 0.0), (1100, 0.5, 3.0)]
)
def test_ringing_busy_and_fax_tones_and_hum_are_not_speech(hertz: float, on: float, off: float) -> None:
    call = np.tile(np.concatenate([tone(hertz, on), np.zeros(int(off * RATE))]), max(1, int(20 / (on + off))))
    hearing = audio.analyse(encoded(call, "WAV", "PCM_16"))
    assert isinstance(hearing.reason, audio.NobodySpeaks)


def test_american_ringing_of_two_tones_is_not_speech() -> None:
    ring = np.concatenate([tone(440, 2.0) + tone(480, 2.0), np.zeros(4 * RATE)])
    assert not audio.analyse(encoded(np.tile(ring, 5), "WAV", "PCM_16")).valid


def test_a_click_is_not_speech() -> None:
    call = np.zeros(10 * RATE)
    call[40_000:40_080] = 0.9
    assert not audio.analyse(encoded(call, "WAV", "PCM_16")).valid


@pytest.mark.parametrize("level_db", [-60, -50, -40])
def test_speech_is_still_heard_over_hiss(level_db: int) -> None:
    agent = samples_of("compliant-sale.mp3")[:, 0]
    clean = audio.analyse(encoded(agent, "WAV", "PCM_16")).speech_seconds
    noisy = agent + hiss(len(agent) / RATE + 1, level_db=level_db)[: len(agent)]
    assert audio.analyse(encoded(noisy, "WAV", "PCM_16")).speech_seconds == pytest.approx(clean, rel=0.05)


def test_a_quiet_voice_is_heard() -> None:
    call = np.concatenate([voice() * 10 ** (-20 / 20), np.zeros(3 * RATE)])
    assert audio.analyse(encoded(call, "WAV", "PCM_16")).valid


def test_a_single_word_counts_as_somebody_speaking() -> None:
    call = np.concatenate([np.zeros(4 * RATE), voice(0.6, 1.2), np.zeros(4 * RATE)])
    assert audio.analyse(encoded(call, "WAV", "PCM_16")).valid


def test_a_call_longer_than_one_block_is_measured_as_if_it_were_one() -> None:
    once = samples_of("compliant-sale.mp3")
    times = 16
    one, many = (audio.analyse(encoded(np.tile(once, (n, 1)), "WAV", "PCM_16")) for n in (1, times))
    assert many.seconds == pytest.approx(times * one.seconds, abs=0.01)
    assert many.speech_seconds == pytest.approx(times * one.speech_seconds, rel=0.01)


# Valid or not


def test_a_recording_shorter_than_the_campaigns_minimum_is_not_valid() -> None:
    hearing = audio.analyse(sample("confirmation-no.mp3"))
    assert audio.verdict(hearing, 20).valid
    judged = audio.verdict(hearing, 30)
    assert not judged.valid
    assert isinstance(judged.reason, audio.TooShort)
    assert judged.reason.sentence("en") == "The recording lasts 20.7 s, less than the 30 s that this campaign asks for."


def test_the_figures_are_json_with_the_reason_in_the_readers_language() -> None:
    figures = audio.analyse(sample("dead-air.mp3")).figures(language="zh")
    assert json.loads(json.dumps(figures))["reason"] == "录音中无人说话，请检查录音线路或耳麦。"
    wanted = {"seconds", "channels", "speech_seconds", "silence_seconds", "overlap_seconds", "clipped", "valid"}
    assert wanted <= set(figures)


# Formats


@pytest.mark.parametrize(
    ("kind", "subtype", "codec"),
    [
        ("WAV", "PCM_16", "pcm16"),
        ("WAV", "PCM_24", "pcm24"),
        ("WAV", "FLOAT", "float"),
        ("WAV", "ALAW", "alaw"),
        ("WAV", "ULAW", "ulaw"),
        ("WAV", "GSM610", "gsm"),
        ("FLAC", "PCM_16", "flac"),
        ("OGG", "VORBIS", "vorbis"),
        ("OGG", "OPUS", "opus"),
        ("MP3", "MPEG_LAYER_III", "mp3"),
    ],
)
def test_a_call_is_heard_in_every_format_of_a_recorder(kind: str, subtype: str, codec: str) -> None:
    call = np.concatenate([voice(0.6, 3.8), voice(5.1, 7.4)])
    hearing = audio.analyse(encoded(call, kind, subtype))
    assert hearing.codec == codec
    assert hearing.seconds == pytest.approx(5.5, abs=0.05)
    assert hearing.speech_seconds == pytest.approx(5.4, abs=0.3)
    assert hearing.valid


@pytest.mark.parametrize("rate", [11025, 16000, 44100, 48000])
def test_the_sample_rate_does_not_change_what_is_heard(rate: int) -> None:
    call = np.interp(
        np.arange(int(6 * rate)) / rate, np.arange(6 * RATE) / RATE, samples_of("compliant-sale.mp3")[: 6 * RATE, 0]
    )
    hearing = audio.analyse(encoded(call, "WAV", "PCM_16", rate=rate))
    assert (hearing.sample_rate, hearing.seconds) == (rate, 6.0)
    assert hearing.speech_seconds == pytest.approx(4.1, abs=0.3)


def test_values_that_are_no_numbers_are_heard_as_silence() -> None:
    call = voice(0.6, 6.6).astype(np.float32)
    call[100:200] = np.nan
    assert np.isfinite(audio.analyse(encoded(call, "WAV", "FLOAT")).level)


def test_a_segment_of_pydub_holds_the_same_sound() -> None:
    segment = audio.as_segment(sample("confirmation-no.mp3"))
    assert (segment.channels, segment.frame_rate) == (2, RATE)
    assert segment.duration_seconds == pytest.approx(20.744, abs=0.01)
    assert segment.max > 8000


# Headers that lie


def _with_frame_count(data: bytes, change: float) -> bytes:
    at = max(data.find(b"Xing"), data.find(b"Info")) + 8
    (frames,) = struct.unpack_from(">I", data, at)
    return data[:at] + struct.pack(">I", int(frames * change)) + data[at + 4 :]


def test_an_mp3_whose_header_counts_too_few_frames_is_heard_to_its_end() -> None:
    lying = _with_frame_count(sample("compliant-sale.mp3"), 0.2)
    assert audio.analyse(lying).seconds == pytest.approx(66.14, abs=0.1)


def test_an_mp3_whose_header_counts_too_many_frames_is_truncated() -> None:
    with pytest.raises(audio.TruncatedRecording):
        audio.analyse(_with_frame_count(sample("compliant-sale.mp3"), 1.5))


def test_a_variable_rate_mp3_without_a_header_is_heard_to_its_end() -> None:
    data = encoded(samples_of("compliant-sale.mp3"), "MP3", bitrate_mode="VARIABLE", compression_level=0.5)
    at = data.find(b"Xing")
    without = data[:at] + bytes(120) + data[at + 120 :]
    assert audio.analyse(without).seconds == pytest.approx(66.2, abs=0.3)


def test_two_mp3_files_stuck_together_are_heard_both() -> None:
    twice = sample("confirmation-no.mp3") * 2
    assert audio.analyse(twice).seconds == pytest.approx(2 * 20.74, abs=0.3)


@pytest.mark.parametrize(
    "name", ["compliant-sale.mp3", "compliant-sale.ogg", "clipped.wav", "compliant-sale-mono-alaw.wav"]
)
def test_half_a_recording_is_truncated(name: str) -> None:
    data = sample(name)
    with pytest.raises(audio.TruncatedRecording) as refused:
        audio.analyse(data[: len(data) // 2])
    assert float(refused.value.facts["held"]) > 1


def test_half_a_flac_is_truncated() -> None:
    data = encoded(samples_of("compliant-sale.mp3"), "FLAC", "PCM_16")
    with pytest.raises(audio.TruncatedRecording):
        audio.analyse(data[: len(data) // 2])


@pytest.mark.parametrize("size", [0, 0xFFFF_FFFF, 0x7FFF_FFFF, 1000])
def test_a_wav_whose_size_was_never_filled_in_is_heard_to_its_end(size: int) -> None:
    data = bytearray(sample("clipped.wav"))
    struct.pack_into("<I", data, data.find(b"data") + 4, size)
    assert audio.analyse(bytes(data)).seconds == 12.0


def test_notes_after_the_sound_of_a_wav_are_not_heard() -> None:
    notes = b"LIST" + struct.pack("<I", 4000) + b"INFO" + b"note" * 999
    assert audio.analyse(sample("clipped.wav") + notes).seconds == 12.0


def test_a_wav_without_any_sound_is_empty() -> None:
    with pytest.raises(audio.EmptyRecording):
        audio.analyse(encoded(np.zeros((0, 1)), "WAV", "PCM_16"))


def test_a_recording_of_a_few_samples_is_too_short_and_breaks_nothing() -> None:
    hearing = audio.analyse(encoded(np.zeros((5, 2)), "WAV", "PCM_16"))
    assert isinstance(hearing.reason, audio.TooShort)
    assert json.dumps(hearing.figures())


def test_a_sound_header_is_left_as_it_is() -> None:
    for name in ("compliant-sale.mp3", "compliant-sale.ogg", "clipped.wav"):
        claim = examine(sample(name))
        assert (claim.data, claim.present) == (sample(name), 1.0)


# The command


def heard(*words: str) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(main, ["audio", *words, "--json"])
    return done.exit_code, json.loads(done.stdout)


@pytest.mark.parametrize("name", [name for name, truth in TRUTH.items() if "seconds" in truth])
def test_the_command_tells_the_true_figures(name: str) -> None:
    code, told = heard(str(SAMPLES / name))
    assert (code, told["seconds"]) == (0, pytest.approx(TRUTH[name]["seconds"], abs=0.006))
    assert (told["channels"], told["clipped"]) == (2, name == "clipped.wav")
    assert (told["valid"], told["reason"] is None) == (name != "dead-air.mp3",) * 2
    assert told["speech_seconds"] + told["silence_seconds"] == pytest.approx(told["seconds"])


@pytest.mark.parametrize("name", [name for name, truth in TRUTH.items() if truth.get("refused")])
def test_the_command_refuses_a_broken_file_with_its_sentence(name: str) -> None:
    code, told = heard(str(SAMPLES / name))
    assert (code, told["valid"], told["seconds"]) == (1, False, None)
    assert told["reason"].endswith(".") and told["refused"] == told["reason"]


def test_the_command_holds_a_recording_to_the_minimum_that_is_asked_for() -> None:
    _code, told = heard(str(SAMPLES / "confirmation-no.mp3"), "--minimum", "30")
    assert (told["valid"], told["reason"][:30]) == (False, "The recording lasts 20.7 s, le")


def test_the_command_says_nothing_besides_of_a_sound_file(capfd: pytest.CaptureFixture[str]) -> None:
    heard(str(SAMPLES / "compliant-sale.mp3"))
    assert capfd.readouterr().err == ""
    print("still heard", file=sys.stderr)
    assert capfd.readouterr().err == "still heard\n"


# Files that are no recordings


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n" + bytes(5000),
        b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(256)) * 20,
        "姓名,电话\n王秀英,13800138000\n".encode("utf-16") * 100,
        b"ID3\x04\x00\x00\x00\x00\x00\x7f" + b"text " * 500,
        b"RIFF\x24\x00\x00\x00WAVE",
        b"OggS" + bytes(300),
        b"fLaC" + bytes(300),
        b"x",
        bytes(10_000),
    ],
    ids=["png", "jpeg", "utf-16 text", "id3 alone", "riff alone", "ogg alone", "flac alone", "one byte", "zeros"],
)
def test_what_is_no_sound_is_refused(data: bytes) -> None:
    with pytest.raises((audio.NotAudio, audio.TruncatedRecording, audio.EmptyRecording)):
        audio.analyse(data)


def test_bytes_changed_at_random_are_heard_or_refused_but_break_nothing() -> None:
    chance = np.random.default_rng(5)
    for name in ("confirmation-no.mp3", "compliant-sale.ogg", "clipped.wav"):
        for _ in range(15):
            data = bytearray(sample(name)[:40_000])
            for at in chance.integers(0, 400, 12):
                data[at] = chance.integers(0, 256)
            try:
                assert audio.analyse(bytes(data)).seconds >= 0
            except Refusal as refused:
                assert refused.sentence("zh")


def test_three_channels_are_not_a_call() -> None:
    with pytest.raises(audio.NotOneCall):
        audio.analyse(encoded(np.zeros((RATE, 3)), "WAV", "PCM_16"))


def test_a_recording_of_many_calls_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.audio.decoding.MAX_HOURS", 0.01)
    with pytest.raises(audio.TooLong):
        audio.analyse(sample("compliant-sale.mp3"))


@pytest.mark.parametrize(
    ("data", "kind"), [(b"\x00\x00\x00\x20ftypM4A " + bytes(500), "M4A"), (b"#!AMR\n" + bytes(500), "AMR")]
)
def test_m4a_and_amr_say_that_they_need_ffmpeg(data: bytes, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(audio.NeedsFfmpeg, match=kind):
        audio.analyse(data)


def _install_ffmpeg(folder: Path, body: str) -> None:
    """A stand-in for ffmpeg, run with the real one's arguments: the file to write comes last."""
    program = folder / "ffmpeg"
    program.write_text(f"#!{sys.executable}\nimport shutil, sys\n{body}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def test_what_ffmpeg_makes_of_an_amr_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install_ffmpeg(tmp_path, f"shutil.copy({str(SAMPLES / 'clipped.wav')!r}, sys.argv[-1])")
    monkeypatch.setenv("PATH", str(tmp_path))
    hearing = audio.analyse(b"#!AMR\n" + bytes(500))
    assert (hearing.codec, hearing.seconds) == ("amr", 12.0)


def test_an_amr_that_ffmpeg_cannot_read_is_not_audio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install_ffmpeg(tmp_path, "sys.exit(1)")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(audio.NotAudio):
        audio.analyse(b"#!AMR\n" + bytes(500))


def test_every_refusal_has_a_sentence_in_both_languages() -> None:
    refusals = [
        audio.NotAudio(),
        audio.EmptyRecording(),
        audio.TruncatedRecording(held="3.1"),
        audio.NeedsFfmpeg(kind="AMR"),
        audio.NotOneCall(channels=6, rate=8000),
        audio.TooLong(hours=24),
        audio.TooShort(seconds="3.0", minimum="5"),
        audio.NobodySpeaks(),
    ]
    for refusal in refusals:
        assert refusal.sentence("en").endswith(".")
        assert refusal.sentence("zh").endswith("。")


def test_how_steady_a_tone_is_does_not_depend_on_what_went_before_it() -> None:
    """Half an hour of speech before it: a running total in 32 bits would have forgotten a tenth of a decibel."""
    levels = np.random.default_rng(1).normal(-50, 5, 90_000).astype(np.float32)
    levels[-100:] = -20
    windows = np.lib.stride_tricks.sliding_window_view(levels.astype(np.float64), 13)
    assert np.abs(speech._moving_variance(levels, 13) - windows.var(axis=1)).max() < 0.01
