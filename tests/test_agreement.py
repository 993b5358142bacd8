"""How well reviewers agree: reference values, and what is undefined."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.agreement import agreement, cohen, fleiss, krippendorff, tally

FLEISS_1971 = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]
"""The table as it is usually reprinted: ten subjects, fourteen raters, five categories."""

TEN_CALLS = [[passes, 3 - passes] for passes in (3, 3, 2, 0, 3, 1, 3, 0, 3, 2)]

MARKS = st.lists(
    st.lists(st.sampled_from(["pass", "fail", "cannot tell"]), min_size=3, max_size=3), min_size=1, max_size=30
)


def pairs(table: list[list[int]]) -> list[list[str]]:
    """The ratings behind a table of pass and fail by two reviewers."""
    words = ["pass", "fail"]
    return [[words[i], words[j]] for i in range(2) for j in range(2) for _ in range(table[i][j])]


def test_cohens_kappa_of_reviewers_who_mostly_agree() -> None:
    found = cohen([[45, 5], [3, 47]])
    assert (found.observed, found.expected, found.kappa) == pytest.approx((0.92, 0.5, 0.84))
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((0.733740, 0.946260), abs=6e-7)


def test_where_nearly_all_calls_pass_kappa_falls_and_ac1_does_not() -> None:
    found = agreement(pairs([[90, 4], [3, 3]]))
    assert found.cohen is not None
    assert found.cohen.observed == found.observed == pytest.approx(0.93)
    assert found.cohen.kappa == pytest.approx(0.424342, abs=6e-7)
    assert found.ac1 == pytest.approx(0.920314, abs=6e-7)


def test_fleiss_own_table() -> None:
    assert fleiss(FLEISS_1971) == pytest.approx(0.209931, abs=6e-7)


def test_ten_calls_by_three_reviewers() -> None:
    assert fleiss(TEN_CALLS) == pytest.approx(0.55)
    assert krippendorff(TEN_CALLS) == pytest.approx(0.565)


def test_krippendorffs_own_example_with_missing_ratings() -> None:
    a = [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None]
    b = [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3]
    c = [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None]
    d = [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None]
    assert agreement(list(zip(a, b, c, d, strict=True))).krippendorff == pytest.approx(0.743, abs=6e-4)


@pytest.mark.parametrize("raters", [2, 3])
def test_where_all_ratings_are_the_same_agreement_beyond_chance_is_undefined(raters: int) -> None:
    found = agreement([["pass"] * raters] * 20)
    assert found.observed == 1
    assert (found.fleiss, found.krippendorff, found.ac1) == (None, None, None)
    assert found.cohen is None or (found.cohen.kappa, found.cohen.interval) == (None, None)
    assert not found.recalibrate


@given(MARKS)
def test_full_agreement_is_one_wherever_it_is_defined(ratings: list[list[str]]) -> None:
    agreed = [[row[0]] * 3 for row in ratings]
    found = agreement(agreed)
    if len({row[0] for row in ratings}) > 1:
        assert (found.fleiss, found.krippendorff, found.ac1) == pytest.approx((1, 1, 1))
    else:
        assert (found.fleiss, found.krippendorff, found.ac1) == (None, None, None)


@given(MARKS, st.randoms(use_true_random=False))
def test_neither_the_order_of_calls_nor_that_of_reviewers_matters(
    ratings: list[list[str]], chance: random.Random
) -> None:
    shuffled = [chance.sample(row, 3) for row in chance.sample(ratings, len(ratings))]
    one, other = agreement(ratings), agreement(shuffled)
    assert (one.fleiss, one.ac1, one.krippendorff) == pytest.approx((other.fleiss, other.ac1, other.krippendorff))


@given(MARKS)
def test_krippendorffs_alpha_is_fleiss_kappa_corrected_for_small_samples(ratings: list[list[str]]) -> None:
    found = agreement(ratings)
    if found.fleiss is not None:
        n = 3 * len(ratings)
        assert found.krippendorff == pytest.approx(1 - (1 - found.fleiss) * (n - 1) / n)


def test_reviewers_below_the_limit_are_to_be_calibrated() -> None:
    assert agreement([["pass"] * k + ["fail"] * (3 - k) for k in (3, 3, 2, 0, 3, 1, 3, 0, 3, 2)]).recalibrate


def test_reviewers_above_the_limit_are_not() -> None:
    assert not agreement(pairs([[45, 5], [3, 47]])).recalibrate


def test_a_category_that_nobody_chose_counts_for_ac1_when_it_could_be_chosen() -> None:
    ratings = pairs([[45, 5], [3, 47]])
    found = agreement(ratings, categories=["pass", "fail", "cannot tell"])
    # Three categories to choose from: chance agrees less often, (.49 × .51 + .51 × .49) / 2.
    chance = 2 * 0.49 * 0.51 / 2
    assert found.ac1 == pytest.approx((0.92 - chance) / (1 - chance))
    assert found.ac1 is not None
    assert found.ac1 > (agreement(ratings).ac1 or 1)


def test_a_rating_outside_the_categories_is_refused() -> None:
    with pytest.raises(ValueError, match="perhaps"):
        tally([["perhaps"]], ["pass", "fail"])


def test_calls_with_missing_ratings_have_no_fleiss_but_the_others() -> None:
    found = agreement([["pass", "pass", None], ["fail", "fail", "fail"], ["pass", "fail", "pass"], [None, None, None]])
    assert found.calls == 3
    assert found.fleiss is None
    assert found.krippendorff is not None
    assert found.ac1 is not None


def test_calls_rated_once_tell_nothing_about_agreement() -> None:
    found = agreement([["pass", None], ["fail", None]])
    assert (found.observed, found.cohen, found.krippendorff, found.ac1) == (None, None, None, None)


def test_no_ratings_at_all_tell_nothing() -> None:
    found = agreement([])
    assert (found.calls, found.observed, found.fleiss, found.krippendorff, found.ac1) == (0, None, None, None, None)


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(ValueError, match="nobody rated"):
        cohen([[0, 0], [0, 0]])


def test_fleiss_needs_the_same_number_of_ratings_everywhere() -> None:
    with pytest.raises(ValueError, match="same number"):
        fleiss([[3, 0], [1, 1]])
