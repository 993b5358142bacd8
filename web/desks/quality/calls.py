"""The calls behind the figures, found by filter; those chosen are pulled into the queues besides the draw."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from flask import flash, g, redirect, render_template, request
from sqlmodel import col, select

from outbound.calls.model import Call, Outcome, SelfMark
from outbound.campaigns.model import Campaign
from outbound.clock import week_days
from outbound.complaints import Complaint
from outbound.compliance import Criterion, Mark, Verdict
from outbound.people import Staff
from outbound.recordings.model import Recording
from qa.review import verbs as reviews
from qa.review.model import Review, ReviewMark, ReviewTask, stands
from qa.review.sharing import NobodyToReview
from qa.sampling.model import Draw, DrawKind, FrameItem
from web.answers import here
from web.desks.quality.desk import Span, bp, centre_id, number_asked, span_asked
from web.guard import allows, mine
from web.language import _, chosen_language, lazy_gettext, ngettext
from web.tables import Column, Table

MOST_PULLED_IN = 50
VERDICTS = (*map(str, Verdict), "none")
SAMPLES = {
    "daily": lazy_gettext("daily draw, reviewed"),
    "weekly": lazy_gettext("weekly draw, reviewed"),
}

CALLS = Table(
    caption=lazy_gettext("Calls"),
    columns=(
        Column("dialled_at", lazy_gettext("Dialled"), sort=col(Call.dialled_at), value=lambda row: row[1].dialled_at),
        Column(
            "reference", lazy_gettext("Call reference"), sort=col(Call.reference), value=lambda row: row[1].reference
        ),
        Column("agent", lazy_gettext("Agent"), sort=col(Staff.name), value=lambda row: row[2].name),
        Column("campaign", lazy_gettext("Campaign"), sort=col(Campaign.name), value=lambda row: row[3].name),
        Column("outcome", lazy_gettext("Outcome"), value=lambda row: outcome_said(row[1])),
        Column(
            "seconds",
            lazy_gettext("Length"),
            sort=col(Recording.seconds),
            value=lambda row: row[0].seconds,
            number=True,
        ),
        Column("silence", lazy_gettext("Longest silence"), value=lambda row: longest_silence(row[0]), number=True),
        Column(
            "verdict",
            lazy_gettext("Reviews"),
            value=lambda row: "; ".join(str(each.verdict) for each in verdicts_of([row[0]])[row[0].id]),
        ),
    ),
    key=col(Recording.id),
    order="-dialled_at",
    empty=lazy_gettext("No recorded call of these days fits."),
    search=(col(Call.reference), col(Staff.name)),
)


def outcome_said(call: Call) -> str:
    """How a call ended, in the reader's language."""
    outcome = g.session.get(Outcome, call.outcome_code) if call.outcome_code else None
    return "" if outcome is None else outcome.zh if chosen_language() == "zh" else outcome.en


def longest_silence(recording: Recording) -> float:
    """The longest stretch, in seconds, in which nobody speaks."""
    return float(recording.hearing.get("longest_silence") or 0)


_SILENCE = col(Recording.hearing)["longest_silence"].as_float()


@bp.get("/calls")
@allows("see_quality")
def show_calls() -> Any:
    """The recorded calls that fit the filters, the latest first."""
    span = span_asked()
    asked = (
        select(Recording, Call, Staff, Campaign)
        .join(Call, col(Call.id) == col(Recording.call_id))
        .join(Staff, col(Staff.id) == col(Call.agent_id))
        .join(Campaign, col(Campaign.id) == col(Call.campaign_id))
        .where(col(Recording.valid), *_conditions(span))
    )
    page = CALLS.page(g.session, asked, request.args)
    if page.exported:
        return page.export("calls")
    return render_template(
        "quality/calls.html",
        page=page,
        span=span,
        found=verdicts_of([row[0] for row in page.rows]),
        outcome_said=outcome_said,
        longest_silence=longest_silence,
        options=_options(),
        most=MOST_PULLED_IN,
    )


def _conditions(span: Span) -> list[Any]:
    found = [] if centre_id() is None else [Recording.centre_id == centre_id()]
    return [*found, *_by_place(), *_by_sample(span), *_by_sound(), *_by_finding()]


def _by_place() -> Iterator[Any]:
    """By whose call it is, of what, and how it ended."""
    for name, column in (("campaign", Call.campaign_id), ("agent", Call.agent_id), ("centre", Call.centre_id)):
        if (number := number_asked(name)) is not None:
            yield column == number
    if outcome := request.args.get("outcome"):
        yield Call.outcome_code == outcome
    if request.args.get("complaint"):
        yield sa.exists().where(
            col(Complaint.phone_id) == col(Call.phone_id),
            col(Complaint.centre_id) == col(Call.centre_id),
            col(Complaint.at) >= col(Call.dialled_at),
        )


def _by_sample(span: Span) -> Iterator[Any]:
    """By the days: those of the draws for a sample, else those of the calls."""
    first, last = span.first, span.last
    if week := _week_asked():
        first, last = max(first, week.first), min(last, week.last)
    if (kind := request.args.get("sample", "")) not in SAMPLES:
        yield sa.and_(col(Call.dialled_at) >= Span(first, last).since, col(Call.dialled_at) < Span(first, last).until)
        return
    periods = (str(first), str(last)) if kind == DrawKind.DAILY else (f"{first:%G-W%V}", f"{last:%G-W%V}")
    yield sa.exists().where(
        col(FrameItem.recording_id) == col(Recording.id),
        col(FrameItem.drawn),
        col(Draw.id) == col(FrameItem.draw_id),
        col(Draw.kind) == DrawKind(kind),
        col(Draw.period).between(*periods),
        col(ReviewTask.draw_id) == col(Draw.id),
        col(ReviewTask.recording_id) == col(Recording.id),
        col(ReviewTask.done_at).is_not(None),
    )


def _week_asked() -> Span | None:
    try:
        return Span(*week_days(request.args.get("week", "")))
    except ValueError:
        return None


def _by_sound() -> Iterator[Any]:
    for name, column, least in (("longer", Recording.seconds, True), ("shorter", Recording.seconds, False)):
        if (seconds := number_asked(name)) is not None:
            yield col(column) >= seconds if least else col(column) <= seconds
    if (seconds := number_asked("silent")) is not None:
        yield seconds <= _SILENCE


def _by_finding() -> Iterator[Any]:
    """By what a review said; a call that waits for who asks is not found by it."""
    verdict, criterion = request.args.get("verdict", ""), request.args.get("criterion", "")
    reviewed = sa.exists().where(col(Review.recording_id) == col(Recording.id), stands())
    if verdict == "none":
        yield ~reviewed
    elif verdict in set(Verdict):
        yield sa.and_(reviewed.where(col(Review.verdict) == verdict), ~_waits_for_me())
    if criterion in set(Criterion) or request.args.get("overstated"):
        failed = reviewed.where(col(ReviewMark.review_id) == col(Review.id), col(ReviewMark.mark) == Mark.FAIL)
        if criterion in set(Criterion):
            failed = failed.where(col(ReviewMark.criterion) == criterion)
        if request.args.get("overstated"):
            failed = failed.where(
                col(SelfMark.call_id) == col(Call.id),
                col(SelfMark.criterion) == col(ReviewMark.criterion),
                col(SelfMark.mark) == Mark.PASS,
            )
        yield sa.and_(failed, ~_waits_for_me())


def _waits_for_me() -> Any:
    return sa.exists().where(
        col(ReviewTask.recording_id) == col(Recording.id),
        col(ReviewTask.reviewer_id) == g.staff.id,
        col(ReviewTask.done_at).is_(None),
    )


def verdicts_of(recordings: Sequence[Recording]) -> Mapping[int | None, list[Review]]:
    """The standing verdicts on recordings, but for those that wait for who asks: those are heard without knowing."""
    asked = (
        select(Review)
        .join(Recording, col(Recording.id) == col(Review.recording_id))
        .where(col(Review.recording_id).in_([each.id for each in recordings]), stands(), ~_waits_for_me())
    )
    found = defaultdict(list)
    for review in g.session.exec(asked.order_by(col(Review.id))):
        found[review.recording_id].append(review)
    return found


def _options() -> dict[str, Mapping[Any, Any]]:
    """What can be chosen in each filter."""
    campaigns, agents = select(Campaign).order_by(Campaign.name), select(Staff).order_by(Staff.name)
    called = sa.exists().where(col(Call.agent_id) == col(Staff.id))
    if g.centre:
        campaigns, agents = (
            campaigns.where(Campaign.centre_id == g.centre.id),
            agents.where(Staff.centre_id == g.centre.id),
        )
    language = chosen_language()
    outcomes = g.session.exec(select(Outcome).order_by(col(Outcome.position))).all()
    return {
        "campaign": {each.id: each.name for each in g.session.exec(campaigns)},
        "agent": {each.id: each.name for each in g.session.exec(agents.where(called))},
        "outcome": {each.code: each.zh if language == "zh" else each.en for each in outcomes},
        "verdict": {name: verdict_said(name) for name in VERDICTS},
        "criterion": {criterion.value: criterion.label.said(language) for criterion in Criterion},
        "sample": SAMPLES,
    }


def verdict_said(name: str) -> str:
    """A verdict in the reader's language."""
    return Verdict(name).label.said(chosen_language()) if name in set(Verdict) else str(_("not reviewed"))


@bp.post("/calls/pull-in")
@allows("supervise")
def pull_in() -> Any:
    """Ask for the review of the chosen calls besides the draw; they are marked as asked for and in no estimate."""
    numbers = [int(text) for text in request.form.getlist("recording") if text.isdecimal()][:MOST_PULLED_IN]
    asked, left = 0, 0
    for number in numbers:
        try:
            reviews.pull_in(g.session, mine(g.session, Recording, number), by=g.staff, now=g.now)
            asked += 1
        except NobodyToReview:
            left += 1
    if asked:
        flash(
            ngettext(
                "%(num)d call is given to the reviewers, marked as asked for; no estimate counts it.",
                "%(num)d calls are given to the reviewers, marked as asked for; no estimate counts them.",
                asked,
            )
        )
    if left:
        flash(
            ngettext(
                "%(num)d call can be reviewed by nobody here: everybody who reviews has called the customer.",
                "%(num)d calls can be reviewed by nobody here: everybody who reviews has called the customer.",
                left,
            )
        )
    if not numbers:
        flash(_("Mark the calls that are to be reviewed."))
    back = here()
    return redirect(back if back.startswith("/quality/calls") else "/quality/calls")
