"""The versions of a campaign's definition: as they were written, and what each changed."""

from flask import Response, g, render_template, request

from outbound.calling_rules.own_rules import OwnRulesVersion
from outbound.campaigns import lookups, pinning
from outbound.campaigns.model import Campaign, CampaignVersion
from outbound.errors import NotFound
from outbound.people import Staff
from web.desks.manager.campaigns import lacking_of
from web.desks.manager.desk import bp
from web.desks.scripts import showing
from web.guard import allows, mine
from web.language import _


@bp.get("/campaigns/<int:campaign_id>/versions/<int:number>")
@allows("see_campaigns")
def show_version(campaign_id: int, number: int) -> str:
    """A definition as it was written, and what it changed."""
    campaign = mine(g.session, Campaign, campaign_id)
    versions = lookups.versions(g.session, campaign)
    version = _numbered(versions, number)
    former = next((each for each in versions if each.number == _against(number)), None)
    writers = {each.by_id: g.session.get(Staff, each.by_id) for each in versions if each.by_id}
    return render_template(
        "manager/versions.html",
        campaign=campaign,
        lacking=lacking_of(campaign),
        versions=versions,
        version=version,
        former=former,
        sides=showing.side_by_side(former.source, version.source) if former else [],
        effects=_effects(former, version) if former else [],
        rules=_rules(former, version) if former else None,
        writers=writers,
    )


Held = tuple[OwnRulesVersion, OwnRulesVersion, list[showing.Pair]]
"""Two versions of the same own rules, and what the second changed."""


def _rules(former: CampaignVersion, version: CampaignVersion) -> Held | None:
    """What changed in the centre's own rules by which two versions are held; None: nothing, or they are other rules."""
    before, after = pinning.pinned(former), pinning.pinned(version)
    if not before or not after or before == after or before.rules_id != after.rules_id:
        return None
    return before, after, showing.side_by_side(before.text, after.text)


def _against(number: int) -> int:
    """The number of the version that another is held against: the one asked for, else the one before it."""
    asked = request.args.get("against", "")
    return int(asked) if asked.isdecimal() and len(asked) < 9 else number - 1


def _effects(former: CampaignVersion, version: CampaignVersion) -> list[str]:
    """What the difference between two definitions means for customers and scripts."""
    before, after = lookups.definition_in(former), lookups.definition_in(version)
    offer = _(
        "The offer is another one: its scripts need a new approval, and only a new sale with its own second "
        "confirmation can charge it. Who was sold the former offer keeps it."
    )
    told = (
        (before.offer != after.offer, offer),
        (before.scripts != after.scripts, _("Other scripts are read from the next call on.")),
        (
            before.calling != after.calling or pinning.pinned(former) != pinning.pinned(version),
            _("Other calling rules hold from now on."),
        ),
        (
            (before.qa, before.confirmation) != (after.qa, after.confirmation),
            _("Reviews or second confirmations go otherwise from now on."),
        ),
        ((before.staff, before.skills) != (after.staff, after.skills), _("Other people work on it.")),
    )
    return [str(words) for differs, words in told if differs]


def _numbered(versions: list[CampaignVersion], number: int) -> CampaignVersion:
    found = next((each for each in versions if each.number == number), None)
    if found is None:
        raise NotFound
    return found


@bp.get("/campaigns/<int:campaign_id>/versions/<int:number>.yaml")
@allows("see_campaigns")
def download_version(campaign_id: int, number: int) -> Response:
    """A definition, byte for byte."""
    campaign = mine(g.session, Campaign, campaign_id)
    version = _numbered(lookups.versions(g.session, campaign), number)
    answer = Response(version.source, mimetype="application/yaml")
    answer.headers.set("Content-Disposition", "attachment", filename=f"{campaign.name}-v{number}.yaml")
    return answer
