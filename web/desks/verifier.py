"""The verifier's desk: the agent's screen with the confirmation script, and what was promised on top."""

from flask import Blueprint

from web.desks import calling
from web.guard import allows

bp = Blueprint("verifier", __name__)


@bp.get("/verifier")
@allows("make_confirmation_calls")
def show_verifier_desk() -> str:
    """The screen; everything on it comes and goes through the API."""
    return calling.show_desk("verifier")
