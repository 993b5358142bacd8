"""The one command that sets a bare machine up: what it refuses, and how it says so."""

import ast
import importlib.machinery
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from types import ModuleType

import pytest

RUN = Path(__file__).resolve().parent.parent / "run"
Usage = namedtuple("Usage", ["total", "used", "free"])


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The command as a module, at home in an empty folder with a lock file of nothing."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader = importlib.machinery.SourceFileLoader("run_command", str(RUN))
    spec = importlib.util.spec_from_loader("run_command", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module.signal, "signal", lambda *_: None)
    (tmp_path / "requirements.lock").write_text("")
    return module


@pytest.fixture
def small_room(run: ModuleType, tmp_path: Path) -> Path:
    """A sound environment without packages, made from the interpreter that runs the tests."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True)
    site = next((tmp_path / ".venv/lib").glob("python*")) / "site-packages"
    (site / "pip").mkdir()
    (site / "pip/__init__.py").touch()
    return tmp_path / ".venv"


def command(*arguments: str, folder: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Runs the command as a user does."""
    return subprocess.run(
        [sys.executable, RUN, *arguments], capture_output=True, encoding="utf-8", cwd=folder, check=False
    )


def is_bilingual(text: str) -> bool:
    """Whether a text has Chinese and English in it."""
    return any("\u4e00" <= sign <= "\u9fff" for sign in text) and any(word.isascii() for word in text.split())


def test_alone_it_says_in_both_languages_what_it_can_do() -> None:
    told = command()
    assert told.returncode == 0
    assert is_bilingual(told.stdout)
    for name in ("demo", "test", "check", "lock"):
        assert f"  {name} " in told.stdout


def test_help_says_the_same_from_any_folder(tmp_path: Path) -> None:
    assert command("--help", folder=tmp_path).stdout == command().stdout


def test_an_unknown_command_is_refused_in_one_sentence() -> None:
    told = command("dance")
    assert told.returncode == 1
    assert told.stderr == "没有这个命令：dance；见 ./run --help\nNo such command: dance; see ./run --help\n"


def test_sentences_come_out_on_a_machine_without_a_chinese_locale() -> None:
    told = subprocess.run(
        [sys.executable, RUN, "dance"],
        capture_output=True,
        env={**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
        check=False,
    )
    assert "没有这个命令" in told.stderr.decode("utf-8")


@pytest.mark.parametrize("version", [(3, 5, 2), (3, 10, 13)])
def test_too_old_a_python_is_told_which_one_is_needed(run: ModuleType, version: tuple[int, ...]) -> None:
    with pytest.raises(run.Stop, match=r"Python 3\.11 or later is needed, and this is 3\.\d+:") as refused:
        run.refuse_old_python(version)
    assert is_bilingual(str(refused.value))


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 14, 1), (4, 0, 0)])
def test_a_python_from_3_11_on_is_welcome(run: ModuleType, version: tuple[int, ...]) -> None:
    run.refuse_old_python(version)


def test_too_old_a_python_can_read_the_file_far_enough_to_refuse() -> None:
    tree = ast.parse(RUN.read_text(encoding="utf-8"), feature_version=(3, 5))
    too_new = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Match)
    assert [node for node in ast.walk(tree) if isinstance(node, too_new)] == []


def test_a_port_in_use_is_refused_before_anything_is_installed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = command("demo", "--port", str(port))
    assert told.returncode == 1
    assert told.stdout == ""
    assert f"端口 {port} 已被其他程序占用" in told.stderr
    assert f"Port {port} is in use by another program: choose another" in told.stderr


def test_a_port_that_cannot_be_is_refused() -> None:
    told = command("demo", "--port", "65536")
    assert told.returncode == 1
    assert "'65536' is not a port (1 to 65535)" in told.stderr
    assert "参数有误" in told.stderr


def test_an_address_that_is_not_ours_is_refused(run: ModuleType) -> None:
    with pytest.raises(run.Stop, match=r"Cannot listen at 192\.0\.2\.1, port 8000: "):
        run.refuse_address("192.0.2.1", 8000)


def test_a_full_disk_is_refused_before_the_first_set_up(
    run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**10, 10**10, 250 * 10**6))
    monkeypatch.setattr(run, "refuse_address", lambda *_: None)
    assert run.main(["demo"]) == 1
    told = capfdbinary.readouterr().err.decode()
    assert f"the first set-up needs 1000 MB, and {tmp_path} has 250 MB left." in told
    assert "磁盘空间不足" in told
    assert not (tmp_path / ".venv").exists()


def test_where_the_venv_module_is_missing_the_command_that_installs_it_is_named(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "has_venv", lambda: False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    package = "python{}.{}-venv".format(*sys.version_info)
    with pytest.raises(run.Stop, match="sudo apt-get install -y {}$".format(package.replace(".", r"\."))):
        run.require_venv_module()


def test_root_gets_the_venv_module_installed(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(run, "has_venv", lambda: bool(asked))
    monkeypatch.setattr(run, "apt_install", asked.append)
    run.require_venv_module()
    assert asked == [["python{}.{}-venv".format(*sys.version_info)]]


def test_a_whole_environment_is_kept(run: ModuleType, small_room: Path) -> None:
    assert run.is_sound()


def test_an_environment_whose_installation_was_cut_short_is_made_anew(run: ModuleType, small_room: Path) -> None:
    (small_room / "installing").touch()
    assert not run.is_sound()


def test_an_environment_of_another_python_is_made_anew(
    run: ModuleType, small_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run.sys, "version_info", (3, 99, 0))
    assert not run.is_sound()


def test_a_missing_environment_is_made_anew(run: ModuleType) -> None:
    assert not run.is_sound()


def test_a_failed_step_ends_with_the_last_words_of_its_program(run: ModuleType, tmp_path: Path) -> None:
    script = "print('Collecting x'); print('ERROR: no network'); print('[notice] a new pip'); raise SystemExit(1)"
    with (
        pytest.raises(run.Stop, match="installing packages failed: ERROR: no network"),
        run.Step("安装依赖", "installing packages") as step,
    ):
        step.run([sys.executable, "-c", script])


def test_a_download_without_a_network_is_told_as_such(run: ModuleType) -> None:
    script = "print('WARNING: Retrying after connection broken by x'); print('ERROR: none found'); raise SystemExit(1)"
    with pytest.raises(run.Stop, match=r"ERROR: none found \(no network connection\)"), run.Step("安装", "it") as step:
        step.run([sys.executable, "-c", script])


def test_a_program_cut_short_is_ended_with_its_step(run: ModuleType, tmp_path: Path) -> None:
    script = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    heard: list[int] = []

    def interrupt(line: str) -> None:
        heard.append(int(line))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), run.Step("安装", "it") as step:
        step.run([sys.executable, "-c", script], interrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(heard[0], 0)


def test_ctrl_c_ends_with_a_word_and_no_traceback(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "prepare", interrupt)
    assert run.main(["check"]) == 130
    assert capfdbinary.readouterr().err.decode() == "\n已停止。 Stopped.\n"


def test_foreign_python_packages_are_kept_out(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    assert "PYTHONPATH" not in run.environment()


def test_the_data_folder_is_in_the_project_unless_said_otherwise(
    run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OUTBOUND_DATA", raising=False)
    assert run.environment()["OUTBOUND_DATA"] == str(tmp_path / ".data")
    monkeypatch.setenv("OUTBOUND_DATA", "/srv/centre")
    assert run.environment()["OUTBOUND_DATA"] == "/srv/centre"


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("", 0)])
def test_browser_tests_that_could_not_run_are_told_loudly_and_fail_in_ci(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes], ci: str, code: int
) -> None:
    asked: list[list[str]] = []

    def pass_all(arguments: list[str]) -> int:
        asked.append(arguments)
        return 0

    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(run, "prepare", lambda _: None)
    monkeypatch.setattr(run, "has_browser", lambda: False)
    monkeypatch.setattr(run, "pytest", pass_all)
    assert run.main(["test", "tests/test_x.py"]) == code
    assert asked == [["-m", "not browser", "tests/test_x.py"]]
    assert "BROWSER TESTS WERE NOT RUN" in capfdbinary.readouterr().out.decode()


def test_failed_checks_fail_the_run_though_every_test_passes(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "prepare", lambda _: None)
    monkeypatch.setattr(run, "has_browser", lambda: True)
    monkeypatch.setattr(run, "static_checks", lambda: 1)
    monkeypatch.setattr(run, "pytest", lambda _: 0)
    assert run.main(["test"]) == 1
