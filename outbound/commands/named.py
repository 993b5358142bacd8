"""Centres and campaigns by the names that people type on a command line."""

from sqlmodel import Session, col, select

from outbound.campaigns.model import Campaign
from outbound.errors import Refusal
from outbound.people import Centre


class CampaignUnknown(Refusal):
    """There is no campaign “{name}”; those at hand: {known}."""

    zh = "没有名为“{name}”的外呼活动，现有：{known}。"
    status = 404


class CampaignAmbiguous(Refusal):
    """Several centres have a campaign “{name}”; say which with --centre ({centres})."""

    zh = "多个中心都有名为“{name}”的外呼活动，请用 --centre 指明（{centres}）。"


class CentreUnknown(Refusal):
    """There is no centre with the code “{code}”; those at hand: {known}."""

    zh = "没有编码为“{code}”的外呼中心，现有：{known}。"
    status = 404


class CentreNeeded(Refusal):
    """Say with --centre which centre is meant; those at hand: {known}."""

    zh = "请用 --centre 指明外呼中心，现有：{known}。"
    status = 422


def centre_named(session: Session, code: str) -> Centre:
    """The centre of that code; raises CentreUnknown."""
    centres = {centre.code: centre for centre in session.exec(select(Centre))}
    if code not in centres:
        raise CentreUnknown(code=code, known=", ".join(sorted(centres)) or "–")
    return centres[code]


def centres_named(session: Session, code: str | None) -> list[Centre]:
    """The centre of that code, or without one all of them; raises CentreUnknown."""
    return [centre_named(session, code)] if code else list(session.exec(select(Centre).order_by(Centre.code)))


def one_centre(session: Session, code: str | None) -> Centre:
    """The centre of that code; without one, the only one that there is. Raises CentreUnknown and CentreNeeded."""
    if code:
        return centre_named(session, code)
    every = list(session.exec(select(Centre).order_by(Centre.code)))
    if len(every) != 1:
        raise CentreNeeded(known=", ".join(centre.code for centre in every) or "–")
    return every[0]


def campaign_named(session: Session, name: str, centre: str | None) -> Campaign:
    """The campaign of that name, at the centre of that code where one is given.

    Raises CentreUnknown, CampaignUnknown and CampaignAmbiguous.
    """
    asked = select(Campaign, Centre).join(Centre, col(Centre.id) == col(Campaign.centre_id))
    every = session.exec(asked).all()
    if centre is not None:
        centre_named(session, centre)
    found = [(campaign, at) for campaign, at in every if campaign.name == name and centre in (None, at.code)]
    if not found:
        raise CampaignUnknown(name=name, known=", ".join(campaign.name for campaign, _ in every) or "–")
    if len(found) > 1:
        raise CampaignAmbiguous(name=name, centres=", ".join(at.code for _, at in found))
    return found[0][0]
