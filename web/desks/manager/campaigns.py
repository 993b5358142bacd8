"""Campaigns on the manager's desk: the list of them, each one's page, and the verbs of its life."""

from dataclasses import dataclass
from typing import Any

from flask import flash, g, redirect, render_template, request
from sqlmodel import Session, col, select

from outbound import briefings
from outbound.call_lists.model import CallList, Duty
from outbound.calling_rules.own_rules import OwnRules, OwnRulesVersion
from outbound.campaigns import lookups, pinning, readiness, verbs
from outbound.campaigns.definition import CampaignKind, Definition
from outbound.campaigns.model import Campaign, CampaignState
from outbound.campaigns.readiness import Missing
from outbound.overview.calendar import warnings_of
from outbound.overview.progress import progress_of
from outbound.overview.targets import targets_of
from outbound.people import known, roles_of
from scripts import approval
from scripts.language import library
from scripts.model import PitchScript, ScriptVersion
from web.api import saying
from web.desks.manager.desk import STATES, bp
from web.desks.manager.why import is_dry, tally_of
from web.guard import allows, mine
from web.language import _, chosen_language, lazy_gettext
from web.tables import Column, Filter, Table


def kind_said(campaign: Campaign) -> str:
    """A campaign's purpose in the reader's language."""
    return CampaignKind(campaign.kind).words(chosen_language())


CAMPAIGNS = Table(
    caption=lazy_gettext("Campaigns"),
    columns=(
        Column("name", lazy_gettext("Campaign"), sort=col(Campaign.name)),
        Column("state", lazy_gettext("State"), sort=col(Campaign.state)),
        Column("kind", lazy_gettext("Purpose"), sort=col(Campaign.kind), value=kind_said),
        Column("starts_on", lazy_gettext("First day"), sort=col(Campaign.starts_on)),
        Column("ends_on", lazy_gettext("Last day"), sort=col(Campaign.ends_on)),
        Column("version", lazy_gettext("Version"), sort=col(Campaign.version), number=True),
    ),
    key=col(Campaign.id),
    order="-starts_on",
    empty=lazy_gettext("No campaigns yet: create the first one."),
    search=(col(Campaign.name),),
    filters=(
        Filter(
            "state", lazy_gettext("State"), col(Campaign.state), {key: words for key, (words, _kind) in STATES.items()}
        ),
    ),
)
DUTY_NAMES = {
    Duty.PITCH: lazy_gettext("First call"),
    Duty.CONFIRMATION: lazy_gettext("Second confirmation"),
    Duty.CORRECTION: lazy_gettext("Correction call"),
}


@bp.get("/campaigns")
@allows("see_campaigns")
def list_campaigns() -> Any:
    """Every campaign of the centre; of all centres for the carrier's people."""
    here = select(Campaign) if g.centre is None else select(Campaign).where(Campaign.centre_id == g.centre.id)
    page = CAMPAIGNS.page(g.session, here, request.args)
    if page.exported:
        return page.export("campaigns")
    return render_template("manager/campaigns.html", page=page, kind_said=kind_said)


@bp.get("/campaigns/<int:campaign_id>")
@allows("see_campaigns")
def show_campaign(campaign_id: int) -> str:
    """One campaign: what it lacks, how far it is, its scripts, lists and staff."""
    campaign = mine(g.session, Campaign, campaign_id)
    definition = lookups.definition_of(g.session, campaign)
    progress = progress_of(g.session, [campaign])[0]
    return render_template(
        "manager/campaign.html",
        campaign=campaign,
        kind=kind_said(campaign),
        definition=definition,
        rules=rules_of(g.session, campaign),
        lacking=[(each, remedy(each, campaign)) for each in lacking_of(campaign)],
        progress=progress,
        targets=targets_of(g.session, campaign, progress, now=g.now),
        unread=[
            (saying.briefing_title(each), each) for each in briefings.standings(g.session, campaign) if each.unread
        ],
        scripts=scripts_of(g.session, campaign, definition),
        lists=lists_of(g.session, campaign),
        found=tally_of(campaign),
        dry=is_dry(campaign),
        undecreed=warnings_of(g.session, campaign, now=g.now),
        staff=[(each, sorted(roles_of(g.session, each))) for each in lookups.staff_of(g.session, campaign)],
    )


@dataclass(frozen=True)
class HeldBy:
    """The centre's own calling rules by which a campaign is held: the version, and a newer one where there is one."""

    rules: OwnRules
    version: OwnRulesVersion
    newer: OwnRulesVersion | None


def rules_of(session: Session, campaign: Campaign) -> HeldBy | None:
    """The own rules by which a campaign is held; None: by a profile of the product."""
    version = lookups.in_force(session, campaign)
    held = pinning.pinned(version)
    if held is None:
        return None
    return HeldBy(session.get_one(OwnRules, held.rules_id), held, pinning.newer(session, version))


def lacking_of(campaign: Campaign) -> list[Missing]:
    """What a campaign lacks before it can call; a closed one lacks nothing."""
    return [] if campaign.state is CampaignState.CLOSED else readiness.missing(g.session, campaign, now=g.now)


def remedy(lack: Missing, campaign: Campaign) -> tuple[str, str]:
    """Where to see to what a campaign lacks, and what the link says."""
    if lack.key == "stopped":
        return "/quality/stops", _("Say what was done")
    if lack.key in ("dates", "sms"):
        return f"/manager/campaigns/{campaign.id}/definition", _("Change the definition")
    if lack.key == "no_list":
        return f"/manager/lists/new?campaign={campaign.id}", _("Import a list")
    if lack.key in ("no_staff", "no_verifier"):
        return "/manager/staff/new", _("Add staff")
    script = approval.find(g.session, campaign.centre_id, lack.subject)
    if script:
        return f"/scripts/{script.id}", _("Go to the script")
    start = f"?start={lack.subject}" if lack.subject in library() else ""
    return f"/scripts/new{start}", _("Write the script")


ScriptRow = tuple[Duty, str, PitchScript | None, ScriptVersion | None, ScriptVersion | None]
"""What a script is for, its name, the script, its newest version, and the one in force."""


def scripts_of(session: Session, campaign: Campaign, definition: Definition) -> list[ScriptRow]:
    """The scripts that a campaign names, and how far each is."""
    rows: list[ScriptRow] = []
    for duty in DUTY_NAMES:
        name = lookups.script_name(definition, duty)
        if not name:
            continue
        script = approval.find(session, campaign.centre_id, name)
        newest = approval.versions(session, script)[0] if script else None
        rows.append((duty, name, script, newest, approval.in_force(session, campaign.centre_id, name)))
    return rows


def lists_of(session: Session, campaign: Campaign) -> list[CallList]:
    """The lists imported into a campaign, the latest first."""
    asked = select(CallList).where(CallList.campaign_id == known(campaign.id))
    return list(session.exec(asked.order_by(col(CallList.id).desc())).all())


@bp.post("/campaigns/<int:campaign_id>/open")
@allows("manage_campaigns", again=show_campaign)
def open_campaign(campaign_id: int) -> Any:
    """Let it call."""
    campaign = verbs.open_(g.session, mine(g.session, Campaign, campaign_id), by=g.staff, now=g.now)
    flash(_("“%(name)s” is open: agents get its contacts from now on.", name=campaign.name))
    return redirect(f"/manager/campaigns/{campaign.id}")


@bp.post("/campaigns/<int:campaign_id>/resume")
@allows("manage_campaigns", again=show_campaign)
def resume_campaign(campaign_id: int) -> Any:
    """Let it call again."""
    campaign = verbs.resume(g.session, mine(g.session, Campaign, campaign_id), by=g.staff, now=g.now)
    flash(_("“%(name)s” calls again.", name=campaign.name))
    return redirect(f"/manager/campaigns/{campaign.id}")


@bp.post("/campaigns/<int:campaign_id>/pause")
@allows("manage_campaigns", again=show_campaign)
def pause_campaign(campaign_id: int) -> Any:
    """Stop its sales calls for the time being."""
    campaign = verbs.pause(g.session, mine(g.session, Campaign, campaign_id), by=g.staff, now=g.now)
    flash(_("“%(name)s” is paused: nobody gets its contacts for sales calls.", name=campaign.name))
    return redirect(f"/manager/campaigns/{campaign.id}")


@bp.post("/campaigns/<int:campaign_id>/close")
@allows("manage_campaigns", again=show_campaign)
def close_campaign(campaign_id: int) -> Any:
    """End it for good."""
    campaign = verbs.close(g.session, mine(g.session, Campaign, campaign_id), by=g.staff, now=g.now)
    flash(_("“%(name)s” is closed for good.", name=campaign.name))
    return redirect(f"/manager/campaigns/{campaign.id}")


@bp.post("/campaigns/<int:campaign_id>/rules")
@allows("manage_campaigns", again=show_campaign)
def take_up_rules(campaign_id: int) -> Any:
    """Hold it by the newest version of the own rules that it names: a new version of the same definition."""
    campaign = mine(g.session, Campaign, campaign_id)
    text = lookups.in_force(g.session, campaign).source
    version = verbs.amend(g.session, campaign, text, by=g.staff, now=g.now)
    if version is None:
        return redirect(f"/manager/campaigns/{campaign.id}")
    flash(_("The newest version of its calling rules holds from now on."))
    return redirect(f"/manager/campaigns/{campaign.id}/versions/{version.number}")
