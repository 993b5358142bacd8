"""Shifts as whoever supervises sees them: who is at a desk, hours of a day, questions of agents, briefings not read."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request

from outbound import attendance, briefings, support
from outbound.attendance import BreakReason, Hours, Stance
from outbound.briefings import Standing
from outbound.clock import local_day
from outbound.errors import Refusal
from outbound.people import known
from outbound.support import Asked, HelpQuestion
from web import files, filters
from web.api import saying
from web.forms import filled_form
from web.guard import allows, mine
from web.language import _, chosen_language

bp = Blueprint("shifts", __name__)

BADGES = {Stance.READY: "info", Stance.IN_CALL: "good", Stance.WRAP_UP: "wait", Stance.BREAK: ""}
COUNTED = (Stance.READY, Stance.IN_CALL, Stance.WRAP_UP, Stance.BREAK)


class DayUnreadable(Refusal):
    """“{day}” is no day; write it like 2026-11-21."""

    zh = "“{day}”不是有效日期，请写成 2026-11-21 的形式。"
    status = 422


@bp.get("/supervisor/attendance")
@allows("supervise")
def show_attendance() -> Any:
    """Who is at a desk now, and everybody's hours on a day; the hours as a file."""
    day, today = _day(), local_day(g.now, g.centre.zone)
    hours = attendance.hours_of(g.session, g.centre, day, now=g.now)
    if (kind := request.args.get("export", "")) in files.KINDS:
        name = _("attendance")
        return files.sent(map(_cells, hours), _heads(), name=f"{g.centre.code}-{day}-{name}", kind=kind)
    return render_template(
        "supervisor/attendance.html",
        seats=attendance.seats(g.session, g.centre, now=g.now),
        hours=hours,
        day=day,
        earlier=day - timedelta(days=1),
        later=day + timedelta(days=1) if day < today else None,
        counted=COUNTED,
        badges=BADGES,
        reasons=BreakReason,
    )


def _day() -> date:
    """The day asked for, or today; raises DayUnreadable."""
    asked = request.args.get("day", "").strip()
    if not asked:
        return local_day(g.now, g.centre.zone)
    try:
        return date.fromisoformat(asked)
    except ValueError:
        raise DayUnreadable(day=asked) from None


def _heads() -> list[Any]:
    language = chosen_language()
    states = [each.words(language) for each in COUNTED]
    breaks = [f"{Stance.BREAK.words(language)}: {each.words(language)}" for each in BreakReason]
    return [_("Sign-in name"), _("Full name"), _("First seen"), _("Last seen"), _("Worked"), *states, *breaks]


def _cells(hours: Hours) -> list[str]:
    states = [_length(hours.of(each)) for each in COUNTED]
    breaks = [_length(hours.breaks.get(each, timedelta(0))) for each in BreakReason]
    when = [filters.exact(hours.began), filters.exact(hours.ended)]
    return [hours.staff.login, hours.staff.name, *when, _length(hours.worked), *states, *breaks]


def _length(time: timedelta) -> str:
    return filters.seconds(time.total_seconds())


@bp.get("/supervisor/help")
@allows("supervise")
def show_help() -> str:
    """The questions that wait for an answer, and those answered lately."""
    return render_template(
        "supervisor/help.html",
        waiting=support.waiting(g.session, known(g.centre.id), now=g.now),
        answered=support.answered_lately(g.session, known(g.centre.id)),
        said=_said,
    )


@bp.get("/supervisor/help/waiting.json")
@allows("supervise")
def list_waiting() -> Any:
    """The numbers of the questions that wait, for pages that tell at once."""
    return {"waiting": [each.question.id for each in support.waiting(g.session, known(g.centre.id), now=g.now)]}


@bp.post("/supervisor/help/<int:question_id>")
@allows("supervise", again=show_help)
def answer(question_id: int) -> Any:
    """Answer a question; it stands on the agent's screen at once."""
    question = mine(g.session, HelpQuestion, question_id)
    with filled_form() as form:
        text = form.text(f"answer-{question_id}", most=1000)
    support.answer(g.session, question, text, by=g.staff, now=g.now)
    flash(_("Answered; the agent sees it on the screen."))
    return redirect("/supervisor/help")


def _said(asked: Asked) -> str:
    return saying.said_time(asked.question.at, now=g.now)


@bp.get("/supervisor/briefings")
@allows("supervise")
def show_briefings() -> Any:
    """Who has read what is new in each campaign, and who has not."""
    standings = briefings.standings_at(g.session, g.centre)
    if (kind := request.args.get("export", "")) in files.KINDS:
        heads = [_("Campaign"), _("Script"), _("Sign-in name"), _("Full name"), _("Read")]
        name = _("briefings")
        return files.sent(_readers(standings), heads, name=f"{g.centre.code}-{name}", kind=kind)
    return render_template(
        "supervisor/briefings.html", standings=standings, titled=saying.briefing_title, duty_label=saying.duty_label
    )


def _readers(standings: list[Standing]) -> Iterator[list[str]]:
    for each in standings:
        people = [*((staff, filters.exact(at)) for staff, at in each.read), *((staff, "") for staff in each.unread)]
        for staff, at in people:
            yield [each.campaign.name, saying.briefing_title(each), staff.login, staff.name, at]
