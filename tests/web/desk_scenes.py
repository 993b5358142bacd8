"""Scenes for the tests of the manager's and the scripts desk: a centre with scripts, campaigns and a list."""

from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path

from sqlmodel import Session

from outbound.call_lists.importing import import_list
from outbound.call_lists.model import CallList
from outbound.campaigns import verbs
from outbound.campaigns.model import Campaign
from outbound.phones.vault import Vault, open_vault
from outbound.settings import Settings
from scripts import approval
from scripts.language import library
from scripts.model import ScriptVersion
from tests.conftest import Cast

LISTS = Path(__file__).parent.parent / "samples" / "call-lists"
FAMILY = ("family-number-pitch", "family-number-confirmation", "family-number-correction")


def definition(name: str = "family-number-trial") -> str:
    """A ready-made definition."""
    return files("outbound.campaigns").joinpath("examples", f"{name}.yaml").read_text(encoding="utf-8")


def vault_of(settings: Settings) -> Vault:
    """The vault that the console of a test uses."""
    return open_vault(settings.data)


def draft(session: Session, cast: Cast, *, now: datetime, text: str = "") -> Campaign:
    """A campaign that lacks everything but its definition."""
    return verbs.create(session, cast.fz, text or definition(), by=cast.manager, now=now)


def written(session: Session, cast: Cast, name: str = FAMILY[0], *, now: datetime, text: str = "") -> ScriptVersion:
    """A draft of a script of the library."""
    return approval.write(session, cast.fz, text or library()[name], by=cast.manager, now=now)


def submitted(session: Session, cast: Cast, name: str = FAMILY[0], *, now: datetime, text: str = "") -> ScriptVersion:
    """A version that waits for both parties."""
    version = written(session, cast, name, now=now, text=text)
    return approval.submit(session, version, by=cast.manager, now=now)


def in_force(session: Session, cast: Cast, name: str = FAMILY[0], *, now: datetime, text: str = "") -> ScriptVersion:
    """A version that both parties have approved."""
    version = submitted(session, cast, name, now=now, text=text)
    for approver in (cast.carrier, cast.support):
        approval.approve(session, version, by=approver, now=now)
    return version


def imported(
    session: Session,
    cast: Cast,
    settings: Settings,
    campaign: Campaign,
    file: str = "04-bad-lines.csv",
    *,
    now: datetime,
) -> CallList:
    """A list of the samples in a campaign."""
    return import_list(session, vault_of(settings), campaign, (LISTS / file, file), by=cast.manager, now=now)


def ready(session: Session, cast: Cast, settings: Settings, *, now: datetime) -> Campaign:
    """A campaign to which nothing is missing."""
    before = now - timedelta(days=3)
    for name in FAMILY:
        in_force(session, cast, name, now=before)
    campaign = draft(session, cast, now=before)
    imported(session, cast, settings, campaign, "01-clean-utf8-bom.csv", now=before)
    return campaign


def changed(text: str) -> str:
    """A pitch with two changed lines, which still holds."""
    return text.replace("大概两分钟。您现在方便听吗？", "大概两分钟。您这会儿方便听吗？").replace(
        "用起来也简单，{offer.usage}。", "用起来很简单，{offer.usage}。"
    )
