"""By which version of a centre's own rules a campaign is held: resolved when it is made or changed, then pinned.

Rules that come with the product need no pin.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import object_session
from sqlmodel import Session, col, select

from outbound.calling_rules import own_rules
from outbound.calling_rules.own_rules import OwnRules, OwnRulesVersion
from outbound.calling_rules.profiles import PROFILES
from outbound.campaigns.definition import Definition
from outbound.campaigns.model import Campaign, CampaignRules, CampaignVersion
from outbound.documents import Document, DocumentFaulty
from outbound.people import known


def wanted(
    session: Session, centre_id: int, text: str, definition: Definition, *, before: CampaignVersion | None = None
) -> OwnRulesVersion | None:
    """The version of the own rules that a definition names as it is put in force: the newest; None for shipped ones.

    Rules that were retired stay what they are for a campaign that was held by them `before`. Raises DocumentFaulty, at
    its line, where the centre has no such rules or they are retired.
    """
    name = definition.calling.profile
    if name in PROFILES:
        return None
    rules = own_rules.find(session, centre_id, name)
    if rules is None:
        known_names = ", ".join((*PROFILES, *own_rules.names_at(session, centre_id)))
        zh = f"本中心没有名为“{name}”的外呼规则，可选：{known_names}。"
        raise _faulty(text, zh, f"the centre has no calling rules `{name}`; choose from {known_names}.")
    pin = pinned(before) if before else None
    if own_rules.retirement_of(session, rules) is None:
        return own_rules.newest(session, rules)
    if pin and pin.rules_id == rules.id:
        return pin
    zh, en = f"外呼规则“{name}”已停用，请选用其他规则。", f"the calling rules `{name}` are retired; choose others."
    raise _faulty(text, zh, en)


def newer(session: Session, version: CampaignVersion) -> OwnRulesVersion | None:
    """A newer version of the own rules by which a version of a campaign is held, where it could take one up."""
    held = pinned(version)
    if held is None:
        return None
    rules = session.get_one(OwnRules, held.rules_id)
    latest = own_rules.newest(session, rules)
    retired = own_rules.retirement_of(session, rules)
    return latest if latest and latest.number > held.number and not retired else None


def _faulty(text: str, zh: str, en: str) -> DocumentFaulty:
    return DocumentFaulty([Document(text).fault(("calling", "profile"), zh=zh, en=en)])


def pin(session: Session, version: CampaignVersion, rules: OwnRulesVersion | None) -> None:
    """Hold a version of a campaign by this version of own rules, for as long as there are both."""
    if rules:
        session.add(CampaignRules(campaign_version_id=known(version.id), rules_version_id=known(rules.id)))
        session.flush()


def pinned(version: CampaignVersion) -> OwnRulesVersion | None:
    """The version of the own rules by which a version of a campaign is held; None: by shipped ones."""
    session = object_session(version)
    assert session, "a version is read within its session"
    row = session.get(CampaignRules, version.id)
    return session.get_one(OwnRulesVersion, row.rules_version_id) if row else None


def users(session: Session, rules: OwnRules) -> Sequence[tuple[Campaign, OwnRulesVersion]]:
    """The campaigns that some rules hold now, by name, each with the version that holds it."""
    current = sa.and_(
        col(CampaignVersion.campaign_id) == col(Campaign.id), col(CampaignVersion.number) == col(Campaign.version)
    )
    asked = (
        select(Campaign, OwnRulesVersion)
        .join(CampaignVersion, current)
        .join(CampaignRules, col(CampaignRules.campaign_version_id) == col(CampaignVersion.id))
        .join(OwnRulesVersion, col(OwnRulesVersion.id) == col(CampaignRules.rules_version_id))
        .where(OwnRulesVersion.rules_id == rules.id)
    )
    return session.exec(asked.order_by(Campaign.name)).all()
