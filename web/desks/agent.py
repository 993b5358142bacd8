"""The agent's desk: one screen for the whole shift."""

from flask import Blueprint

from web.desks import calling
from web.guard import allows

bp = Blueprint("agent", __name__)


@bp.get("/agent")
@allows("make_sales_calls")
def show_agent_desk() -> str:
    """The screen; everything on it comes and goes through the API."""
    return calling.show_desk("agent")
