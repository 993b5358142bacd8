"""Calibrations: begun with chosen calls and reviewers, followed, closed; and how well reviewers agree."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import flash, g, redirect, render_template, request
from sqlmodel import col, select

from outbound.calls.model import Call
from outbound.compliance import Criterion
from outbound.people import Role, Staff, holders, known
from outbound.recordings.model import Recording
from qa.agreement import Agreement
from qa.calibration import results, verbs
from qa.calibration.model import Calibration
from web.desks.quality.desk import bp
from web.forms import filled_form
from web.guard import allows, mine
from web.language import _

OVERLAP = timedelta(days=91)
"""The weekly reviews whose agreement with the daily ones is shown."""


@bp.get("/calibrations")
@allows("calibrate")
def show_calibrations() -> str:
    """Every calibration, the latest first, and how well the two draws agree where they took the same calls."""
    asked = select(Calibration).where(Calibration.centre_id == g.centre.id).order_by(col(Calibration.id).desc())
    found = [
        {
            "calibration": each,
            "reviewers": results.reviewers_of(g.session, each),
            "left": verbs.left(g.session, each),
            "closing": verbs.closing_of(g.session, each),
        }
        for each in g.session.exec(asked)
    ]
    return render_template(
        "quality/calibrations.html",
        found=found,
        doubts=results.not_counting(g.session, g.centre.id, now=g.now),
        overlap=results.in_overlap(g.session, g.centre.id, since=g.now - OVERLAP, until=g.now),
        rows=agreement_rows,
    )


def agreement_rows(found: Mapping[Criterion, Agreement]) -> list[dict[str, Any]]:
    """The measures of agreement of each criterion, each as it is shown: undefined ones as n/a."""
    return [
        {
            "criterion": criterion,
            "calls": each.calls,
            "recalibrate": each.recalibrate,
            "cells": [
                _measure(each.observed),
                _with_interval(each),
                *map(_measure, (each.fleiss, each.krippendorff, each.ac1)),
            ],
        }
        for criterion, each in found.items()
    ]


def _measure(value: float | None) -> str:
    return str(_("n/a")) if value is None else f"{value:.3f}"


def _with_interval(each: Agreement) -> str:
    if each.cohen is None or each.cohen.kappa is None:
        return _measure(None)
    ends = each.cohen.interval
    return f"{each.cohen.kappa:.3f} ({ends.low:.3f} – {ends.high:.3f})" if ends else _measure(each.cohen.kappa)


@bp.post("/calibrations/choose")
@allows("calibrate")
def choose_calls() -> Any:
    """Take the calls that were marked on the page of calls along to a new calibration."""
    numbers = [text for text in request.form.getlist("recording") if text.isdecimal()][: verbs.MOST_CALLS]
    return redirect("/quality/calibrations/new?" + "&".join(f"recording={number}" for number in numbers))


@bp.get("/calibrations/new")
@allows("calibrate")
def new_calibration() -> str:
    """The form: a name, and who takes part."""
    return render_template(
        "quality/calibration_new.html", chosen=_chosen(), people=[(person.id, person.name) for person in _reviewers()]
    )


def _chosen() -> list[tuple[Recording, Call, Staff]]:
    given = request.values.getlist("recording")[: verbs.MOST_CALLS]
    numbers = [int(text) for text in given if text.isdecimal() and len(text) < 10]
    asked = (
        select(Recording, Call, Staff)
        .join(Call, col(Call.id) == col(Recording.call_id))
        .join(Staff, col(Staff.id) == col(Call.agent_id))
        .where(Recording.centre_id == g.centre.id, col(Recording.id).in_(numbers))
    )
    return list(g.session.exec(asked.order_by(col(Recording.id))).all())


def _reviewers() -> list[Staff]:
    found = [*holders(g.session, Role.REVIEWER, g.centre.id), *holders(g.session, Role.SUPERVISOR, g.centre.id)]
    return list({person.id: person for person in found}.values())


@bp.post("/calibrations/new")
@allows("calibrate", again=new_calibration)
def begin_calibration() -> Any:
    """Give the chosen calls to the chosen reviewers."""
    with filled_form() as form:
        name = form.text("name", most=80)
        chosen = set(request.form.getlist("reviewers"))
        reviewers = [person for person in _reviewers() if str(person.id) in chosen]
        if len(reviewers) < 2:
            form.refuse("reviewers", verbs.TooFewReviewers())
    recordings = [recording for recording, _call, _agent in _chosen()]
    made = verbs.begin(g.session, g.centre, name, recordings, reviewers, by=g.staff, now=g.now)
    flash(_("“%(name)s” is with its reviewers; results are shown when all have marked.", name=made.name))
    return redirect(f"/quality/calibrations/{made.id}")


@bp.get("/calibrations/<int:calibration_id>")
@allows("calibrate")
def show_calibration(calibration_id: int) -> str:
    """One calibration: while it is open only how far it is, then how well they agree and where they differ."""
    calibration = mine(g.session, Calibration, calibration_id)
    closing = verbs.closing_of(g.session, calibration)
    reviewers = results.reviewers_of(g.session, calibration)
    return render_template(
        "quality/calibration.html",
        calibration=calibration,
        closing=closing,
        reviewers=[(each, len(verbs.marked_by(g.session, calibration, each))) for each in reviewers],
        calls=len(verbs.recordings_of(g.session, calibration)),
        heard=[(each, g.session.get_one(Call, each.recording.call_id)) for each in _shown(calibration)],
        rows=agreement_rows(results.agreements(g.session, calibration)) if closing else [],
        criteria=Criterion,
    )


def _shown(calibration: Calibration) -> list[results.Heard]:
    """What was said of each call, once nobody marks any more."""
    return results.heard(g.session, calibration) if verbs.closing_of(g.session, calibration) else []


@bp.post("/calibrations/<int:calibration_id>/close")
@allows("calibrate", again=show_calibration)
def close_calibration(calibration_id: int) -> Any:
    """End a calibration with what has been marked so far."""
    calibration = mine(g.session, Calibration, calibration_id)
    verbs.close(g.session, calibration, by=g.staff, now=g.now)
    return redirect(f"/quality/calibrations/{known(calibration.id)}")
