"""The carrier's systems tell what became of notices, what customers replied, and who cancelled: by a token alone."""

import hmac

from flask import current_app, g
from flask.blueprints import BlueprintSetupState
from pydantic import BaseModel, Field
from sqlmodel import Session

from outbound.errors import Refusal
from outbound.intake.messages import ReceiptTold, ReplyTold, WithdrawalTold
from web.api.blueprint import bp, vault
from web.guard import Guarded, allows


class CarrierTokenWrong(Refusal):
    """This is not the token in OUTBOUND_CARRIER_TOKEN, or none is set there."""

    zh = "令牌与 OUTBOUND_CARRIER_TOKEN 不符，或尚未设置该令牌。"
    status = 401


class Taken(BaseModel):
    """What a message came to."""

    came_to: str = Field(description="kept, yes, no, cancelled, or ended (it was over already)")


def enter_carrier(session: Session, token: str) -> None:
    """Let the carrier's systems in. Raises CarrierTokenWrong."""
    ours = current_app.config["SETTINGS"].carrier_token.get_secret_value()
    if not ours or not hmac.compare_digest(ours.encode(), token.encode()):
        raise CarrierTokenWrong
    g.session, g.staff, g.roles, g.centre = session, None, frozenset(), None


@bp.post("/notices/receipts")
@allows("speak_for_the_carrier", token=enter_carrier)
@bp.input(ReceiptTold)
@bp.output(Taken)
def receive(json_data: ReceiptTold) -> Taken:
    """What became of a notice that was sent."""
    return Taken(came_to=json_data.take(g.session, vault(), now=g.now))


@bp.post("/notices/replies")
@allows("speak_for_the_carrier", token=enter_carrier)
@bp.input(ReplyTold)
@bp.output(Taken)
def hear(json_data: ReplyTold) -> Taken:
    """A message from a customer: a yes confirms, a no cancels at once."""
    return Taken(came_to=json_data.take(g.session, vault(), now=g.now))


@bp.post("/withdrawals")
@allows("speak_for_the_carrier", token=enter_carrier)
@bp.input(WithdrawalTold)
@bp.output(Taken)
def withdraw(json_data: WithdrawalTold) -> Taken:
    """A customer cancelled with the carrier: effective at once."""
    return Taken(came_to=json_data.take(g.session, vault(), now=g.now))


def _exempt(state: BlueprintSetupState) -> None:
    # A machine has no page to take a token from; without the carrier's own token these routes answer nobody.
    views: tuple[Guarded, ...] = (receive, hear, withdraw)
    for view in views:
        state.app.extensions["csrf"].exempt(view)


bp.record_once(_exempt)
