"""What a campaign's customers answered: a chart for each question, and a table of the answers to take along."""

from collections.abc import Iterable, Iterator
from typing import Any

from flask import g, render_template, request
from sqlmodel import col, select

from outbound import surveys
from outbound.call_lists.model import Duty
from outbound.calls.model import Call, Outcome
from outbound.campaigns import lookups
from outbound.campaigns.model import Campaign
from outbound.people import Staff
from outbound.surveys import Result
from scripts.answers import worded
from scripts.model import script_of
from web import files, filters
from web.desks.manager.campaigns import lacking_of
from web.desks.manager.desk import bp
from web.guard import allows, mine
from web.language import _, chosen_language, lazy_gettext
from web.tables import Column, Table

KINDS = {
    "single": lazy_gettext("one answer"),
    "multiple": lazy_gettext("several answers possible"),
    "scale": lazy_gettext("a mark"),
    "number": lazy_gettext("a number"),
    "text": lazy_gettext("in words"),
}


@bp.context_processor
def survey_facts() -> dict[str, Any]:
    """What the head of a campaign's pages asks."""
    return {"asks_questions": asks_questions}


def asks_questions(campaign: Campaign) -> bool:
    """Whether the script of a campaign's first calls records answers."""
    version = lookups.script_in_force(g.session, campaign, Duty.PITCH)
    return version is not None and any(step.question for step in script_of(version).steps.values())


@bp.get("/campaigns/<int:campaign_id>/survey")
@allows("see_campaigns")
def show_survey(campaign_id: int) -> Any:
    """Each question with its answers counted; the figures as a file."""
    campaign = mine(g.session, Campaign, campaign_id)
    results = surveys.results(g.session, campaign)
    if (kind := request.args.get("export", "")) in files.KINDS:
        name = _("survey results")
        return files.sent(_figures(results), _FIGURES, name=f"{campaign.name}-{name}", kind=kind)
    return render_template(
        "manager/survey.html", campaign=campaign, lacking=lacking_of(campaign), results=results, kinds=KINDS
    )


_FIGURES = (
    lazy_gettext("Step"),
    lazy_gettext("Question"),
    lazy_gettext("Kind"),
    lazy_gettext("Answered"),
    lazy_gettext("Answer"),
    lazy_gettext("Customers"),
    lazy_gettext("Share"),
    lazy_gettext("Interval from"),
    lazy_gettext("Interval to"),
    lazy_gettext("Mean"),
    lazy_gettext("median"),
)


def _figures(results: Iterable[Result]) -> Iterator[list[str]]:
    """The figures of each question, a row for each answer; what was said in words, a row for each of the latest."""
    for result in results:
        asked = [result.step, result.said.shown(chosen_language()), str(KINDS[result.question.kind])]
        figures = [f"{figure:g}" if figure is not None else "" for figure in (result.mean, result.median)]
        rows = [[*_share(share), *figures] for share in result.shares]
        rows += [[text, *[""] * 6] for text in result.texts]
        for row in rows or [[""] * 7]:
            yield [*asked, str(result.answered), *row]


def _share(share: surveys.Share) -> list[str]:
    shares = (share.share, share.interval.low, share.interval.high)
    return [share.label.shown(chosen_language()), str(share.count), *(filters.percent(each) for each in shares)]


@bp.get("/campaigns/<int:campaign_id>/survey/answers")
@allows("see_campaigns")
def list_answers(campaign_id: int) -> Any:
    """The calls with what was answered in them; all of it as a file."""
    campaign = mine(g.session, Campaign, campaign_id)
    asked = list(surveys.questions(g.session, campaign))
    page = _table(asked).page(g.session, _calls(campaign), request.args)
    if page.exported:
        return page.export(_name(campaign))
    if request.args.get("export") == "xlsx":
        return _workbook(campaign, asked)
    step, answer = request.args.get("step", ""), request.args.get("answer", "")
    chosen = next((result for result in asked if result.step == step), None)
    return render_template(
        "manager/survey_answers.html",
        campaign=campaign,
        lacking=lacking_of(campaign),
        page=page,
        chosen=chosen,
        answer=worded(chosen.question, answer, chosen_language()) if chosen else "",
    )


def _workbook(campaign: Campaign, asked: list[Result]) -> Any:
    """All the answers, call by call, as they are shown."""
    table = _table(asked)
    rows = g.session.exec(_calls(campaign).order_by(col(Call.dialled_at).desc(), col(Call.id).desc()))
    cells = ([column.cell(row) for column in table.columns] for row in rows)
    heads = [column.label for column in table.columns]
    return files.sent(cells, heads, name=_name(campaign), kind="xlsx")


def _name(campaign: Campaign) -> str:
    answers = _("answers")
    return f"{campaign.name}-{answers}"


def _calls(campaign: Campaign) -> Any:
    """The calls with answers; where a question and an answer are asked for, those that gave it."""
    asked = (
        select(Call, Staff, Outcome)
        .join(Staff, col(Staff.id) == col(Call.agent_id))
        .join(Outcome, col(Outcome.code) == col(Call.outcome_code))
        .where(*surveys.answered_calls(campaign))
    )
    step, answer = request.args.get("step", ""), request.args.get("answer", "")
    return asked.where(surveys.answered_with(step, answer)) if step and answer else asked


def _table(asked: list[Result]) -> Table:
    english = chosen_language() == "en"
    return Table(
        caption=lazy_gettext("Answers"),
        columns=(
            Column("at", lazy_gettext("Dialled"), sort=col(Call.dialled_at), value=lambda row: row[0].dialled_at),
            Column("reference", lazy_gettext("Call"), value=lambda row: row[0].reference),
            Column("agent", lazy_gettext("Agent"), sort=col(Staff.name), value=lambda row: row[1].name),
            Column("outcome", lazy_gettext("Outcome"), value=lambda row: row[2].en if english else row[2].zh),
            *(_column(result) for result in asked),
        ),
        key=col(Call.id),
        order="-at",
        empty=lazy_gettext("No answers yet: they come with the calls."),
        search=(col(Call.reference), col(Staff.name)),
    )


def _column(result: Result) -> Column:
    def told(row: Any) -> str:
        answer = row[0].answers.get(result.step)
        return "" if answer is None else worded(result.question, answer, chosen_language())

    number = result.question.kind in ("scale", "number")
    return Column(f"answer-{result.step}", result.step, value=told, number=number)
