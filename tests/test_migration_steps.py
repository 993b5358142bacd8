"""A database with rows in it is brought on from an earlier version: nothing of it is lost, and nothing is unlocked."""

from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

import migrations
from outbound import locks, migrating
from outbound.calling_rules import own_rules
from outbound.campaigns import lookups, pinning, verbs
from outbound.campaigns.model import Campaign
from outbound.people import Centre
from outbound.schema import import_rooms
from tests.test_campaigns import TRIAL
from tests.test_migrations import emptied

__all__ = ["emptied"]

pytestmark = pytest.mark.owner

OURS = "name: ours\nlabel: {zh: 本中心, en: Ours}\nextends: cn-telecom\n"


def brought_to(engine: Engine, revision: str) -> None:
    """Bring an empty database to a version, as it was left there."""
    import_rooms()
    config = Config()
    config.set_main_option("script_location", str(Path(str(migrations.__path__[0]))))
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def test_campaigns_of_before_are_held_by_what_they_named(emptied: Engine, now: datetime) -> None:
    brought_to(emptied, "0001_the_house_is_built")
    at = {"at": now, "source": TRIAL}
    with emptied.begin() as connection:
        for statement in (
            "INSERT INTO centre (id, code, name_zh, name_en, zone) VALUES (1, 'fz', '福州', 'Fuzhou', 'Asia/Shanghai')",
            "INSERT INTO campaign (id, centre_id, name, kind, state, version, starts_on, ends_on, made_at) "
            "VALUES (1, 1, '亲情网', 'telesales', 'draft', 1, '2026-11-01', '2027-01-31', :at)",
            "INSERT INTO campaign_version (id, campaign_id, number, source, document, needs_reply, at) "
            "VALUES (1, 1, 1, :source, '{}', FALSE, :at)",
        ):
            connection.execute(sa.text(statement), at)
    migrating.upgrade(emptied)
    with emptied.connect() as connection:
        assert locks.missing(connection) == []
    with Session(emptied) as session:
        campaign = session.exec(select(Campaign)).one()
        assert lookups.definition_of(session, campaign).profile.name == "cn-telecom"
        own_rules.keep(session, session.get_one(Centre, 1), OURS, by=None, now=now)
        assert verbs.check(session, session.get_one(Centre, 1), TRIAL.replace("cn-telecom", "ours")).calling.profile
        assert pinning.pinned(lookups.in_force(session, campaign)) is None
