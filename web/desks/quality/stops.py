"""Campaigns that were stopped for their quality, and what a manager did about it."""

from typing import Any

from flask import flash, g, redirect, render_template

from outbound.campaigns import stops
from outbound.campaigns.model import Campaign
from outbound.campaigns.stops import CampaignStop
from outbound.people import Staff, known
from qa import ladder
from web.desks.quality.desk import bp
from web.forms import filled_form
from web.guard import allows, mine
from web.language import _, chosen_language


@bp.get("/stops")
@allows("supervise")
def show_stops() -> str:
    """Every stop, the latest first, with what was done about it, and why those that stand were made."""
    found = []
    for stop, campaign in stops.stops_at(g.session, g.centre.id):
        release = stops.release_of(g.session, stop)
        by = g.session.get_one(Staff, release.by_id) if release else None
        found.append(
            {"stop": stop, "campaign": campaign, "release": release, "by": by, "why": [] if release else why(campaign)}
        )
    return render_template("quality/stops.html", found=found)


def why(campaign: Campaign) -> list[tuple[Staff, str]]:
    """Each agent of a campaign with the reason of their step on the ladder."""
    zone, language = g.centre.zone, chosen_language()
    return [
        (agent, ladder.standing_of(g.session, known(agent.id), zone=zone, now=g.now).why(language))
        for agent in ladder.agents_of(g.session, campaign)
    ]


@bp.post("/stops/<int:stop_id>/release")
@allows("manage_campaigns", again=show_stops)
def release_stop(stop_id: int) -> Any:
    """Write down what was done; the campaign may be resumed from then on."""
    stop = mine(g.session, CampaignStop, stop_id)
    with filled_form() as form:
        done = form.text(f"done-{stop_id}", most=1000)
    stops.release(g.session, stop, done=done, by=g.staff, now=g.now)
    flash(_("Written down. The campaign can be resumed now."))
    return redirect(f"/manager/campaigns/{stop.campaign_id}")
