"""A campaign that really calls, for tests of the callers' desks: made by the verbs themselves, never by rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import briefings, db
from outbound.briefings import BriefingRead
from outbound.call_lists.model import CallList, Contact
from outbound.calls import outcomes
from outbound.campaigns import lookups
from outbound.campaigns import verbs as campaigns
from outbound.campaigns.model import Campaign
from outbound.people import Centre, Staff, known
from outbound.phones.model import keep
from outbound.phones.parsing import Number, parse
from outbound.phones.vault import Vault, open_vault
from outbound.phones.zones import group_of
from outbound.settings import Settings
from scripts import approval
from scripts.language import library
from tests.conftest import Cast

EXAMPLES = Path(campaigns.__file__).parent / "examples"
FAMILY = ("family-number-pitch", "family-number-confirmation", "family-number-correction")


@cache
def example(name: str) -> str:
    """A ready-made definition that speaks both languages."""
    text = (EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8")
    return text.replace("calling:\n", "calling:\n  languages: [zh, en]\n")


@dataclass
class Floor:
    """The centre's floor: the campaign, and a way to put customers on its list."""

    engine: Engine
    vault: Vault
    cast: Cast
    campaign: Campaign
    now: datetime

    def contact(self, number: str = "13800138000", **facts: Any) -> Contact:
        """Somebody on the list, due now."""
        with db.transaction(self.engine) as session:
            parsed = parse(number)
            assert isinstance(parsed, Number)
            phone = keep(session, self.vault, parsed, now=self.now)
            listed = session.exec(select(CallList).where(CallList.campaign_id == self.campaign.id)).first()
            contact = Contact(
                centre_id=known(self.cast.fz.id),
                campaign_id=known(self.campaign.id),
                call_list_id=known(listed.id if listed else None),
                phone_id=known(phone.id),
                zone_group_id=group_of(session, phone.zones),
                **{"name": "王秀英", "due_at": self.now, "attributes": {"地市": "福州", "套餐": "畅享58"}, **facts},
            )
            session.add(contact)
            return contact


def put_in_force(session: Session, centre: Centre, text: str, cast: Cast, now: datetime) -> None:
    """A script, written, proved, and approved by both parties."""
    version = approval.write(session, centre, text, by=cast.manager, now=now)
    approval.submit(session, version, by=cast.manager, now=now)
    approval.approve(session, version, by=cast.carrier, now=now)
    approval.approve(session, version, by=cast.support, now=now)


def brief(session: Session, campaign: Campaign, *, now: datetime) -> None:
    """Everybody of a campaign's centre has read what is new in it, whatever their role."""
    version = lookups.in_force(session, campaign)
    people = session.exec(select(Staff).where(Staff.centre_id == campaign.centre_id)).all()
    for standing in briefings.standings(session, campaign):
        session.add_all(
            BriefingRead(
                centre_id=campaign.centre_id,
                campaign_id=version.campaign_id,
                campaign_version_id=known(version.id),
                script_version_id=known(standing.script.id),
                staff_id=known(person.id),
                at=now,
            )
            for person in people
            if not briefings.has_read(session, version, standing.script, person)
        )
        session.flush()


def open_floor(engine: Engine, vault: Vault, cast: Cast, now: datetime, **facts: Any) -> Floor:
    """An open campaign with its scripts in force, an empty list, and nobody waiting; `facts` as of `open_campaign`."""
    campaign = open_campaign(engine, cast, now, **facts)
    return Floor(engine=engine, vault=vault, cast=cast, campaign=campaign, now=now)


def open_campaign(
    engine: Engine, cast: Cast, now: datetime, *, definition: str = "", scripts: Sequence[str] = FAMILY
) -> Campaign:
    """An open campaign with its scripts in force and an empty list; its people are briefed."""
    with db.transaction(engine) as session:
        outcomes.fill(session)
        centre = session.get_one(Centre, known(cast.fz.id))
        for name in scripts:
            put_in_force(session, centre, library()[name], cast, now)
        campaign = campaigns.create(
            session, centre, definition or example("family-number-trial"), by=cast.manager, now=now
        )
        session.add(
            CallList(
                centre_id=known(centre.id),
                campaign_id=known(campaign.id),
                name="list.csv",
                sha256="0" * 64,
                at=now,
                published_at=now,
                rows=1,
                accepted=1,
            )
        )
        session.flush()
        campaigns.open_(session, campaign, by=cast.manager, now=now)
        brief(session, campaign, now=now)
    return campaign


SURVEY = """
name: 满意度调查
kind: satisfaction_survey
starts: 2026-11-02
ends: 2027-01-31
scripts: {pitch: satisfaction-survey}
calling: {languages: [zh, en]}
"""


def survey_floor(engine: Engine, vault: Vault, cast: Cast, now: datetime) -> Floor:
    """An open survey with its script in force, an empty list, and nobody waiting."""
    return open_floor(engine, vault, cast, now, definition=SURVEY, scripts=["satisfaction-survey"])


def staff(session: Session, person: Staff) -> Staff:
    """Somebody of the cast, in this session."""
    return session.get_one(Staff, known(person.id))


@pytest.fixture
def desks() -> Sequence[str]:
    """The callers' desks and the API alone."""
    return ("web.desks.agent", "web.desks.verifier", "web.api")


@pytest.fixture
def vault(settings: Settings) -> Vault:
    """The key to the numbers, as the application opens it."""
    return open_vault(settings.data)


@pytest.fixture
def floor(engine: Engine, floored: None, vault: Vault, cast: Cast, now: datetime) -> Floor:
    """An open campaign with its scripts in force and nobody waiting, as `open_floor` opens it."""
    with db.reading(engine) as session:
        campaign = session.exec(select(Campaign)).one()
    return Floor(engine=engine, vault=vault, cast=cast, campaign=campaign, now=now)
