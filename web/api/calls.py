"""The end of a call, reported once whatever happens on the way."""

from flask import Response, g

from outbound.calls import speaking
from outbound.calls.model import After, Call
from outbound.calls.wrap_up import WrappedUp
from outbound.concluding import conclude
from outbound.errors import NotFound
from outbound.recordings import keeping
from web.api import requests, saying, shapes
from web.api.blueprint import bp, told
from web.api.desk import refuse_strangers, take_next
from web.guard import allows, mine, writing


def my_call(call_id: int) -> Call:
    """A call of who asks; raises NotFound for anybody else's."""
    call = mine(g.session, Call, call_id)
    if call.agent_id != g.staff.id:
        raise NotFound
    return call


@bp.post("/calls/<int:call_id>/spoken")
@allows("make_calls")
@bp.input(requests.SpokenTold)
@bp.output(shapes.SpokenKept)
def keep_spoken(call_id: int, json_data: requests.SpokenTold) -> Response:
    """Keep what was said in a call under way, with its second; what is known already stays as it is."""
    speaking.keep(g.session, my_call(call_id), json_data.said, by=g.staff, now=g.now)
    return told(shapes.SpokenKept(kept=len(json_data.said)))


@bp.post("/calls/<int:call_id>/wrap-up")
@allows("make_calls", writes=False)
@bp.input(requests.WrapUpReport)
@bp.output(shapes.WrappedUpShown)
def wrap_up(call_id: int, json_data: requests.WrapUpReport) -> Response:
    """Report how a call ended; the same key again has no second effect. With `next`, the next contact comes along."""
    if json_data.next:
        refuse_strangers(json_data.desk)
    with writing() as session:
        call = my_call(call_id)
        done = conclude(session, call, json_data.report(), by=g.staff, now=g.now)
        keeping.match_waiting(session, call, now=g.now)
    return told(_told(done, json_data))


def _told(done: WrappedUp, asked: requests.WrapUpReport) -> shapes.WrappedUpShown:
    return shapes.WrappedUpShown(
        outcome=saying.outcome_name(done.outcome),
        follows=saying.follows(g.session, done, now=g.now),
        blocked=done.outcome.after == After.BLOCK,
        late=done.late,
        repeated=done.repeated,
        desk=take_next(asked.desk) if asked.next else None,
    )
