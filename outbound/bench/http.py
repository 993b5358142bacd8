"""`outbound bench handout --http`: the next contact through the real server, as a ratio to that server's `/healthz`."""

import json
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from outbound import clock, migrating
from outbound.bench.clients import Client, served
from outbound.bench.databases import database
from outbound.bench.stage import PASSWORD, Plan, set_up
from outbound.phones.vault import open_vault
from outbound.settings import Settings

HEALTH_SECONDS = 3.0
WARM_UP_SECONDS = 1.0


def run(engine: str, agents: int, contacts: int, seconds: float, hostile: bool) -> dict[str, Any]:
    """Claims a second over HTTP by agents who are really signed in, each putting the one before back.

    A claim is one `POST /api/v1/claims` with `instead_of`, which ends the claim in hand and takes the next.
    Milliseconds; `ratio` is to the rate of `/healthz` with as many clients, before and after.
    """
    with tempfile.TemporaryDirectory(prefix="outbound-bench-") as folder, database(engine) as url:
        data = Path(folder)
        opened = migrating.open_checked(Settings(data=data, database_url=url))
        migrating.upgrade(opened)
        logins = set_up(opened, open_vault(data), Plan(agents, contacts, hostile), now=clock.now())
        opened.dispose()
        with served(data, database_url=url) as port:
            measured = _measure(port, logins, seconds)
    return {"engine": engine, "agents": agents, "contacts": contacts, "hostile": hostile, **measured}


def _measure(port: int, logins: Sequence[str], seconds: float) -> dict[str, Any]:
    clients = [Client(port) for _ in logins]
    for client, login in zip(clients, logins, strict=True):
        client.sign_in(login, PASSWORD)
    claimers = [_claimer(client) for client in clients]
    healthy = [_asker(client) for client in clients]
    together(claimers, WARM_UP_SECONDS)
    before = _rate(together(healthy, HEALTH_SECONDS), HEALTH_SECONDS)
    waits = together(claimers, seconds)
    after = _rate(together(healthy, HEALTH_SECONDS), HEALTH_SECONDS)
    health = (before + after) / 2
    claims = _rate(waits, seconds)
    return {
        "claims_per_s": round(claims, 1),
        "healthz_per_s": round(health, 1),
        "ratio": round(claims / health, 3),
        **percentiles([wait for each in waits for wait in each]),
        "fairness": round(fairness([len(each) for each in waits]), 4),
    }


def _rate(waits: Sequence[Sequence[float]], seconds: float) -> float:
    return sum(map(len, waits)) / seconds


def _claimer(client: Client) -> Callable[[], None]:
    held: dict[str, int] = {}

    def claim() -> None:
        status, body = client.post("/api/v1/claims", {"desk": "agent", **held})
        given = json.loads(body)["claim"] if status == 200 else None
        if given is None or held.get("instead_of") == given["id"]:
            raise RuntimeError(f"no contact was handed out: {status} {body[:300]!r}")
        held["instead_of"] = given["id"]

    return claim


def _asker(client: Client) -> Callable[[], None]:
    def ask() -> None:
        status, body = client.get("/healthz")
        if status != 200:
            raise RuntimeError(f"the server is not well: {status} {body[:300]!r}")

    return ask


def together(actions: Sequence[Callable[[], None]], seconds: float) -> list[list[float]]:
    """Each action over and over in a thread of its own; the milliseconds that each time took."""
    waits: list[list[float]] = [[] for _ in actions]
    failed: list[Exception] = []
    start = threading.Barrier(len(actions))

    def repeat(action: Callable[[], None], mine: list[float]) -> None:
        start.wait()
        until = time.perf_counter() + seconds
        try:
            while (began := time.perf_counter()) < until:
                action()
                mine.append((time.perf_counter() - began) * 1000)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=repeat, args=pair) for pair in zip(actions, waits, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return waits


def percentiles(waits: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99 and the slowest of some milliseconds."""
    ordered = sorted(waits) or [0.0]
    told = {f"p{share}_ms": ordered[min(len(ordered) - 1, len(ordered) * share // 100)] for share in (50, 95, 99)}
    return {name: round(value, 2) for name, value in {**told, "slowest_ms": ordered[-1]}.items()}


def fairness(counts: Sequence[int]) -> float:
    """Jain's index: 1 where all got the same, 1/n where one got everything (Jain, Chiu and Hawe 1984)."""
    return sum(counts) ** 2 / (len(counts) * sum(count * count for count in counts)) if any(counts) else 0.0
