"""Patrol, on a phone as well: who, what, in order or not; a tap each."""

import secrets
from typing import Any

from flask import flash, g, redirect, render_template, request
from sqlmodel import col, select

from outbound.clock import day_starts, local_day
from outbound.errors import NotFound
from outbound.people import Role, Staff, holders
from qa import patrol
from qa.patrol import PatrolNote, SaidNothing, Topic
from web.desks.quality.desk import bp
from web.forms import ChoiceUnknown, filled_form
from web.guard import allows, mine
from web.language import _, lazy_gettext

IN_ORDER = {True: (lazy_gettext("In order"), "good"), False: (lazy_gettext("Not in order"), "bad")}
"""What a patrol may say, and the kind of its badge."""


@bp.get("/patrol")
@allows("patrol")
def show_patrol() -> str:
    """Whom to look at and what at; beneath, what was seen here today."""
    return render_template(
        "quality/patrol.html",
        callers=_callers(),
        topics=Topic,
        seen=_today(),
        said=IN_ORDER,
        key=secrets.token_hex(16),
    )


def _callers() -> list[Staff]:
    """Everybody with a seat, but not who inspects; agents first."""
    found = [*holders(g.session, Role.AGENT, g.centre.id), *holders(g.session, Role.VERIFIER, g.centre.id)]
    return list({person.id: person for person in found if person.id != g.staff.id}.values())


def _today() -> Any:
    since = day_starts(local_day(g.now, g.centre.zone), g.centre.zone)
    asked = select(PatrolNote, Staff).join(Staff, col(Staff.id) == col(PatrolNote.agent_id))
    here = asked.where(PatrolNote.centre_id == g.centre.id, col(PatrolNote.at) >= since)
    return g.session.exec(here.order_by(col(PatrolNote.id).desc())).all()


@bp.post("/patrol")
@allows("patrol", again=show_patrol)
def note_patrol() -> Any:
    """Keep what was seen."""
    with filled_form() as form:
        number = form.text("agent", required=False)
        if not number.isdecimal():
            form.refuse("agent", ChoiceUnknown())
        topic = form.choice("topic", Topic)
        words = form.text("note", required=False, most=400)
        if topic is Topic.OTHER and not words:
            form.refuse("note", SaidNothing())
        key = form.text("key", most=64)
    agent = mine(g.session, Staff, int(number))
    if agent.left_at:
        raise NotFound
    in_order = request.form.get("in_order") == "yes"
    patrol.note(g.session, agent, topic, in_order=in_order, note=words, key=key, by=g.staff, now=g.now)
    flash(_("Noted: %(agent)s, %(verdict)s.", agent=agent.name, verdict=IN_ORDER[in_order][0]))
    return redirect("/quality/patrol")
