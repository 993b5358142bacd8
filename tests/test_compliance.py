"""The four criteria, and when a set of marks passes."""

from itertools import product

import pytest

from outbound.compliance import (
    CriteriaNotAllMarked,
    Criterion,
    Disclosure,
    Mark,
    ReasonUnknown,
    Verdict,
    reason,
    unmarked,
    verdict,
)

ALL_PASS = dict.fromkeys(Criterion, Mark.PASS)


def test_four_passes_are_valid() -> None:
    assert verdict(ALL_PASS) is Verdict.VALID


@pytest.mark.parametrize("failed", Criterion)
def test_one_failure_makes_a_sale_invalid(failed: Criterion) -> None:
    assert verdict(ALL_PASS | {failed: Mark.FAIL}) is Verdict.INVALID


@pytest.mark.parametrize("doubted", Criterion)
def test_one_doubt_makes_a_sale_unsure(doubted: Criterion) -> None:
    assert verdict(ALL_PASS | {doubted: Mark.UNSURE}) is Verdict.UNSURE


def test_a_failure_outweighs_any_doubt() -> None:
    marks = dict.fromkeys(Criterion, Mark.UNSURE) | {Criterion.EXPLICIT_CONSENT: Mark.FAIL}
    assert verdict(marks) is Verdict.INVALID


def test_only_one_of_all_eighty_one_sets_of_marks_is_valid() -> None:
    sets = [dict(zip(Criterion, marks, strict=True)) for marks in product(Mark, repeat=4)]
    assert len(sets) == 81
    assert [marks for marks in sets if verdict(marks) is Verdict.VALID] == [ALL_PASS]


@pytest.mark.parametrize("left_out", Criterion)
def test_all_four_must_be_marked(left_out: Criterion) -> None:
    marks = {criterion: Mark.PASS for criterion in Criterion if criterion is not left_out}
    with pytest.raises(CriteriaNotAllMarked) as refused:
        verdict(marks)
    assert refused.value.missing == (left_out,)


def test_a_failure_does_not_excuse_from_marking_the_rest() -> None:
    with pytest.raises(CriteriaNotAllMarked):
        verdict({Criterion.UNDERSTANDING: Mark.FAIL})


def test_the_refusal_names_what_is_still_to_mark_in_both_languages() -> None:
    refusal = CriteriaNotAllMarked(unmarked({Criterion.UNDERSTANDING: Mark.PASS}))
    assert refusal.sentence("en") == (
        "All four criteria must be marked; still to mark: Identity and permission, Script followed, Explicit consent."
    )
    assert refusal.sentence("zh") == "四项标准须逐项标记，尚未标记：身份与许可、按脚本执行、明确同意。"


def test_no_marks_at_all_do_not_pass() -> None:
    with pytest.raises(CriteriaNotAllMarked):
        verdict({})


def test_marks_read_from_the_database_as_text_are_understood() -> None:
    marks = {Criterion(name): Mark("pass") for name in (criterion.value for criterion in Criterion)}
    assert verdict(marks) is Verdict.VALID


def test_a_doubt_is_worded_as_fits_who_marks() -> None:
    assert Mark.UNSURE.in_self_check.zh == "拿不准"
    assert Mark.UNSURE.in_review.said("en") == "Cannot tell"


@pytest.mark.parametrize("criterion", Criterion)
def test_every_criterion_is_worded_in_both_languages(criterion: Criterion) -> None:
    for words in (criterion.label, criterion.wording):
        assert words.said("zh") == words.zh != words.said("en") == words.en != ""


@pytest.mark.parametrize("disclosure", Disclosure)
def test_every_disclosure_has_a_name_in_both_languages(disclosure: Disclosure) -> None:
    assert disclosure.label.said("zh") != disclosure.label.said("en")


@pytest.mark.parametrize("word", [*Mark, *Verdict])
def test_every_mark_and_verdict_has_its_words(word: Mark | Verdict) -> None:
    labels = [word.label] if isinstance(word, Verdict) else [word.in_self_check, word.in_review]
    assert all(label.zh and label.en for label in labels)


@pytest.mark.parametrize("criterion", Criterion)
def test_every_criterion_has_several_reasons_each_with_its_own_code(criterion: Criterion) -> None:
    codes = [one.code for one in criterion.reasons]
    assert len(codes) >= 6
    assert len(set(codes)) == len(codes)
    assert codes[-1] == "other"


@pytest.mark.parametrize("disclosure", Disclosure)
def test_every_disclosure_left_out_has_its_reason(disclosure: Disclosure) -> None:
    codes = {one.code for one in Criterion.SCRIPT_FOLLOWED.reasons}
    said = {Disclosure.ENQUIRE_OR_CANCEL: "cancel_not_told"}.get(disclosure, f"{disclosure}_not_told")
    assert said in codes


def test_a_reason_is_found_by_its_code() -> None:
    assert reason(Criterion.EXPLICIT_CONSENT, "silence").said("zh") == "客户沉默或未作答"


def test_a_reason_of_another_criterion_is_refused() -> None:
    with pytest.raises(ReasonUnknown, match="tariff_not_told"):
        reason(Criterion.EXPLICIT_CONSENT, "tariff_not_told")
