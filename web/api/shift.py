"""The shift of who calls: what must be read before a first call, what they are doing, and help from who supervises."""

from flask import Response, g
from flask import session as cookie

from outbound import attendance, briefings, sign_ins, support
from outbound.campaigns.model import Campaign
from outbound.support import HelpQuestion
from scripts.model import ScriptVersion
from web.api import requests, shapes
from web.api.blueprint import bp, told
from web.api.calls import my_call
from web.api.desk import refuse_strangers, shown_desk
from web.api.shifting import help_shown, standing_shown, unread_count
from web.guard import TOKEN, allows, mine


@bp.post("/briefings")
@allows("make_calls")
@bp.input(requests.BriefingAcknowledged)
@bp.output(shapes.DeskShown)
def acknowledge(json_data: requests.BriefingAcknowledged) -> Response:
    """Say that one has read what is new; the desk comes along, with what else there is to read."""
    refuse_strangers(json_data.desk)
    campaign = mine(g.session, Campaign, json_data.campaign)
    script = mine(g.session, ScriptVersion, json_data.script)
    briefings.acknowledge(g.session, campaign, script, by=g.staff, now=g.now)
    return told(shown_desk(json_data.desk))


@bp.post("/attendance")
@allows("make_calls")
@bp.input(requests.StanceTaken)
@bp.output(shapes.StandingShown)
def enter(json_data: requests.StanceTaken) -> Response:
    """Enter a state; a break needs its reason."""
    attendance.enter(g.session, g.staff, json_data.state, reason=json_data.reason, now=g.now)
    return told(standing_shown(g.session, g.staff, now=g.now) or shapes.StandingShown.nobody())


@bp.post("/attendance/seen")
@allows("make_calls")
@bp.input(requests.DeskChosen)
@bp.output(shapes.Pulse)
def be_seen(json_data: requests.DeskChosen) -> Response:
    """One is at the desk; every minute. What came up meanwhile is told."""
    attendance.was_there(g.session, g.staff, now=g.now)
    waiting = unread_count(g.session, refuse_strangers(json_data.desk), now=g.now)
    elsewhere = sign_ins.calls_elsewhere(g.session, g.staff, cookie.get(TOKEN, ""), now=g.now)
    pulse = shapes.Pulse(briefings=waiting, help=help_shown(g.session, g.staff, now=g.now), elsewhere=elsewhere)
    return told(pulse)


@bp.get("/help")
@allows("make_calls")
@bp.output(shapes.HelpStanding)
def show_help() -> Response:
    """One's latest question, and what was answered."""
    return told(shapes.HelpStanding(help=help_shown(g.session, g.staff, now=g.now)))


@bp.post("/help")
@allows("make_calls")
@bp.input(requests.HelpAsked)
@bp.output(shapes.HelpStanding)
def ask_for_help(json_data: requests.HelpAsked) -> Response:
    """Ask whoever supervises; they see it at once."""
    call = my_call(json_data.call) if json_data.call is not None else None
    support.ask(g.session, json_data.text, call=call, step=json_data.step, by=g.staff, now=g.now)
    return told(shapes.HelpStanding(help=help_shown(g.session, g.staff, now=g.now)))


@bp.post("/help/<int:question_id>/withdraw")
@allows("make_calls")
@bp.output(shapes.HelpStanding)
def withdraw_question(question_id: int) -> Response:
    """Take one's question back, or put its answer away."""
    support.withdraw(g.session, mine(g.session, HelpQuestion, question_id), by=g.staff, now=g.now)
    return told(shapes.HelpStanding(help=help_shown(g.session, g.staff, now=g.now)))
