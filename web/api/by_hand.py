"""A customer taken by hand: by their number, out of turn."""

from flask import Response, g
from pydantic import Field

from outbound import attendance
from outbound.attendance import Stance
from outbound.dialing import by_hand
from outbound.overview.why import NeverMet, phone_typed
from outbound.phones.model import Phone
from web.api import describing, requests, shapes
from web.api.blueprint import bp, told, vault
from web.api.desk import refuse_strangers
from web.guard import allows, writing


class ByHandAsked(requests.DeskChosen):
    """The number stands in the body, never in an address."""

    number: str = Field(min_length=1, max_length=40)


@bp.post("/claims/by-hand")
@allows("make_calls", writes=False)
@bp.input(ByHandAsked)
@bp.output(shapes.DeskShown)
def take_by_hand(json_data: ByHandAsked) -> Response:
    """Take the customer with this number out of turn; every calling rule holds, and the dial counts like any other."""
    roles = refuse_strangers(json_data.desk)
    with writing() as session:
        claim = by_hand.take(session, _phone(json_data.number), by=g.staff, roles=roles, now=g.now)
        if attendance.stands(session, g.staff) in (Stance.AWAY, Stance.BREAK):
            attendance.enter(session, g.staff, Stance.READY, now=g.now)
    return told(describing.desk(g.session, json_data.desk, now=g.now, claim=claim.id, asked=True))


def _phone(text: str) -> Phone:
    try:
        return phone_typed(g.session, vault(), text)
    except NeverMet:
        # Whether somebody else's list has the number is nobody's business here.
        raise by_hand.NotYours from None
