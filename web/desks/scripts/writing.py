"""Writing scripts: the editor, its check, and keeping or submitting what was written."""

from typing import Any

from flask import flash, g, get_template_attribute, redirect, render_template, request

from outbound.documents import DocumentFaulty
from outbound.people import known
from scripts import approval
from scripts.language import library, read_script, schema
from scripts.model import PitchScript, ScriptVersion
from scripts.placeholders import KNOWN
from scripts.proof import prove
from web.desks.editing import editor_text, sent_text, text_faults, told_by_line
from web.desks.scripts.desk import KINDS, PLACEHOLDERS, bp
from web.desks.scripts.drawing import Picture, picture_of
from web.guard import allows, mine
from web.language import _, chosen_language


@bp.get("/new")
@allows("write_scripts")
def new_script() -> str:
    """The editor: empty, with a script of the library, or with the text of a version."""
    return render_template(
        "scripts/editor.html",
        text=editor_text(_start()),
        faults=text_faults(),
        proof=getattr(g.get("refusal"), "proof", None),
        origin=_origin(),
        ready=_ready(),
    )


def _origin() -> PitchScript | None:
    """The script of which a new version is written."""
    number = request.values.get("from", "")
    if not number.isdecimal():
        return None
    version = mine(g.session, ScriptVersion, int(number))
    return g.session.get_one(PitchScript, version.script_id)  # type: ignore[no-any-return]


def _start() -> str:
    number = request.args.get("from", "")
    if number.isdecimal():
        return str(mine(g.session, ScriptVersion, int(number)).source)
    return library().get(request.args.get("start", ""), "")


def _ready() -> list[tuple[str, str, Any]]:
    """The library's scripts by what they are for: name, title and kind."""
    scripts = [(name, read_script(text)) for name, text in library().items()]
    order = list(KINDS)
    scripts.sort(key=lambda each: (order.index(each[1].kind), each[0]))
    return [(name, script.title.shown(chosen_language()), KINDS[script.kind]) for name, script in scripts]


@bp.post("/new")
@allows("write_scripts", again=new_script)
def keep_script() -> Any:
    """Keep what was written as a draft; with the other button, submit it at once."""
    with told_by_line():
        version = approval.write(g.session, g.centre, sent_text(), by=g.staff, now=g.now)
    if "submit" in request.form:
        approval.submit(g.session, version, by=g.staff, now=g.now)
        flash(_("Submitted: the carrier and business support decide now."))
    else:
        flash(_("Kept as a draft: version %(number)d.", number=version.number))
    return redirect(f"/scripts/versions/{known(version.id)}")


@bp.post("/check")
@allows("write_scripts", writes=False)
def check_script() -> str:
    """Every fault at its line, or the proof, as a piece of the editor's page."""
    try:
        script = read_script(sent_text())
    except DocumentFaulty as faulty:
        return render_template("manager/faults.html", faults=faulty.list)
    return render_template("scripts/proof.html", proof=prove(script), script=script)


@bp.post("/live")
@allows("write_scripts", writes=False)
def look_while_typing() -> dict[str, str]:
    """The faults or the proof of what stands in the editor, and its picture where it can be drawn."""
    text = sent_text()
    try:
        script = read_script(text)
    except DocumentFaulty as faulty:
        return {"told": render_template("manager/faults.html", faults=faulty.list)}
    proof = prove(script)
    told = render_template("scripts/proof.html", proof=proof, script=script)
    return {"told": told, "drawn": _drawn(picture_of(g.session, script, text, proof))}


def _drawn(picture: Picture) -> str:
    macro = get_template_attribute("scripts/graph.html", "graph")
    return str(macro(picture))


@bp.get("/placeholders.json")
@allows("write_scripts")
def list_placeholders() -> dict[str, Any]:
    """The names in braces that a script may use, each with what it stands for."""
    return {"placeholders": [{"name": name, "told": str(PLACEHOLDERS[name])} for name in KNOWN]}


@bp.get("/schema.json")
@allows("see_scripts")
def show_schema() -> dict[str, Any]:
    """The JSON Schema of scripts, for editors that complete them."""
    return schema()
