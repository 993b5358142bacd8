"""The form on which a call is marked: read field by field, every fault at its field; filled in to be changed."""

from collections.abc import Mapping
from typing import Any

from flask import request

from outbound.compliance import Criterion, Mark, unmarked
from outbound.errors import Refusal
from qa.review import comments
from qa.review import marks as rules
from qa.review.marks import CriterionMark
from qa.review.model import ReviewMark
from web.forms import Form, filled_form


class NotMarked(Refusal):
    """Mark this one: pass, fail or cannot tell."""

    zh = "请标记此项：合格、不合格或无法判定。"
    status = 422


class MomentUnreadable(Refusal):
    """“{text}” is not a moment of the call; write it as 1:38."""

    zh = "“{text}”不是录音中的时刻，请按 1:38 的格式填写。"
    status = 422


def marks_typed(seconds: float, *, why: bool = False) -> tuple[dict[Criterion, CriterionMark], str, str]:
    """The four marks, the comment and, where `why`, the reason of a change, as they were typed.

    `seconds` is the length of the recording. Raises FormFaulty with every fault at its field.
    """
    with filled_form() as form:
        given = {which: _typed(form, which) for which in Criterion if form.given(f"mark-{which}")}
        for missing in unmarked({which: one.mark for which, one in given.items()}):
            form.refuse(f"mark-{missing}", NotMarked())
        for which, one in given.items():
            _check(form, which, one, seconds)
        comment = form.text("comment", required=False, most=2000)
        _check_comment(form, comment, seconds)
        reason = form.text("why", most=1000) if why else ""
    return given, comment, reason


def _typed(form: Form, which: Criterion) -> CriterionMark:
    return CriterionMark(
        mark=form.choice(f"mark-{which}", Mark),
        second=_moment(form, f"second-{which}"),
        reason=form.text(f"reason-{which}", required=False, most=60),
        note=form.text(f"note-{which}", required=False, most=1000),
        also=tuple(request.form.getlist(f"also-{which}")),
    )


def _moment(form: Form, name: str) -> float | None:
    """A moment written as 98, 1:38 or 1:02:38, tenths allowed; None where nothing is written."""
    text = form.text(name, required=False, most=20).replace("：", ":")
    if not text:
        return None
    seconds = 0.0
    try:
        for part in text.split(":"):
            seconds = seconds * 60 + float(part)
    except ValueError:
        form.refuse(name, MomentUnreadable(text=text))
    return seconds


_AT_FIELD: dict[type[Refusal], str] = {
    rules.SecondNeeded: "second",
    rules.SecondOutside: "second",
    rules.NoteNeeded: "note",
}


def _check(form: Form, which: Criterion, given: CriterionMark, seconds: float) -> None:
    try:
        rules.check(which, given, seconds=seconds)
    except Refusal as refused:
        form.refuse(f"{_AT_FIELD.get(type(refused), 'reason')}-{which}", refused)


def _check_comment(form: Form, comment: str, seconds: float) -> None:
    try:
        comments.check(comment, seconds=seconds)
    except comments.RemarkOutside as refused:
        form.refuse("comment", refused)


def as_typed(given: Mapping[Criterion, ReviewMark], comment: str) -> dict[str, Any]:
    """What the form holds where a verdict is to be changed."""
    fields: dict[str, Any] = {"comment": comment}
    for which, mark in given.items():
        second = "" if mark.second is None else _written(mark.second)
        fields |= {f"mark-{which}": mark.mark, f"second-{which}": second}
        fields |= {f"reason-{which}": mark.reason, f"also-{which}": mark.also, f"note-{which}": mark.note}
    return fields


def _written(seconds: float) -> str:
    minutes, rest = divmod(round(seconds, 1), 60)
    return f"{int(minutes)}:{rest:04.1f}"
