"""`outbound bench desk`: people's shifts over HTTP on the demo centre, and how long each step keeps them waiting."""

import json
import shutil
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import click
from sqlmodel import select

from outbound import clock, migrating
from outbound.bench.clients import Client, served
from outbound.bench.http import percentiles
from outbound.bench.stage import PASSWORD, brief, hire_many
from outbound.campaigns.model import Campaign
from outbound.db import transaction
from outbound.demo.centre import prepare
from outbound.people import Centre, Role
from outbound.settings import Settings

VERIFIERS = 0.1
"""Share of the sessions that make second confirmations."""
ENDINGS = {"no_answer": 45, "refused": 20, "sold": 12, "busy": 8, "callback": 8, "do_not_call": 3, "hung_up": 4}
CONFIRMATIONS = {"confirmed": 55, "no_answer": 30, "declined": 15}
CRITERIA = ("identity_and_permission", "understanding", "script_followed", "explicit_consent")
BREAKS, RELOADS, OTHER_LANGUAGE = 0.03, 0.05, 0.05
"""How often a contact is put back for a break, the page is loaded again, the script is read in the other language."""


class Unexpected(RuntimeError):
    """The server answered otherwise than a desk expects."""


@dataclass
class Shift:
    """One person at work; `waits` holds the milliseconds of each route."""

    client: Client
    desk: str
    think: float
    until: float
    chance: Random
    waits: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def work(self) -> None:
        """Take, read, dial, report, over and over until the shift is over."""
        self._pause()
        held = self._take()
        while time.perf_counter() < self.until:
            held = self._take() if held is None else self._serve(held)

    def _serve(self, claim: dict[str, Any]) -> dict[str, Any] | None:
        """One contact, from the look at it to the next one."""
        if self.chance.random() < BREAKS:
            self._ask("put-back", "POST", f"/api/v1/claims/{claim['id']}/put-back")
            return None
        if self.chance.random() < OTHER_LANGUAGE:
            self._ask("script", "GET", f"/api/v1/claims/{claim['id']}/script?language={claim['script']['language']}")
        dialled = self._ask("dial", "POST", f"/api/v1/claims/{claim['id']}/dial")["claim"]
        if self.chance.random() < RELOADS:
            self._ask("desk", "GET", f"/api/v1/desk?desk={self.desk}")
        self._ask("renew", "POST", f"/api/v1/claims/{claim['id']}/renew")
        report = {**_report(dialled, self.chance), "desk": self.desk, "next": True}
        told = self._ask("wrap-up", "POST", f"/api/v1/calls/{dialled['call']['id']}/wrap-up", report)
        return _claim_of(told["desk"])

    def _take(self) -> dict[str, Any] | None:
        return _claim_of(self._ask("claims", "POST", "/api/v1/claims", {"desk": self.desk}))

    def _ask(self, route: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
        self._pause()
        began = time.perf_counter()
        status, answer = self.client.get(path) if method == "GET" else self.client.post(path, body)
        self.waits[route].append((time.perf_counter() - began) * 1000)
        if status != 200:
            raise Unexpected(f"{method} {path}: {status} {answer.decode()[:400]}")
        told: dict[str, Any] = json.loads(answer)
        return told

    def _pause(self) -> None:
        time.sleep(self.chance.expovariate(1 / self.think) if self.think else 0)


def _claim_of(desk: dict[str, Any]) -> dict[str, Any] | None:
    claim: dict[str, Any] | None = desk["claim"]
    return claim


def _report(claim: dict[str, Any], chance: Random) -> dict[str, Any]:
    """How the call ended, as the desk would tell it."""
    offered = {outcome["code"]: outcome for outcome in claim["outcomes"]}
    likely = {code: share for code, share in {**ENDINGS, **CONFIRMATIONS}.items() if code in offered}
    [code] = chance.choices(list(likely), list(likely.values()))
    report = {
        "key": uuid4().hex,
        "outcome": code,
        "seconds": 42,
        "note": "客户情况已记录" if chance.random() < 0.5 else "",
    }
    if offered[code]["note_required"]:
        report["note"] = "客户情况已记录"
    if offered[code]["after"] == "consent":
        report["marks"] = dict.fromkeys(CRITERIA, "pass")
        report["ticks"] = {step["key"]: 10.0 + place for place, step in enumerate(claim["script"]["steps"])}
    if offered[code]["after"] == "callback" and code != "considering":
        report["callback_at"] = chance.choice(claim["call"]["callbacks"]["suggested"])["at"]
    return report


def run(demo: Path | None, *, sessions: int, seconds: float, think: float, as_json: bool) -> None:
    """Drive `sessions` signed-in people for `seconds`; print the milliseconds of each route and over all.

    `think` is the mean time between two requests of a person in seconds. A demo centre in `demo` is copied and left as
    it is.
    """
    with tempfile.TemporaryDirectory(prefix="outbound-bench-") as folder:
        data = _centre(demo, Path(folder) / "demo")
        logins = _hire(data, sessions)
        with served(data) as port:
            waits = _drive(port, logins, seconds, think)
    told = [_told(route, each) for route, each in sorted(waits.items())]
    told.append(_told("all", [wait for each in waits.values() for wait in each]))
    for line in told:
        click.echo(json.dumps({"sessions": sessions, "think_s": think, **line}) if as_json else _line(line))


def _centre(demo: Path | None, data: Path) -> Path:
    if demo:
        shutil.copytree(demo, data)
    prepare(Settings(data=data), fresh=False, say=lambda _text: None)
    return data


def _hire(data: Path, sessions: int) -> dict[str, str]:
    """People for the sessions: the desk of each by sign-in name."""
    verifiers = round(sessions * VERIFIERS)
    desks = {f"bench{number}": "verifier" if number < verifiers else "agent" for number in range(sessions)}
    engine = migrating.open_checked(Settings(data=data))
    with transaction(engine) as session:
        centre = session.exec(select(Centre).where(Centre.code == "fz")).one()
        for desk, role in (("agent", Role.AGENT), ("verifier", Role.VERIFIER)):
            logins = [login for login, at in desks.items() if at == desk]
            hire_many(session, centre, logins, role, now=clock.now())
        for campaign in session.exec(select(Campaign).where(Campaign.centre_id == centre.id)).all():
            brief(session, campaign, now=clock.now())
    engine.dispose()
    return desks


def _drive(port: int, logins: dict[str, str], seconds: float, think: float) -> dict[str, list[float]]:
    clients = {login: Client(port) for login in logins}
    for login, client in clients.items():
        client.sign_in(login, PASSWORD)
    until = time.perf_counter() + seconds
    shifts = [
        Shift(clients[login], desk, think, until, Random(login))  # noqa: S311  # a play, not a secret
        for login, desk in logins.items()
    ]
    _all_at_once(shifts)
    waits: dict[str, list[float]] = defaultdict(list)
    for shift in shifts:
        for route, each in shift.waits.items():
            waits[route] += each
    return waits


def _all_at_once(shifts: Sequence[Shift]) -> None:
    failed: list[Exception] = []

    def work(shift: Shift) -> None:
        try:
            shift.work()
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(shift,)) for shift in shifts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def _told(route: str, waits: Sequence[float]) -> dict[str, Any]:
    return {"route": route, "requests": len(waits), **percentiles(waits)}


def _line(told: dict[str, Any]) -> str:
    waits = "".join(f"{told[name]:>10.1f}" for name in ("p50_ms", "p95_ms", "p99_ms", "slowest_ms"))
    return f"{told['route']:<10}{told['requests']:>9}{waits}"
