"""How far the import of a file is, in words, for the page that shows it and is asked again every second."""

from collections.abc import Mapping
from typing import Any

from flask import g

from outbound.call_lists.leases import UNDER_WAY, Imported, ImportState
from web.filters import number
from web.language import _, lazy_gettext

IMPORT_STATES = {
    ImportState.WAITING: (lazy_gettext("Waiting to begin"), "wait"),
    ImportState.RUNNING: (lazy_gettext("Being imported"), "wait"),
    ImportState.CANCELLING: (lazy_gettext("Being cancelled"), "wait"),
    ImportState.REFUSING: (lazy_gettext("Being undone"), "bad"),
    ImportState.PUBLISHED: (lazy_gettext("In use"), "good"),
    ImportState.CANCELLED: (lazy_gettext("Cancelled"), ""),
    ImportState.REFUSED: (lazy_gettext("Refused"), "bad"),
}
"""How far an import is, and the kind of its badge."""


def progress_of(file: Imported, figures: Mapping[str, int]) -> dict[str, Any]:
    """What the progress page says, in words where they are words; `figures` are the five up to here."""
    done = figures.get("rows", 0)
    seconds = (g.now - file.began_at).total_seconds() if file.began_at else 0.0
    rate = done / seconds if seconds > 0 else 0.0
    left = max(0, file.lines - file.reached) / rate if rate else None
    return {
        "over": file.state not in UNDER_WAY,
        "done": done,
        "percent": min(100, round(100 * file.reached / max(1, file.lines))),
        "rows": number(done),
        "lines": number(file.lines),
        "rate": _("%(number)s rows a second", number=number(round(rate))) if rate else "–",
        "left": _left(left),
        "state": str(IMPORT_STATES[file.state][0]),
        **{name: number(figures.get(name, 0)) for name in ("accepted", "duplicate", "invalid", "suppressed")},
    }


def _left(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    if seconds < 60:
        return str(_("%(number)d s", number=round(seconds)))
    return str(_("about %(number)d min", number=round(seconds / 60)))
