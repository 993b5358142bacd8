"""The benchmarks over HTTP measure what they say."""

import pytest

from outbound.bench import http
from outbound.bench.http import fairness, percentiles


def test_agents_who_are_signed_in_get_contacts_through_the_real_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "HEALTH_SECONDS", 0.2)
    monkeypatch.setattr(http, "WARM_UP_SECONDS", 0.1)
    told = http.run("sqlite", agents=2, contacts=4000, seconds=0.5, hostile=True)
    assert told["claims_per_s"] > 0
    assert told["ratio"] == pytest.approx(told["claims_per_s"] / told["healthz_per_s"], abs=0.01)
    assert told["p50_ms"] <= told["p95_ms"] <= told["p99_ms"] <= told["slowest_ms"]


def test_percentiles_are_of_the_ordered_waits() -> None:
    told = percentiles([float(wait) for wait in range(100, 0, -1)])
    assert told == {"p50_ms": 51.0, "p95_ms": 96.0, "p99_ms": 100.0, "slowest_ms": 100.0}


def test_fairness_is_one_where_all_got_the_same() -> None:
    assert fairness([7, 7, 7]) == 1


def test_fairness_falls_to_one_share_where_one_got_everything() -> None:
    assert fairness([9, 0, 0]) == pytest.approx(1 / 3)
