"""Weekly reports to the carrier: each is a page of its own, to be printed and kept."""

from flask import Response, current_app, g, render_template, send_file
from sqlmodel import select

from outbound.clock import week_days
from outbound.errors import NotFound
from outbound.people import Centre
from outbound.reports import weekly
from outbound.reports.weekly import Report
from web.desks.quality.desk import bp
from web.guard import allows


@bp.get("/reports")
@allows("see_quality")
def show_reports() -> str:
    """Every report of my centre; the carrier's people see all centres'."""
    centres = {centre.code: centre for centre in g.session.exec(select(Centre))}
    reports = [(each, week_days(each.week)) for each in mine_written()]
    return render_template("quality/reports.html", reports=reports, centres=centres)


@bp.get("/reports/export/<name>")
@allows("see_quality")
def download_report(name: str) -> Response:
    """One report, as it was written."""
    found = next((each for each in mine_written() if each.file.name == name), None)
    if found is None:
        raise NotFound
    return send_file(found.file.absolute(), mimetype="text/html", as_attachment=True)


def mine_written() -> list[Report]:
    """The reports that who asks may see."""
    return weekly.written(current_app.config["SETTINGS"].data, g.centre.code if g.centre else None)
