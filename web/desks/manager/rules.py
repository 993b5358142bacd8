"""The centre's own calling rules: read in words, written in an editor, changed by versions, retired."""

from collections.abc import Sequence
from typing import Any

from flask import Response, flash, g, redirect, render_template, request

from outbound.calling_rules import own_rules
from outbound.calling_rules.in_words import in_words
from outbound.calling_rules.looser import looser
from outbound.calling_rules.overriding import own_schema
from outbound.calling_rules.own_profiles import own_profile, template
from outbound.calling_rules.own_rules import OwnRules, OwnRulesVersion
from outbound.calling_rules.profiles import PROFILES, profile
from outbound.campaigns import pinning
from outbound.documents import DocumentFaulty
from outbound.errors import NotFound
from outbound.people import Staff
from web.desks.editing import editor_text, sent_text, text_faults, told_by_line
from web.desks.manager.desk import bp
from web.desks.scripts import showing
from web.forms import filled_form
from web.guard import allows, mine
from web.language import _

NOTE = 200
"""Characters of why rules were written or retired."""


@bp.get("/rules")
@allows("see_calling_rules")
def list_rules() -> str:
    """The centre's own rules, and those that come with the product, in words."""
    return render_template(
        "manager/rules.html",
        rows=[_row(version) for version in own_rules.kept_at(g.session, g.centre.id).values()],
        shipped=[(profile(name), in_words(profile(name))) for name in PROFILES],
    )


def _row(version: OwnRulesVersion) -> dict[str, Any]:
    rules = g.session.get_one(OwnRules, version.rules_id)
    return {
        "rules": rules,
        "version": version,
        "written": own_profile(version.text),
        "retired": own_rules.retirement_of(g.session, rules),
        "users": pinning.users(g.session, rules),
    }


@bp.get("/rules/new")
@allows("keep_calling_rules")
def new_rules() -> str:
    """The editor for new rules: empty, or begun from a profile."""
    return _editor(None, template(request.args.get("start", PROFILES[0])))


def _editor(rules: OwnRules | None, stored: str, over: int = 0) -> str:
    return render_template(
        "manager/rules_editor.html",
        rules=rules,
        text=editor_text(stored),
        faults=text_faults(),
        over=over,
        shipped=PROFILES,
        most=NOTE,
    )


@bp.post("/rules/new")
@allows("keep_calling_rules", again=new_rules)
def keep_rules() -> Any:
    """Keep rules under a new name."""
    with filled_form() as form:
        note = form.text("note", most=NOTE, required=False)
    with told_by_line():
        version = own_rules.keep_new(g.session, g.centre, sent_text(), note=note, by=g.staff, now=g.now)
    flash(_("The rules are kept: campaigns may name them from now on."))
    return redirect(f"/manager/rules/{version.rules_id}")


@bp.post("/rules/check")
@allows("keep_calling_rules", writes=False)
def check_rules() -> str:
    """Every fault of rules at its line, or what they permit in words, as a piece of the editor's page."""
    try:
        written = own_profile(sent_text())
    except DocumentFaulty as faulty:
        return render_template("manager/faults.html", faults=faulty.list)
    return render_template("manager/rules_words.html", **_said(written))


def _said(written: Any) -> dict[str, Any]:
    return {"written": written, "words": in_words(written), "looser": looser(written, written.base)}


@bp.post("/rules/live")
@allows("keep_calling_rules", writes=False)
def check_rules_while_typing() -> dict[str, str]:
    """The faults of what stands in the editor, or its words."""
    return {"told": check_rules.view()}


@bp.get("/rules/<int:rules_id>")
@allows("see_calling_rules")
def show_rules(rules_id: int) -> str:
    """Rules in words and as they are written, who is held by them, and what each version changed."""
    rules = mine(g.session, OwnRules, rules_id)
    versions = own_rules.versions(g.session, rules)
    version = _numbered(versions, request.args.get("version", ""))
    former = next((each for each in versions if each.number == version.number - 1), None)
    return render_template(
        "manager/rules_one.html",
        rules=rules,
        version=version,
        versions=versions,
        former=former,
        sides=showing.side_by_side(former.text, version.text) if former else [],
        retired=own_rules.retirement_of(g.session, rules),
        users=pinning.users(g.session, rules),
        writers={each.by_id: g.session.get(Staff, each.by_id) for each in versions if each.by_id},
        most=NOTE,
        **_said(own_profile(version.text)),
    )


def _numbered(versions: Sequence[OwnRulesVersion], asked: str) -> OwnRulesVersion:
    """The version of the number asked for, or the newest; raises NotFound."""
    found = next((each for each in versions if asked in ("", str(each.number))), None)
    if found is None:
        raise NotFound
    return found


@bp.get("/rules/<int:rules_id>/<int:number>.yaml")
@allows("see_calling_rules")
def download_rules(rules_id: int, number: int) -> Response:
    """A version of rules, byte for byte."""
    rules = mine(g.session, OwnRules, rules_id)
    version = _numbered(own_rules.versions(g.session, rules), str(number))
    answer = Response(version.text, mimetype="application/yaml")
    answer.headers.set("Content-Disposition", "attachment", filename=f"{rules.name}-v{number}.yaml")
    return answer


@bp.get("/rules/<int:rules_id>/change")
@allows("keep_calling_rules")
def edit_rules(rules_id: int) -> str:
    """The editor for a new version."""
    rules = mine(g.session, OwnRules, rules_id)
    version = _numbered(own_rules.versions(g.session, rules), "")
    return _editor(rules, version.text, version.number)


@bp.post("/rules/<int:rules_id>/change")
@allows("keep_calling_rules", again=edit_rules)
def change_rules(rules_id: int) -> Any:
    """Keep a new version; campaigns are held by it once somebody takes it up there."""
    rules = mine(g.session, OwnRules, rules_id)
    with filled_form() as form:
        note, over = form.text("note", most=NOTE, required=False), form.whole("over", least=1)
    with told_by_line():
        version = own_rules.change(g.session, rules, sent_text(), over=over, note=note, by=g.staff, now=g.now)
    if version.number == over:
        flash(_("The rules are as they were; nothing is changed."), "info")
    else:
        flash(
            _("Version %(number)d is kept; a campaign is held by it once you take it up there.", number=version.number)
        )
    return redirect(f"/manager/rules/{rules_id}")


@bp.post("/rules/<int:rules_id>/retire")
@allows("keep_calling_rules", again=show_rules)
def retire_rules(rules_id: int) -> Any:
    """Let no further campaign take them up."""
    rules = mine(g.session, OwnRules, rules_id)
    with filled_form() as form:
        why = form.text("why", most=NOTE)
    own_rules.retire(g.session, rules, why=why, by=g.staff, now=g.now)
    flash(_("“%(name)s” is retired: no further campaign can name it.", name=rules.name))
    return redirect(f"/manager/rules/{rules_id}")


@bp.get("/rules/schema.json")
@allows("see_calling_rules")
def show_rules_schema() -> dict[str, Any]:
    """The JSON Schema of calling rules, for editors that complete them."""
    return own_schema()
