"""The life of a campaign: made, changed by versions, opened once nothing is missing, paused, closed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Session, col

from outbound import journal
from outbound.calling_rules.own_rules import OwnRulesVersion
from outbound.campaigns import pinning
from outbound.campaigns.definition import Definition, Means, read_definition
from outbound.campaigns.lookups import (
    definition_in,
    find,
    in_force,
    named,
)
from outbound.campaigns.model import Campaign, CampaignStaff, CampaignState, CampaignVersion
from outbound.campaigns.readiness import NotReady, missing
from outbound.documents import Document, DocumentFaulty
from outbound.errors import DATABASE_REFUSALS, Refusal
from outbound.people import Centre, Staff, known


class NameTaken(Refusal):
    """The centre has a campaign named “{name}” already; choose another name."""

    zh = "本中心已有名为“{name}”的外呼活动，请换一个名称。"


class KindFixed(Refusal):
    """A campaign that has been open keeps its purpose; make a new campaign for another one."""

    zh = "开启过的外呼活动不能更改用途，如需其他用途请新建活动。"


class OfferInUse(Refusal):
    """Customers are being told this offer now; pause the campaign to change it, then have its scripts approved anew."""

    zh = "坐席正在按现有业务内容外呼，请先暂停活动再修改；修改后脚本须重新审批。"


class ScriptOlderThanOffer(Refusal):
    """The offer was changed after this script was approved; nobody is told of it before the script is approved anew."""

    zh = "业务内容改动后，脚本还没有重新审批，暂时不能拨打。"


DATABASE_REFUSALS["the script is older than the offer"] = ScriptOlderThanOffer


class CampaignClosed(Refusal):
    """“{name}” is closed for good; make a new campaign."""

    zh = "“{name}”已关闭，不能再更改，请新建活动。"
    status: ClassVar[int] = 409


class NeverOpened(Refusal):
    """“{name}” has not been opened yet, so there is nothing to pause."""

    zh = "“{name}”还没有开启，无需暂停。"


def check(session: Session, centre: Centre, text: str) -> Definition:
    """The definition in `text`, held against what its centre has; raises DocumentFaulty with every fault at its line.

    Where the centre has a campaign of that name, as a change of it.
    """
    definition = read_definition(text)
    campaign = find(session, known(centre.id), definition.name)
    before = in_force(session, campaign) if campaign else None
    pinning.wanted(session, known(centre.id), text, definition, before=before)
    return definition


def create(session: Session, centre: Centre, text: str, *, by: Staff, now: datetime) -> Campaign:
    """Make a campaign from its definition, as a draft; raises DocumentFaulty and NameTaken."""
    definition = read_definition(text)
    _refuse_strangers(session, known(centre.id), text, definition)
    rules = pinning.wanted(session, known(centre.id), text, definition)
    if find(session, known(centre.id), definition.name):
        raise NameTaken(name=definition.name)
    campaign = Campaign(
        centre_id=known(centre.id),
        name=definition.name,
        kind=definition.kind,
        starts_on=definition.starts,
        ends_on=definition.ends,
        made_by_id=by.id,
        made_at=now,
    )
    session.add(campaign)
    session.flush()
    _keep(session, campaign, text, definition, rules=rules, by=by, now=now)
    told = {"name": campaign.name, "kind": campaign.kind, **_told(definition, rules)}
    journal.record(session, "campaign.created", campaign, by=by, now=now, **told)
    return campaign


def amend(session: Session, campaign: Campaign, text: str, *, by: Staff, now: datetime) -> CampaignVersion | None:
    """Put another definition in force as a new version; None where it is the same text under the same calling rules.

    Where the centre's own rules that it names have a newer version, it is held by that from now on.
    Raises DocumentFaulty, CampaignClosed, NameTaken, KindFixed, OfferInUse, and NotReady where an open campaign would
    lack something.
    """
    _lock(session, campaign)
    before = in_force(session, campaign)
    definition = read_definition(text)
    rules = pinning.wanted(session, campaign.centre_id, text, definition, before=before)
    if before.source == text and pinning.pinned(before) == rules:
        return None
    _refuse_strangers(session, campaign.centre_id, text, definition)
    _refuse_unfit(session, campaign, definition_in(before), definition, now=now)
    campaign.version += 1
    campaign.name, campaign.kind = definition.name, definition.kind
    campaign.starts_on, campaign.ends_on = definition.starts, definition.ends
    session.add(campaign)
    changed = definition_in(before).offer != definition.offer
    since = now if changed else before.offer_since
    version = _keep(session, campaign, text, definition, rules=rules, offer_since=since, by=by, now=now)
    told = {"version": campaign.version, "offer_changed": changed, **_told(definition, rules)}
    journal.record(session, "campaign.amended", campaign, by=by, now=now, **told)
    return version


def open_(session: Session, campaign: Campaign, *, by: Staff, now: datetime) -> Campaign:
    """Let a campaign call, for the first time or after a pause; raises CampaignClosed and NotReady."""
    _lock(session, campaign)
    if campaign.state is CampaignState.OPEN:
        return campaign
    _refuse_closed(campaign)
    if lacking := missing(session, campaign, now=now):
        raise NotReady(lacking)
    action = "campaign.opened" if campaign.state is CampaignState.DRAFT else "campaign.resumed"
    return _become(session, campaign, CampaignState.OPEN, action, by=by, now=now)


def resume(session: Session, campaign: Campaign, *, by: Staff, now: datetime) -> Campaign:
    """Let a paused campaign call again; raises CampaignClosed and NotReady."""
    return open_(session, campaign, by=by, now=now)


def pause(session: Session, campaign: Campaign, *, by: Staff | None, now: datetime, why: str = "") -> Campaign:
    """Stop a campaign's calls for the time being; raises NeverOpened and CampaignClosed."""
    _lock(session, campaign)
    if campaign.state is CampaignState.PAUSED:
        return campaign
    _refuse_closed(campaign)
    if campaign.state is CampaignState.DRAFT:
        raise NeverOpened(name=campaign.name)
    return _become(session, campaign, CampaignState.PAUSED, "campaign.paused", by=by, now=now, why=why)


def close(session: Session, campaign: Campaign, *, by: Staff | None, now: datetime) -> Campaign:
    """End a campaign for good."""
    _lock(session, campaign)
    if campaign.state is CampaignState.CLOSED:
        return campaign
    return _become(session, campaign, CampaignState.CLOSED, "campaign.closed", by=by, now=now)


def assign(session: Session, campaign: Campaign, definition: Definition) -> list[Staff]:
    """Keep whom a definition means as the campaign's staff; no names and no skills: no rows, and all work on it."""
    narrowed = bool(definition.staff or definition.skills)
    workers = named(session, campaign.centre_id, definition) if narrowed else []
    numbers = [known(worker.id) for worker in workers]
    if narrowed and not numbers and campaign.made_by_id:
        # Without a row it would be everybody's; its manager is handed nothing.
        numbers = [campaign.made_by_id]
    session.exec(sa.delete(CampaignStaff).where(col(CampaignStaff.campaign_id) == campaign.id))
    session.add_all(CampaignStaff(campaign_id=known(campaign.id), staff_id=number) for number in numbers)
    session.flush()
    return workers


def _lock(session: Session, campaign: Campaign) -> None:
    session.refresh(campaign, with_for_update=True)


def _become(
    session: Session,
    campaign: Campaign,
    state: CampaignState,
    action: str,
    *,
    by: Staff | None,
    now: datetime,
    why: str = "",
) -> Campaign:
    before, campaign.state = campaign.state, state
    session.add(campaign)
    session.flush()
    journal.record(session, action, campaign, by=by, now=now, before=before, version=campaign.version, why=why)
    return campaign


def _keep(
    session: Session,
    campaign: Campaign,
    text: str,
    definition: Definition,
    *,
    rules: OwnRulesVersion | None = None,
    offer_since: datetime | None = None,
    by: Staff,
    now: datetime,
) -> CampaignVersion:
    version = CampaignVersion(
        campaign_id=known(campaign.id),
        number=campaign.version,
        source=text,
        document=definition.model_dump(mode="json"),
        needs_reply=Means.SMS in definition.confirmation.requires,
        offer_since=offer_since,
        by_id=by.id,
        at=now,
    )
    session.add(version)
    session.flush()
    pinning.pin(session, version, rules)
    assign(session, campaign, definition)
    return version


def _told(definition: Definition, rules: OwnRulesVersion | None) -> dict[str, Any]:
    """By which of the centre's own rules it is held, for the journal."""
    return {"rules": {"name": definition.calling.profile, "version": rules.number}} if rules else {}


def _refuse_closed(campaign: Campaign) -> None:
    if campaign.state is CampaignState.CLOSED:
        raise CampaignClosed(name=campaign.name)


def _refuse_unfit(
    session: Session, campaign: Campaign, before: Definition, after: Definition, *, now: datetime
) -> None:
    _refuse_closed(campaign)
    namesake = find(session, campaign.centre_id, after.name)
    if namesake and namesake.id != campaign.id:
        raise NameTaken(name=after.name)
    if campaign.state is not CampaignState.DRAFT and before.kind != after.kind:
        raise KindFixed
    if campaign.state is not CampaignState.OPEN:
        return
    if before.offer != after.offer:
        raise OfferInUse
    if lacking := missing(session, campaign, now=now, definition=after):
        raise NotReady(lacking)


def _refuse_strangers(session: Session, centre_id: int, text: str, definition: Definition) -> None:
    """Raise DocumentFaulty, at its line, for every sign-in name that is none of the centre's agents and verifiers."""
    whatever = definition.model_copy(update={"skills": []})
    logins = {worker.login for worker in named(session, centre_id, whatever)} if definition.staff else set[str]()
    strangers: Sequence[int] = [place for place, login in enumerate(definition.staff) if login not in logins]
    if not strangers:
        return
    document = Document(text)
    raise DocumentFaulty(
        [
            document.fault(
                ("staff", place),
                zh=f"本中心没有登录名为“{definition.staff[place]}”的坐席或二次确认员，请核对。",
                en=f"the centre has no agent or verifier with the sign-in name `{definition.staff[place]}`; check it.",
            )
            for place in strangers
        ]
    )
