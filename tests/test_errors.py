"""Refusals: one class, one sentence in each language, with its facts filled in."""

import pytest

from outbound.errors import BadInput, NotAllowed, NotFound, Refusal, SignInNeeded


class LineBusy(Refusal):
    """The line {line} is busy;
    try again at {at}.

    Raised by tests only.
    """

    zh = "线路 {line} 正忙，请在 {at} 重试。"


class Wrapped(Refusal):
    """It did not work: {why}"""

    zh = "未能完成：{why}"


def test_the_english_sentence_is_the_first_paragraph_of_the_docstring_on_one_line() -> None:
    assert LineBusy(line=3, at="10:30").sentence("en") == "The line 3 is busy; try again at 10:30."


def test_the_chinese_sentence_names_the_same_facts() -> None:
    assert LineBusy(line=3, at="10:30").sentence("zh") == "线路 3 正忙，请在 10:30 重试。"


def test_a_refusal_reads_as_its_english_sentence_in_a_log() -> None:
    assert str(LineBusy(line=3, at="10:30")) == "The line 3 is busy; try again at 10:30."


def test_a_refusal_within_a_refusal_speaks_the_same_language() -> None:
    refused = Wrapped(why=LineBusy(line=3, at="10:30"))
    assert refused.sentence("zh") == "未能完成：线路 3 正忙，请在 10:30 重试。"
    assert refused.sentence("en") == "It did not work: The line 3 is busy; try again at 10:30."


def test_braces_in_a_fact_are_taken_literally() -> None:
    assert BadInput(reason="{line} {0}").sentence("en") == "{line} {0}"


def test_a_missing_fact_is_noticed_where_the_refusal_is_raised() -> None:
    with pytest.raises(KeyError, match="at"):
        LineBusy(line=3)


def test_a_refusal_is_known_by_its_class() -> None:
    assert LineBusy.name() == "LineBusy"


@pytest.mark.parametrize(
    ("refusal", "status"), [(Refusal, 409), (SignInNeeded, 401), (NotAllowed, 403), (NotFound, 404), (BadInput, 422)]
)
def test_each_refusal_answers_with_its_status(refusal: type[Refusal], status: int) -> None:
    assert refusal.status == status
