"""The centre's calendar: days off and made-up workdays that it decided itself, and years nobody knows yet."""

from datetime import date
from typing import Any

from flask import flash, g, redirect, render_template

from outbound.calling_rules import calendar
from outbound.calling_rules.calendar import DayOutOfReach
from outbound.calling_rules.profiles import DayKind
from outbound.clock import local_day
from outbound.overview.calendar import warnings_at
from outbound.people import Staff
from web.desks.manager.desk import bp
from web.filters import day as said_day
from web.forms import filled_form
from web.guard import allows
from web.language import _, lazy_gettext

KINDS = {
    DayKind.HOLIDAY: (lazy_gettext("Holiday"), "wait"),
    DayKind.WORKDAY: (lazy_gettext("Workday"), "good"),
    None: (lazy_gettext("As the calendar says"), ""),
}
"""What a day may be, and the kind of its badge."""


@bp.get("/calendar")
@allows("keep_calendar")
def show_calendar() -> str:
    """What was decided about days, and the years of which the decree is missing."""
    decisions = calendar.decisions_of(g.session, g.centre.id)
    return render_template(
        "manager/calendar.html",
        decisions=[(each, g.session.get_one(Staff, each.by_id)) for each in reversed(decisions)],
        kinds=KINDS,
        warnings=warnings_at(g.session, g.centre, now=g.now),
        years=[
            (each, g.session.get_one(Staff, each.by_id))
            for each in calendar.years_declared(g.session, g.centre.id).values()
        ],
        today=local_day(g.now, g.centre.zone),
    )


@bp.post("/calendar")
@allows("keep_calendar", again=show_calendar)
def decide_day() -> Any:
    """A day is a holiday or a workday from now on."""
    with filled_form() as form:
        day, kind, why = form.day("day"), form.choice("kind", DayKind), form.text("why", most=200)
        if not form.faults:
            try:
                calendar.decide(g.session, g.centre, day, kind, why=why, by=g.staff, now=g.now)
            except DayOutOfReach as refused:
                form.refuse("day", refused)
    flash(_("%(day)s is entered as: %(kind)s.", day=said_day(day), kind=KINDS[kind][0]))
    return redirect("/manager/calendar")


@bp.post("/calendar/<day>/take-back")
@allows("keep_calendar", again=show_calendar)
def take_back_day(day: str) -> Any:
    """A day is what the calendar says again."""
    try:
        wanted = date.fromisoformat(day)
    except ValueError:
        raise DayOutOfReach(day=day, earliest=calendar.EARLIEST, latest=calendar.LATEST) from None
    calendar.decide(g.session, g.centre, wanted, None, why=str(_("taken back")), by=g.staff, now=g.now)
    flash(_("%(day)s is again what the calendar says.", day=said_day(wanted)))
    return redirect("/manager/calendar")


@bp.post("/calendar/years/<int:year>/complete")
@allows("keep_calendar", again=show_calendar)
def declare_year(year: int) -> Any:
    """The decree of a year stands here in full."""
    with filled_form() as form:
        why = form.text(f"decree-{year}", most=200)
    calendar.declare_complete(g.session, g.centre, year, why=why, by=g.staff, now=g.now)
    flash(_("%(year)d is entered in full; nobody is warned of it any more.", year=year))
    return redirect("/manager/calendar")
