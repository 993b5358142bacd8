"""The figures of the quality desk: failure rates with their intervals, honesty of self-checks, reviewers' work."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from flask import g, render_template, request
from sqlmodel import col, select

from outbound.campaigns.model import Campaign
from outbound.clock import week_days
from outbound.compliance import Criterion
from outbound.people import Centre, Staff
from outbound.quality import figures, workload
from outbound.quality.figures import Dimension, Figure, Honesty
from outbound.quality.samples import Place, sample_of
from qa.calibration.results import Suspension, not_counting
from qa.estimates import Interval
from qa.sampling.lateness import late_between
from qa.sampling.model import DrawKind
from web import charts, files
from web.charts import Chart, Point
from web.desks.quality.desk import Span, bp, centre_id, number_asked, span_asked
from web.filters import day_of_year, percent, week
from web.guard import allows
from web.language import _, chosen_language, lazy_gettext, named
from web.tables import address, args_of

HEADS = (
    lazy_gettext("Of what"),
    lazy_gettext("Recordings"),
    lazy_gettext("Reviewed recordings"),
    lazy_gettext("Failed"),
    lazy_gettext("Cannot tell"),
    lazy_gettext("Estimated failure rate"),
    lazy_gettext("95% from"),
    lazy_gettext("95% to"),
    lazy_gettext("Failed among all, about"),
    lazy_gettext("Not known yet"),
)


@dataclass(frozen=True)
class Row:
    """A figure with its name, the calls behind it, and whether its verdicts count."""

    name: str
    figure: Figure
    href: str
    doubt: Suspension | None = None
    written: str = ""
    """Its name in files, where that is another than on the page."""

    @property
    def cells(self) -> list[str]:
        """What is exported of it: the same as is shown."""
        figure, found = self.figure, self.figure.estimate
        shares = (found.share, found.interval.low, found.interval.high) if found and not self.doubt else (None,) * 3
        total = f"{found.total:.0f}" if found and not self.doubt else ""
        counts = [str(each) for each in (figure.recordings, figure.reviewed, figure.failed, figure.doubtful)]
        return [self.written or self.name, *counts, *(percent(share) for share in shares), total, str(figure.left_out)]


@bp.get("")
@allows("see_quality")
def show_figures() -> Any:
    """The failure rate, told apart by one thing, within a campaign or an agent where one is asked for."""
    span, dimension = span_asked(), _dimension()
    sample = sample_of(g.session, centre_id(), span.first, span.last)
    within = _within(number_asked("campaign"), number_asked("agent"))
    rows = _rows(figures.by(sample, dimension, within), dimension, span)
    if (kind := request.args.get("export", "")) in files.KINDS:
        return files.sent((row.cells for row in rows), HEADS, name=f"quality-{dimension}", kind=kind)
    return render_template(
        "quality/figures.html",
        span=span,
        dimension=dimension,
        rows=rows,
        overall=figures.rate(sample, within),
        drawn=sample.drawn,
        late=late_between(g.session, centre_id(), span.first, span.last, [DrawKind.DAILY]),
        chart=_chart(rows, dimension),
        heads=HEADS,
        campaigns=_campaigns(),
        agents=_names(Staff, {place.agent_id for place in sample.frame}),
        address=address_with,
    )


def address_with(**changed: Any) -> str:
    """This page's address with some of its parts changed."""
    return address(request.path, args_of(request.args, **changed))


def _dimension() -> Dimension:
    asked = request.args.get("by", "")
    return Dimension(asked) if asked in set(Dimension) else Dimension.WEEK


def _within(campaign: int | None, agent: int | None) -> figures.Belongs:
    def belongs(place: Place) -> bool:
        return campaign in (None, place.campaign_id) and agent in (None, place.agent_id)

    return belongs


def _rows(found: Sequence[Figure], dimension: Dimension, span: Span) -> list[Row]:
    names = _names_of([figure.key for figure in found], dimension)
    doubts = not_counting(g.session, g.centre.id, now=g.now) if g.centre else {}
    return [
        Row(
            name=names[figure.key],
            figure=figure,
            href=_behind(figure.key, dimension, span),
            doubt=doubts.get(figure.key) if isinstance(figure.key, Criterion) else None,
            written=str(figure.key) if dimension is Dimension.WEEK else "",
        )
        for figure in found
    ]


def _names_of(keys: Sequence[Hashable], dimension: Dimension) -> dict[Any, str]:
    if dimension is Dimension.CRITERION:
        return {criterion: criterion.label.said(chosen_language()) for criterion in Criterion}
    if dimension is Dimension.WEEK:
        return {key: week(str(key)) for key in keys}
    tables: dict[Dimension, Any] = {
        Dimension.CAMPAIGN: Campaign,
        Dimension.AGENT: Staff,
        Dimension.CENTRE: Centre,
    }
    return _names(tables[dimension], cast(set[int], set(keys)))


def _names(table: Any, numbers: set[int]) -> dict[int, str]:
    """The names of rows by their numbers, in the order of the names."""
    rows = g.session.exec(select(table).where(col(table.id).in_(numbers))).all()
    told = [(row.id, named(row) if table is Centre else row.name) for row in rows]
    return dict(sorted(told, key=lambda pair: pair[1]))


def _campaigns() -> dict[int, str]:
    asked = select(Campaign)
    here = asked if g.centre is None else asked.where(Campaign.centre_id == g.centre.id)
    return {campaign.id: campaign.name for campaign in g.session.exec(here.order_by(Campaign.name))}


_FILTERS = {
    Dimension.WEEK: "week",
    Dimension.CAMPAIGN: "campaign",
    Dimension.AGENT: "agent",
    Dimension.CRITERION: "criterion",
    Dimension.CENTRE: "centre",
}


def _behind(key: Hashable, dimension: Dimension, span: Span) -> str:
    """The address of the reviewed calls behind a figure."""
    within = {name: request.args.get(name) for name in ("campaign", "agent")}
    asked = {**within, "sample": "daily", _FILTERS[dimension]: str(key), **span.asked}
    return address("/quality/calls", args_of({}, **asked))


def _chart(rows: Sequence[Row], dimension: Dimension) -> Chart | None:
    points = [
        Point(
            day_of_year(week_days(row.written)[0]) if row.written else row.name,
            found.share,
            found.interval.low,
            found.interval.high,
            told_with(found.share, found.interval),
            row.href,
        )
        for row in rows
        if (found := row.figure.estimate) and not row.doubt
    ]
    if not points:
        return None
    return charts.trend(points) if dimension is Dimension.WEEK else charts.bars(points)


def told_with(share: float, interval: Interval) -> str:
    """A share with its interval: 7.0% (3.5–13.5%)."""
    low, high = percent(interval.low).removesuffix("%"), percent(interval.high)
    return f"{percent(share)} ({low}–{high})"


@bp.get("/honesty")
@allows("see_quality")
def show_honesty() -> Any:
    """How honest each agent's self-checks are, held against the reviews."""
    span = span_asked()
    found = figures.honesty(sample_of(g.session, centre_id(), span.first, span.last))
    names = _names(Staff, {each.agent_id for each in found})
    heads = (
        _("Agent"),
        _("Checked"),
        _("Reviewed recordings"),
        _("Overstated"),
        _("Honest"),
        _("95% from"),
        _("95% to"),
    )
    if (kind := request.args.get("export", "")) in files.KINDS:
        return files.sent((_honest_cells(each, names) for each in found), heads, name="honesty", kind=kind)
    points = [
        Point(
            names[each.agent_id],
            each.share,
            each.interval.low,
            each.interval.high,
            told_with(each.share, each.interval),
            _overstated(each, span),
        )
        for each in found
        if each.share is not None and each.interval is not None
    ]
    return render_template(
        "quality/honesty.html",
        span=span,
        found=found,
        names=names,
        heads=heads,
        chart=charts.bars(points) if points else None,
        behind={each.agent_id: _overstated(each, span) for each in found},
        address=address_with,
    )


def _overstated(each: Honesty, span: Span) -> str:
    return address("/quality/calls", args_of({}, sample="daily", agent=each.agent_id, overstated="yes", **span.asked))


def _honest_cells(each: Honesty, names: dict[int, str]) -> list[str]:
    ends = (each.interval.low, each.interval.high) if each.interval else (None, None)
    counts = [str(count) for count in (each.checked, each.reviewed, each.overstated)]
    return [names[each.agent_id], *counts, *(percent(share) for share in (each.share, *ends))]


@bp.get("/reviewers")
@allows("see_quality")
def show_reviewers() -> Any:
    """How much each reviewer was asked, did, and has still to do."""
    span = span_asked()
    found = workload.workloads(g.session, centre_id(), since=span.since, until=span.until, now=g.now)
    heads = (
        *(_("Reviewer"), _("Asked for"), _("Done"), _("Done late")),
        *(_("Open now"), _("Overdue now"), _("Sound heard, minutes")),
    )
    if (kind := request.args.get("export", "")) in files.KINDS:
        rows = ([each.reviewer.name, *(str(count) for count in counts_of(each))] for each in found)
        return files.sent(rows, heads, name="reviewers", kind=kind)
    return render_template(
        "quality/reviewers.html", span=span, found=found, heads=heads, counts_of=counts_of, address=address_with
    )


def counts_of(each: workload.Workload) -> tuple[int, ...]:
    """A reviewer's counts, in the order of the heads."""
    return each.asked, each.done, each.late, each.open, each.overdue, round(each.heard_seconds / 60)
