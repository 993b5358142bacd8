"""Rehearsing a script: walking it on the agent's own screen, with a customer and an offer filled in."""

from typing import Any

from flask import g, render_template, request

from outbound.errors import Language
from outbound.people import Centre
from scripts.language import Script, read_script
from scripts.model import ScriptVersion, script_of
from scripts.rendering import render
from web.desks.calling import rule_words
from web.desks.editing import sent_text, told_by_line
from web.desks.scripts import showing
from web.desks.scripts.desk import bp, centre_of
from web.desks.scripts.drawing import ending_words
from web.desks.scripts.writing import new_script
from web.guard import allows, mine
from web.language import chosen_language


@bp.get("/versions/<int:version_id>/rehearsal")
@allows("see_scripts")
def rehearse_version(version_id: int) -> str:
    """A version, walked as an agent would."""
    version = mine(g.session, ScriptVersion, version_id)
    return _stage(script_of(version), centre_of(version.centre_id), back=f"/scripts/versions/{version_id}")


@bp.post("/rehearsal")
@allows("write_scripts", writes=False, again=new_script)
def rehearse_text() -> str:
    """What stands in the editor, walked before it is kept."""
    with told_by_line():
        script = read_script(sent_text())
    return _stage(script, g.centre)


def _stage(script: Script, centre: Centre, back: str = "") -> str:
    """The agent's screen with a script in it. Raises PlaceholderUnknown and FactsMissing."""
    language = spoken_in(script)
    facts = showing.sample_facts(g.session, script, centre, now=g.now, language=language)
    return render_template(
        "scripts/rehearsal.html",
        script=script,
        shown=render(script, facts, language).model_dump(mode="json"),
        facts=facts,
        spoken=language,
        back=back,
        rule_words=_words(),
    )


def spoken_in(script: Script) -> Language:
    """The language in which the script is shown: the one asked for, else the reader's where there is a text."""
    wanted = request.values.get("spoken", chosen_language())
    return next((each for each in script.languages if each == wanted), script.languages[0])


def _words() -> dict[str, Any]:
    endings = {f"ending.{code}": words for code, words in ending_words(g.session).items()}
    return rule_words() | endings
