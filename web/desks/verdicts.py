"""A verdict on a page: what was heard, the marks beside the caller's own, its versions, its dispute, what followed."""

from typing import Any

from flask import g, render_template

from outbound.calls.model import Call
from outbound.campaigns.model import Campaign
from outbound.compliance import Criterion, Mark
from outbound.people import Staff
from outbound.recordings.model import Recording
from qa.disputes.lookups import Answer, AnswerState, answers_to
from qa.review import verbs as reviews
from qa.review.comments import remarks
from qa.review.model import Review, ReviewSource, ReviewTask
from web.desks import listening
from web.desks.following import what_follows
from web.language import lazy_gettext

SOURCES = {
    ReviewSource.DAILY: lazy_gettext("daily draw"),
    ReviewSource.WEEKLY: lazy_gettext("weekly draw"),
    ReviewSource.TARGETED: lazy_gettext("asked for"),
    ReviewSource.DISPUTE: lazy_gettext("dispute"),
}
KINDS = {
    AnswerState.OPEN: "wait",
    AnswerState.DISPUTED: "wait",
    AnswerState.REFERRED: "wait",
    AnswerState.REJECTED: "bad",
    AnswerState.ACCEPTED: "good",
    AnswerState.SILENT: "good",
}
"""The colour in which the state of an answer stands."""


def compared(review: Review) -> dict[str, Any]:
    """A verdict, mark by mark, beside the caller's own marks, and what it meant for the sale."""
    said = reviews.self_marks_after_verdict(g.session, review)
    given = reviews.marks_of(g.session, review)
    return {
        "review": review,
        "pairs": [(criterion, given[criterion], said.get(criterion)) for criterion in Criterion],
        "differs": any(said.get(each) not in (None, given[each].mark) for each in Criterion),
        "follows": what_follows(g.session, review, zone=g.centre.zone),
    }


def heard_of(recording_id: int, call_id: int, address: str) -> dict[str, Any]:
    """What every page on which a call is heard shows of it; `address` is that of its sound."""
    recording, call = g.session.get_one(Recording, recording_id), g.session.get_one(Call, call_id)
    return {
        "recording": recording,
        "call": call,
        "campaign": g.session.get_one(Campaign, call.campaign_id),
        "agent": g.session.get_one(Staff, call.agent_id),
        "player": listening.player_of(recording, address),
        "spoken": listening.spoken_in(g.session, call),
        "sources": SOURCES,
        "criteria": list(enumerate(Criterion, start=1)),
        "marks": Mark,
    }


def show_verdict(review: Review, address: str, back: str, **doors: Any) -> str:
    """A verdict, with the recording to hear it by; `back` is the page to go back to.

    `doors` open what who asks may do: `answers`, `screens` (a dispute), `changes`.
    """
    history = history_of(review)
    return render_template(
        "reviewer/verdict.html",
        **compared(review),
        reviewer=g.session.get_one(Staff, review.reviewer_id),
        task=g.session.get_one(ReviewTask, review.task_id),
        back=back,
        remarks=remarks(review.comment),
        history=history,
        answer=next(answer for answer in history if answer.review.id == review.id),
        kinds=KINDS,
        person=lambda number: g.session.get_one(Staff, number).name,
        doors=doors,
        **heard_of(review.recording_id, review.call_id, address),
    )


def history_of(review: Review) -> list[Answer]:
    """Every version of a verdict with what its caller answered, the first one first."""
    versions = reviews.versions_of(g.session, review)
    found = answers_to(g.session, versions, now=g.now)
    return [found[version.id or 0] for version in versions]
