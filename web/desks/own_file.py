"""An agent's own file: how strictly the calls are sampled and why, what reviews and patrols said."""

from flask import Blueprint, g, render_template

from web.desks.quality.agents import about
from web.guard import allows

bp = Blueprint("own_file", __name__)


@bp.get("/my-reviews/file")
@allows("see_own_reviews")
def show_own_file() -> str:
    """My own file."""
    return render_template("quality/own_file.html", reviews_at="/my-reviews", **about(g.staff))
