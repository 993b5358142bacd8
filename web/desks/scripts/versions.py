"""Scripts and their versions: what a version changes, its proof, how it reads; and the verbs of its life."""

from typing import Any

from flask import Response, flash, g, redirect, render_template, request
from sqlmodel import select

from outbound.campaigns import lookups
from outbound.campaigns.model import Campaign
from outbound.errors import Refusal
from outbound.people import known
from scripts import approval, refusals
from scripts.language import Script
from scripts.model import PitchScript, ScriptState, ScriptVersion, script_of
from scripts.proof import prove
from scripts.rendering import Rendered, render
from web.desks.scripts import showing
from web.desks.scripts.desk import bp, centre_of, my_party, told
from web.desks.scripts.drawing import picture_of
from web.desks.scripts.rehearsing import spoken_in
from web.forms import filled_form
from web.guard import allows, mine
from web.language import _

VIEWS = ("changes", "sides", "text", "read", "graph")


@bp.get("/<int:script_id>")
@allows("see_scripts")
def show_script(script_id: int) -> str:
    """A script with all its versions, and the campaigns that read it."""
    script = mine(g.session, PitchScript, script_id)
    versions = approval.versions(g.session, script)
    using = [
        campaign
        for campaign in g.session.exec(select(Campaign).where(Campaign.centre_id == script.centre_id))
        if script.name in _named(campaign)
    ]
    decided = {version.id: approval.decisions(g.session, version) for version in versions}
    title = showing.titles(versions[:1]).get(known(versions[0].id), "")
    return render_template(
        "scripts/script.html", script=script, title=title, versions=versions, using=using, decided=decided
    )


def _named(campaign: Campaign) -> tuple[str | None, ...]:
    scripts = lookups.definition_of(g.session, campaign).scripts
    return scripts.pitch, scripts.confirmation, scripts.correction


@bp.get("/versions/<int:version_id>")
@allows("see_scripts")
def show_version(version_id: int) -> str:
    """One version: what it changes, or how it reads; the proof and the decisions beside it."""
    version = mine(g.session, ScriptVersion, version_id)
    script = script_of(version)
    base, decisions = showing.former(g.session, version), approval.decisions(g.session, version)
    view, may_decide = request.args.get("view", ""), _may_decide(version)
    # Who decides about a first version must see all of it.
    view = view if view in VIEWS else "changes" if base else "text" if may_decide else "read"
    return render_template(
        "scripts/version.html",
        version=version,
        owner=g.session.get_one(PitchScript, version.script_id),
        script=script,
        base=base,
        view=view,
        proof=prove(script),
        decisions=decisions,
        comments=showing.comments_of(decisions),
        may_decide=may_decide,
        missing=approval.still_to_approve(g.session, version),
        shown=_shown(view, version, base, script),
        spoken=spoken_in(script),
    )


def _may_decide(version: ScriptVersion) -> bool:
    """Whether who asks has still to decide about a version."""
    waits = version.state is ScriptState.SUBMITTED and version.author_id != g.staff.id
    return waits and my_party() in approval.still_to_approve(g.session, version)


def _shown(view: str, version: ScriptVersion, base: ScriptVersion | None, script: Script) -> Any:
    before = base.source if base else ""
    if view == "sides":
        return showing.side_by_side(before, version.source)
    if view == "graph":
        return picture_of(g.session, script, version.source, prove(script))
    if view == "changes":
        return list(showing.unified(before, version.source))
    return _read(version, script) if view == "read" else version.source.splitlines()


def _read(version: ScriptVersion, script: Script) -> Rendered | str:
    """The script as it is read aloud, or why it cannot be."""
    language = spoken_in(script)
    facts = showing.sample_facts(g.session, script, centre_of(version.centre_id), now=g.now, language=language)
    try:
        return render(script, facts, language)
    except Refusal as refused:
        return told(refused)


@bp.get("/versions/<int:version_id>.yaml")
@allows("see_scripts")
def download_version(version_id: int) -> Response:
    """A version, byte for byte."""
    version = mine(g.session, ScriptVersion, version_id)
    name = g.session.get_one(PitchScript, version.script_id).name
    answer = Response(version.source, mimetype="application/yaml")
    answer.headers.set("Content-Disposition", "attachment", filename=f"{name}-v{version.number}.yaml")
    return answer


@bp.post("/versions/<int:version_id>/submit")
@allows("write_scripts", again=show_version)
def submit_version(version_id: int) -> Any:
    """Ask both parties to approve a draft."""
    version = approval.submit(g.session, mine(g.session, ScriptVersion, version_id), by=g.staff, now=g.now)
    flash(_("Submitted: the carrier and business support decide now."))
    return redirect(f"/scripts/versions/{known(version.id)}")


@bp.post("/versions/<int:version_id>/approve")
@allows("approve_scripts", again=show_version)
def approve_version(version_id: int) -> Any:
    """Approve a version for my party."""
    version = approval.approve(g.session, mine(g.session, ScriptVersion, version_id), by=g.staff, now=g.now)
    if version.state is ScriptState.IN_FORCE:
        flash(_("Approved by both: version %(number)d is in force from now on.", number=version.number))
    else:
        flash(_("Approved; the other party has still to decide."))
    return redirect("/scripts")


@bp.post("/versions/<int:version_id>/return")
@allows("approve_scripts", again=show_version)
def return_version(version_id: int) -> Any:
    """Send a version back to its writer with a comment on a line."""
    version = mine(g.session, ScriptVersion, version_id)
    with filled_form() as form:
        line = form.whole("line", most=100_000) if form.given("line") else 0
        comment = form.text("comment", required=False, most=1000)
        if not form.faults:
            _send_back(form.refuse, version, line, comment)
    flash(_("Returned to its writer with your comment."))
    return redirect("/scripts")


def _send_back(refuse: Any, version: ScriptVersion, line: int, comment: str) -> None:
    try:
        approval.return_(g.session, version, by=g.staff, line=line, comment=comment, now=g.now)
    except refusals.CommentNeeded as refused:
        refuse("comment", refused)
    except refusals.LineUnknown as refused:
        refuse("line", refused)
