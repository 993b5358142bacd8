"""The agent's desk: one screen for the whole shift."""

from flask import Blueprint, render_template

from web.guard import allows

bp = Blueprint("agent", __name__)


@bp.get("/agent")
@allows("make_sales_calls")
def show_agent_desk() -> str:
    """The screen; everything on it comes and goes through the API."""
    return render_template("agent.html", desk="agent")
