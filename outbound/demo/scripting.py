"""The demo's scripts: what is approved from the start, and two versions that wait for approval."""

from datetime import datetime, timedelta
from importlib.resources import files

from sqlmodel import Session

from outbound.demo.cast import Company
from outbound.demo.stage import Stage
from outbound.people import Centre, Role
from scripts import approval

SCRIPTS = (
    "family-number-pitch",
    "family-number-confirmation",
    "family-number-correction",
    "contract-renewal-retention",
    "contract-renewal-confirmation",
    "contract-renewal-correction",
    "other-network-survey",
    "notice-order-summary",
    "notice-order-summary-without-trial",
    "notice-reply-request",
    "notice-reminder",
    "notice-charge",
    "notice-cancellation",
)


def approve(session: Session, company: Company, centre: Centre, text: str, now: datetime) -> None:
    """Write a script, and let both parties approve it."""
    manager = company.holding(centre.code, Role.MANAGER)[0]
    version = approval.write(session, centre, text, by=manager, now=now)
    approval.submit(session, version, by=manager, now=now + timedelta(hours=1))
    for number, login in enumerate(("support", "carrier")):
        approval.approve(session, version, by=company.staff[login], now=now + timedelta(hours=5 + 20 * number))


def propose(stage: Stage, now: datetime) -> None:
    """Two versions wait for approval: a new script, half approved, and a better wording of an old one."""
    centre = stage.company.centres["fz"]
    manager = stage.company.holding("fz", Role.MANAGER)[0]
    library = files("scripts.library")
    new = approval.write(
        stage.session, centre, library.joinpath("data-plan-trial.yaml").read_text("utf-8"), by=manager, now=now
    )
    approval.submit(stage.session, new, by=manager, now=now)
    approval.approve(stage.session, new, by=stage.company.staff["support"], now=now + timedelta(hours=1))
    pitch = library.joinpath("family-number-pitch.yaml").read_text("utf-8")
    better = pitch.replace("这次通话会录音。", "为了保障您的权益，这次通话会录音。", 1)
    worded = approval.write(stage.session, centre, better, by=manager, now=now + timedelta(minutes=40))
    approval.submit(stage.session, worded, by=manager, now=now + timedelta(minutes=50))
