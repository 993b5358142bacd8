"""Answers to a script's questions: only what the question allows is kept."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.answers import AnswerUnfit, checked, worded
from scripts.language import library, read_script

SURVEY = read_script(library()["satisfaction-survey"])
"""overall: 1 to 10; signal: one of four; where-poor: several of four; suggestion: words."""


@pytest.mark.parametrize(
    ("step", "answer", "kept"),
    [
        ("overall", 10, 10),
        ("overall", 7.0, 7),
        ("signal", "poor", "poor"),
        ("where-poor", ["work", "home"], ["home", "work"]),
        ("suggestion", "  便宜一点。 ", "便宜一点。"),
    ],
)
def test_a_fitting_answer_is_kept(step: str, answer: Any, kept: Any) -> None:
    assert checked(SURVEY, {step: answer}) == {step: kept}


@pytest.mark.parametrize("empty", [None, "", []])
def test_what_was_left_empty_is_left_out(empty: Any) -> None:
    assert checked(SURVEY, {"suggestion": empty, "overall": 3}) == {"overall": 3}


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        ("overall", 0),
        ("overall", 11),
        ("overall", 7.5),
        ("overall", "7"),
        ("overall", True),
        ("overall", float("nan")),
        ("signal", "excellent"),
        ("signal", ["poor"]),
        ("where-poor", "home"),
        ("where-poor", ["home", "moon"]),
        ("where-poor", [1]),
        ("suggestion", {"text": "x"}),
        ("greeting", "yes"),
        ("nowhere", 1),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(step: str, answer: Any) -> None:
    with pytest.raises(AnswerUnfit):
        checked(SURVEY, {step: answer})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(["poor", "home"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from([*SURVEY.steps, "x"]), json_values, max_size=4))
def test_whatever_is_sent_is_kept_fitting_or_refused(answers: dict[str, Any]) -> None:
    try:
        kept = checked(SURVEY, answers)
    except AnswerUnfit:
        return
    assert checked(SURVEY, kept) == kept
    assert set(kept) <= set(answers)


def test_an_answer_is_read_by_its_labels() -> None:
    question = SURVEY.steps["where-poor"].question
    assert question is not None
    assert worded(question, ["home", "work"], "zh") == "家里、单位"
    assert worded(question, ["home", "work"], "en") == "At home, At work"
