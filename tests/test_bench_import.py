"""The benchmark of the import measures a whole import, alone, and says so; not how fast it is."""

import json

import pytest
from click.testing import CliRunner

from outbound.bench.importing import line
from outbound.cli import main

MEASURED = {
    "engine": "sqlite",
    "optouts": 10_000_000,
    "rows": 1_000_000,
    "rows_per_s": 21_149,
    "raw_per_s": 27_466,
    "ratio": 0.77,
    "cpu_s": 32.5,
    "peak_mb": 281,
}


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_messy_list_is_imported_by_a_process_of_its_own_and_told_as_one_object(
    engine: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if engine == "postgresql":
        server = request.getfixturevalue("postgres")
        monkeypatch.setenv("OUTBOUND_BENCH_URL", server.render_as_string(hide_password=False))
    # Of what this process holds nothing is told as the import's.
    ballast = b"x" * 400_000_000
    asked = ["bench", "import", "--engine", engine, "--rows", "2000", "--optouts", "300", "--json"]
    told = json.loads(CliRunner().invoke(main, asked, catch_exceptions=False).stdout)
    assert (told["engine"], told["rows"], told["optouts"]) == (engine, 2_000, 300)
    kinds = ("accepted", "duplicate", "invalid", "suppressed")
    assert sum(told[kind] for kind in kinds) == 2_000
    assert min(told[name] for name in (*kinds, "rows_per_s", "raw_per_s", "ratio", "seconds", "cpu_s")) > 0
    assert 30 < told["peak_mb"] < len(ballast) / 1_000_000


def test_a_measurement_is_told_in_words_with_the_memory_of_the_import() -> None:
    assert line(MEASURED) == (
        "sqlite       1,000,000 rows against 10,000,000 opt-outs:   21,149 rows/s, raw limit   27,466 rows/s, "
        "ratio 0.77; 32.5 s of processors and 281 MB at most in the import's own processes"
    )
