"""The register of faults: who failed what, why, how it was put right, whether it came back; and the meeting's sheet."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any

from flask import Blueprint, Response, g, render_template, request
from sqlmodel import col, select

from outbound.clock import local_day, week_days, week_name
from outbound.compliance import Criterion
from outbound.exports import write_csv, write_xlsx
from qa import corrections
from qa.corrections import Fault
from qa.review.model import CorrectionState, ReviewTask
from qa.sampling.seeds import PeriodUnknown
from qa.waiting import Waiting, waiting
from web.filters import exact
from web.guard import allows
from web.language import _, chosen_language, lazy_gettext

bp = Blueprint("faults", __name__)

CORRECTIONS = {
    CorrectionState.DUE: (lazy_gettext("due"), "wait"),
    CorrectionState.PASSED: (lazy_gettext("put right"), "good"),
    CorrectionState.DECLINED: (lazy_gettext("customer said no"), ""),
    CorrectionState.LAPSED: (lazy_gettext("not reached in time"), "bad"),
    CorrectionState.LIFTED: (lazy_gettext("not needed"), ""),
}
"""What became of a failed sale, and the colour in which it stands."""
FILES = {
    "csv": (write_csv, "text/csv"),
    "xlsx": (write_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


@dataclass(frozen=True)
class Week:
    """The week that a page is about, and those beside it."""

    name: str
    earlier: str
    later: str
    """Empty where the week after has not begun."""


def week_asked() -> Week:
    """The week named in the address, or this one; raises PeriodUnknown."""
    this = week_name(local_day(g.now, g.centre.zone))
    name = request.args.get("week", "") or this
    try:
        monday, _sunday = week_days(name)
    except ValueError:
        raise PeriodUnknown(period=name) from None
    earlier, later = week_name(monday - timedelta(days=7)), week_name(monday + timedelta(days=7))
    return Week(name, earlier, later if name < this else "")


def faults_of(week: Week) -> list[Fault]:
    """The week's faults, but for calls that the reader is still to review: their verdicts must not be known before."""
    found = corrections.register_of_faults(g.session, g.centre.id, week.name)
    hidden = _still_to_hear()
    return [fault for fault in found if fault.call_id not in hidden]


def _still_to_hear() -> set[int]:
    asked = select(ReviewTask.call_id).where(ReviewTask.reviewer_id == g.staff.id, col(ReviewTask.done_at).is_(None))
    return set(g.session.exec(asked))


@bp.get("/supervisor/faults")
@allows("supervise")
def show_faults() -> Any:
    """The register of a week, by agent."""
    week = week_asked()
    found = faults_of(week)
    if (file := request.args.get("export", "")) in FILES:
        return _export(found, week, file)
    return render_template(
        "supervisor/faults.html",
        week=week,
        by_agent=_by_agent(found),
        due=_waiting(),
        states=CORRECTIONS,
    )


def _waiting() -> list[Waiting]:
    hidden = _still_to_hear()
    return [each for each in waiting(g.session, g.centre, now=g.now) if each.failed.id not in hidden]


def _by_agent(found: Iterable[Fault]) -> list[tuple[str, list[Fault]]]:
    by_agent = groupby(found, key=lambda fault: (fault.agent_id, fault.agent))
    return [(agent, list(faults)) for (_number, agent), faults in by_agent]


def _export(found: Sequence[Fault], week: Week, file: str) -> Response:
    heads = (_("Agent"), _("Call reference"), _("Found"), _("Criterion"), _("Cause"), _("Correction"), _("Came back"))
    write, media = FILES[file]
    answer = Response(write([_cells(fault) for fault in found], [str(head) for head in heads]), mimetype=media)
    answer.headers.set("Content-Disposition", "attachment", filename=f"faults-{week.name}.{file}")
    return answer


def _cells(fault: Fault) -> list[str]:
    language = chosen_language()
    corrected = CORRECTIONS[fault.correction][0] if fault.correction else _("no sale to put right")
    return [
        fault.agent,
        fault.reference,
        exact(fault.at),
        fault.criterion.label.said(language),
        fault.cause(language),
        str(corrected),
        str(_("again") if fault.came_back else _("no")),
    ]


@bp.get("/supervisor/faults/sheet")
@allows("supervise")
def show_sheet() -> str:
    """The week's faults on paper, for the meeting: by agent, with room for what is agreed."""
    week = week_asked()
    found = faults_of(week)
    counts = Counter(fault.criterion for fault in found)
    return render_template(
        "supervisor/sheet.html",
        week=week,
        by_agent=_by_agent(found),
        counts=[(criterion, counts[criterion]) for criterion in Criterion],
        calls=len({fault.call_id for fault in found}),
        again=sum(fault.came_back for fault in found),
        open=sum(fault.correction == CorrectionState.DUE for fault in found),
        states=CORRECTIONS,
    )
