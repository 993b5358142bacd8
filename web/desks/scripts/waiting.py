"""The first page of the scripts desk: what waits for my decision, then every script."""

from typing import Any

import sqlalchemy as sa
from flask import g, render_template, request
from sqlmodel import col, select

from outbound.people import Centre
from scripts import approval
from scripts.model import PitchScript, ScriptState, ScriptVersion
from web.desks.scripts import showing
from web.desks.scripts.desk import KINDS, STATES, bp, my_party
from web.guard import allows
from web.language import lazy_gettext
from web.tables import Column, Filter, Table

SCRIPTS = Table(
    caption=lazy_gettext("Scripts"),
    columns=(
        Column("name", lazy_gettext("Script"), sort=col(PitchScript.name), value=lambda row: row[0].name),
        Column("centre", lazy_gettext("Centre"), sort=col(Centre.code), value=lambda row: row[2].code),
        Column("kind", lazy_gettext("Kind"), sort=col(PitchScript.kind), value=lambda row: row[0].kind),
        Column("number", lazy_gettext("Newest version"), value=lambda row: row[1].number, number=True),
        Column("state", lazy_gettext("State"), sort=col(ScriptVersion.state), value=lambda row: row[1].state),
        Column("at", lazy_gettext("Written"), sort=col(ScriptVersion.written_at), value=lambda row: row[1].written_at),
    ),
    key=col(PitchScript.id),
    order="-at",
    empty=lazy_gettext("No scripts yet: write the first one, or begin with one of the library."),
    search=(col(PitchScript.name),),
    filters=(
        Filter(
            "state", lazy_gettext("State"), col(ScriptVersion.state), {key: name for key, (name, _k) in STATES.items()}
        ),
        Filter("kind", lazy_gettext("Kind"), col(PitchScript.kind), KINDS),
    ),
)


@bp.get("")
@allows("see_scripts")
def home() -> Any:
    """What waits for me, and every script with its newest version."""
    page = SCRIPTS.page(g.session, _newest(), request.args)
    if page.exported:
        return page.export("scripts")
    numbers = [row[0].id for row in page.rows]
    in_force = select(ScriptVersion).where(
        col(ScriptVersion.script_id).in_(numbers), ScriptVersion.state == ScriptState.IN_FORCE
    )
    mine_to_decide = waiting()
    return render_template(
        "scripts/home.html",
        page=page,
        waiting=mine_to_decide,
        titles=showing.titles([row[0] for row in mine_to_decide] + [row[1] for row in page.rows]),
        party=my_party(),
        in_force={version.script_id: version for version in g.session.exec(in_force)},
    )


def waiting() -> list[tuple[ScriptVersion, PitchScript, ScriptVersion | None]]:
    """The versions that wait for my party, the longest waiting first, each with what is in force now."""
    party = my_party()
    rows = []
    for version in approval.waiting_for(g.session, party) if party else ():
        script = g.session.get_one(PitchScript, version.script_id)
        rows.append((version, script, approval.in_force(g.session, script.centre_id, script.name)))
    return rows


def _newest() -> Any:
    """Every script I may see, with its newest version and its centre."""
    newest = (
        sa.select(sa.func.max(col(ScriptVersion.number)))
        .where(col(ScriptVersion.script_id) == col(PitchScript.id))
        .correlate(PitchScript)
        .scalar_subquery()
    )
    asked = (
        select(PitchScript, ScriptVersion, Centre)
        .select_from(PitchScript)
        .join(ScriptVersion, col(ScriptVersion.script_id) == col(PitchScript.id))
        .join(Centre, col(Centre.id) == col(PitchScript.centre_id))
        .where(ScriptVersion.number == newest)
    )
    return asked if g.centre is None else asked.where(PitchScript.centre_id == g.centre.id)
