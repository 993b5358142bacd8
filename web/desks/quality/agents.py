"""Agents' files: for the supervisor all of them, for an agent their own."""

from typing import Any

from flask import g, render_template
from sqlmodel import col, select

from outbound.calls.model import Call
from outbound.clock import local_day
from outbound.people import Staff
from outbound.quality.agents import agents_at, file_of
from qa import patrol
from qa.ladder import Level
from qa.review.model import Review, stands
from web.desks.quality.desk import Span, bp, span_asked
from web.desks.quality.patrol import IN_ORDER
from web.guard import allows, mine

LEVELS = {Level.NORMAL: "good", Level.TIGHTENED: "wait", Level.FULL: "bad"}
"""The kind of the badge of each step."""
MOST_REVIEWS = 20


def _until_today(span: Span) -> Span:
    """Steps are those of today, not of days to come."""
    return Span(span.first, min(span.last, local_day(g.now, g.centre.zone)))


@bp.get("/agents")
@allows("supervise")
def show_agents() -> str:
    """Everybody who calls here, with how strictly their calls are sampled and why."""
    span = _until_today(span_asked())
    found = agents_at(g.session, g.centre, span.first, span.last)
    return render_template("quality/agents.html", span=span, found=found, levels=LEVELS)


@bp.get("/agents/<int:staff_id>")
@allows("supervise")
def show_agent(staff_id: int) -> str:
    """One agent's file."""
    agent = mine(g.session, Staff, staff_id)
    return render_template("quality/agent.html", reviews_at="/supervisor/reviews", **about(agent))


def about(agent: Staff) -> dict[str, Any]:
    """What the page of an agent's file shows."""
    span = _until_today(span_asked())
    asked = (
        select(Review, Call)
        .join(Call, col(Call.id) == col(Review.call_id))
        .where(Call.agent_id == agent.id, stands())
        .order_by(col(Review.id).desc())
    )
    return {
        "span": span,
        "file": file_of(g.session, g.centre, agent, span.first, span.last),
        "notes": patrol.notes_of(g.session, agent),
        "reviews": g.session.exec(asked.limit(MOST_REVIEWS)).all(),
        "levels": LEVELS,
        "said": IN_ORDER,
    }
