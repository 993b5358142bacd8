"""The benchmark of verify measures honest rows, as many as it was asked for, and says so."""

import json

import pytest
from click.testing import CliRunner, Result

from outbound.bench import verifying
from outbound.cli import main


def bench(rows: int) -> Result:
    return CliRunner().invoke(main, ["bench", "verify", "--engine", "sqlite", "--rows", str(rows), "--json"])


def test_honest_rows_are_made_by_the_number_and_verified() -> None:
    told = json.loads(bench(900).stdout)
    assert 900 <= told["rows"] < 1200
    assert told["sales"] > 5
    assert told["rows_per_s"] > 0 < told["ratio"]


def test_rows_that_break_a_promise_are_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def spoilt(model: verifying.Model, _table: str, column: str, value: object, number: int) -> object:
        return 1 if column == "amount_fen" and value else whole(model, _table, column, value, number)

    whole = verifying.Model._other
    monkeypatch.setattr(verifying.Model, "_other", spoilt)
    ended = bench(300)
    assert (ended.exit_code, "charge_of_another_amount" in ended.stderr) == (1, True)
