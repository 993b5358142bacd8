"""The manager's first page: what needs me, then each campaign as one row."""

from flask import current_app, g, render_template
from werkzeug.exceptions import HTTPException

from outbound.campaigns.model import CampaignState
from outbound.overview.needs import Need, needs_of
from outbound.overview.progress import campaigns_at, progress_of
from outbound.people import known
from web.desks.manager import uploads
from web.desks.manager.desk import bp
from web.desks.manager.imports import folder
from web.guard import allows

PLACES = {
    "cannot_open": "/manager/campaigns/{}",
    "ready": "/manager/campaigns/{}",
    "ended": "/manager/campaigns/{}",
    "idle": "/manager/campaigns/{}/why",
    "calendar": "/manager/calendar",
    "script": "/scripts/versions/{}",
    "refused_rows": "/manager/lists/{}?fault=invalid",
    "briefings": "/supervisor/briefings",
    "corrections": "/supervisor/faults",
    "reviews": "/supervisor/reviews",
    "disputes": "/supervisor/disputes",
    "late_wrap_ups": "/supervisor",
    "unmatched": "/recordings/tray",
    "batch": "/finance/batches",
}
"""Where each need is seen to."""


@bp.get("")
@allows("manage_campaigns")
def home() -> str:
    """What needs me, and how every campaign goes."""
    uploads.sweep(folder(), now=g.now)
    needs = [(need, place_of(need)) for need in needs_of(g.session, g.centre, now=g.now)]
    current = [each for each in campaigns_at(g.session, known(g.centre.id)) if each.state is not CampaignState.CLOSED]
    return render_template("manager/home.html", needs=needs, rows=progress_of(g.session, current))


def place_of(need: Need) -> str:
    """The address at which a need is seen to; nothing where this console has no such page."""
    if need.key == "idle" and need.subject is None:
        return "/manager/campaigns"
    place = PLACES[need.key].format(need.subject)
    try:
        current_app.url_map.bind("").match(place.partition("?")[0])
    except HTTPException:
        return ""
    return place
