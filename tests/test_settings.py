"""Settings: environment variables that fail loudly where they are unknown or bad."""

from pathlib import Path

import pytest

from outbound.settings import SettingBad, Settings, SettingUnknown, read_settings


def test_without_any_variable_everything_has_its_default() -> None:
    settings = read_settings({})
    assert (settings.port, settings.host, settings.language, settings.https) == (8000, "127.0.0.1", "zh", False)


def test_a_variable_is_read_by_its_name() -> None:
    assert read_settings({"OUTBOUND_PORT": "9000"}).port == 9000


def test_variables_of_other_programs_are_left_alone() -> None:
    assert read_settings({"PATH": "/bin", "OUTBOUNDPORT": "1"}).port == 8000


def test_an_unknown_variable_is_refused_with_its_name_and_those_that_are_known() -> None:
    with pytest.raises(SettingUnknown, match=r"OUTBOUND_PROT .*OUTBOUND_PORT"):
        read_settings({"OUTBOUND_PROT": "9000"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OUTBOUND_PORT", "many"),
        ("OUTBOUND_PORT", "0"),
        ("OUTBOUND_PORT", "65536"),
        ("OUTBOUND_LANGUAGE", "fr"),
        ("OUTBOUND_HTTPS", "perhaps"),
        ("OUTBOUND_SESSION_HOURS", "-1"),
    ],
)
def test_a_bad_value_is_refused_with_its_name_and_itself(name: str, value: str) -> None:
    with pytest.raises(SettingBad, match=rf"{name} cannot be used: .*'{value}'"):
        read_settings({name: value})


def test_an_empty_variable_is_as_good_as_none() -> None:
    assert read_settings({"OUTBOUND_DATA": "", "OUTBOUND_PORT": ""}) == read_settings({})


def test_only_the_environment_that_is_read_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTBOUND_PORT", "9000")
    assert read_settings({}).port == 8000


def test_the_database_is_a_file_among_the_data_unless_another_is_named(tmp_path: Path) -> None:
    assert Settings(data=tmp_path).database == f"sqlite:///{tmp_path}/outbound.sqlite3"
    assert Settings(data=tmp_path, database_url="postgresql://here/it").database == "postgresql://here/it"


def test_recordings_are_among_the_data_unless_another_store_is_named(tmp_path: Path) -> None:
    assert Settings(data=tmp_path).recordings == f"{tmp_path}/recordings"
    assert Settings(data=tmp_path, recordings_url="s3://kept").recordings == "s3://kept"


def test_settings_do_not_change_while_the_program_runs() -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(read_settings({}), "port", 1)  # noqa: B010
