"""How well reviewers agree beyond what chance would give. Where all ratings are the same, that is undefined: None.

Kappa falls when nearly all calls pass, though reviewers agree: so Gwet's AC1 is shown beside it.
"""

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from qa.estimates import CONFIDENCE, Interval

RECALIBRATE_BELOW = 0.667
"""Krippendorff's own limit for tentative conclusions: below it reviewers are calibrated before their verdicts count."""

Table = Sequence[Sequence[int]]
"""Calls by what the first reviewer (row) and the second one (column) said."""

Counts = Sequence[Sequence[int]]
"""For each call, how many reviewers chose each category."""

Ratings = Sequence[Sequence[Hashable | None]]
"""For each call, what each reviewer said; None where one did not rate it."""


@dataclass(frozen=True)
class Cohen:
    """Two reviewers: the agreement observed and expected by chance, and kappa with its interval."""

    observed: float
    expected: float
    kappa: float | None
    interval: Interval | None


@dataclass(frozen=True)
class Agreement:
    """Everything that is shown of one criterion in a calibration; None is shown as n/a."""

    calls: int
    observed: float | None
    cohen: Cohen | None
    """Only where there are two reviewers."""
    fleiss: float | None
    """Only where every call has the same number of ratings."""
    krippendorff: float | None
    ac1: float | None

    @property
    def recalibrate(self) -> bool:
        """Whether the reviewers must be calibrated again before their verdicts on this criterion count."""
        return self.krippendorff is not None and self.krippendorff < RECALIBRATE_BELOW


def cohen(table: Table, confidence: float = CONFIDENCE) -> Cohen:
    """Cohen's kappa of two reviewers, with the large-sample interval of Fleiss, Cohen and Everitt (1969).

    Raises ValueError for an empty table.
    """
    n = sum(map(sum, table))
    if not n:
        raise ValueError("nobody rated anything")
    rows = [sum(row) / n for row in table]
    columns = [sum(column) / n for column in zip(*table, strict=True)]
    observed = sum(table[i][i] for i in range(len(table))) / n
    expected = math.fsum(row * column for row, column in zip(rows, columns, strict=True))
    if _certain(expected):
        return Cohen(observed, expected, None, None)
    kappa = (observed - expected) / (1 - expected)
    reach = NormalDist().inv_cdf((1 + confidence) / 2) * _kappa_error(table, rows, columns, kappa)
    return Cohen(observed, expected, kappa, Interval(max(-1.0, kappa - reach), min(1.0, kappa + reach)))


def _kappa_error(table: Table, rows: list[float], columns: list[float], kappa: float) -> float:
    n = sum(map(sum, table))
    expected = math.fsum(row * column for row, column in zip(rows, columns, strict=True))
    agreed = math.fsum(table[i][i] / n * (1 - (rows[i] + columns[i]) * (1 - kappa)) ** 2 for i in range(len(table)))
    differed = (1 - kappa) ** 2 * math.fsum(
        table[i][j] / n * (columns[i] + rows[j]) ** 2 for i in range(len(table)) for j in range(len(table)) if i != j
    )
    variance: float = (agreed + differed - (kappa - expected * (1 - kappa)) ** 2) / (n * (1 - expected) ** 2)
    return math.sqrt(max(0.0, variance))


def fleiss(counts: Counts) -> float | None:
    """Fleiss' kappa for any number of reviewers; every call has the same number of ratings, at least two.

    J. L. Fleiss, Psychological Bulletin 76 (1971). Raises ValueError where the numbers of ratings differ.
    """
    raters = {sum(row) for row in counts}
    if len(raters) != 1 or min(raters) < 2:
        raise ValueError("every call needs the same number of ratings, at least two")
    shares = _shares(counts)
    expected = math.fsum(share**2 for share in shares)
    return None if _certain(expected) else (_pairs_agreeing(counts) - expected) / (1 - expected)


def ac1(counts: Counts) -> float | None:
    """Gwet's AC1 for two reviewers or more; calls with a single rating count for the shares only.

    K. L. Gwet, British Journal of Mathematical and Statistical Psychology 61 (2008). None where only one category was
    used, or no call was rated twice.
    """
    shares = _mean_shares(counts)
    used = sum(share > 0 for share in shares)
    if used < 2 or not any(sum(row) > 1 for row in counts):
        return None
    expected = math.fsum(share * (1 - share) for share in shares) / (len(shares) - 1)
    return (_pairs_agreeing(counts) - expected) / (1.0 - expected)


def krippendorff(counts: Counts) -> float | None:
    """Krippendorff's alpha for nominal categories; calls may have different numbers of ratings.

    K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011). None where only one category was used.
    """
    pairable = [row for row in counts if sum(row) > 1]
    totals: list[int] = [sum(column) for column in zip(*pairable, strict=True)]
    n = sum(totals)
    by_chance = n * n - sum(total * total for total in totals)
    if not by_chance:
        return None
    observed: float = math.fsum((sum(row) ** 2 - sum(c * c for c in row)) / (sum(row) - 1) for row in pairable)
    return 1.0 - (n - 1) * observed / by_chance


def agreement(ratings: Ratings, categories: Sequence[Hashable] | None = None) -> Agreement:
    """All measures for one criterion, from what each reviewer said of each call.

    `categories` are those that could be chosen (AC1 counts them); by default those that were. Raises ValueError for a
    rating that is none of them.
    """
    chosen = _categories(ratings) if categories is None else categories
    counts = tally(ratings, chosen)
    numbers = {sum(row) for row in counts}
    same = len(numbers) == 1 and min(numbers) > 1
    return Agreement(
        calls=len(counts),
        observed=_pairs_agreeing(counts) if any(number > 1 for number in numbers) else None,
        cohen=_cohen_of(ratings, chosen) if ratings and all(len(row) == 2 for row in ratings) else None,
        fleiss=fleiss(counts) if same else None,
        krippendorff=krippendorff(counts),
        ac1=ac1(counts),
    )


def tally(ratings: Ratings, categories: Sequence[Hashable]) -> list[list[int]]:
    """Ratings as counts per call and category; calls that nobody rated are left out.

    Raises ValueError for a rating that is none of the categories.
    """
    if strange := set(_categories(ratings)) - set(categories):
        raise ValueError(f"no such category: {strange}")
    counted = [Counter(rating for rating in row if rating is not None) for row in ratings]
    return [[counter[category] for category in categories] for counter in counted if counter]


def _cohen_of(ratings: Ratings, categories: Sequence[Hashable]) -> Cohen | None:
    pairs = Counter((row[0], row[1]) for row in ratings if row[0] is not None and row[1] is not None)
    return cohen([[pairs[row, column] for column in categories] for row in categories]) if pairs else None


def _categories(ratings: Ratings) -> list[Hashable]:
    return sorted({rating for row in ratings for rating in row if rating is not None}, key=repr)


def _shares(counts: Counts) -> list[float]:
    total = sum(map(sum, counts))
    return [sum(column) / total for column in zip(*counts, strict=True)]


def _mean_shares(counts: Counts) -> list[float]:
    rated = [row for row in counts if sum(row)]
    return [
        math.fsum(column) / len(rated) for column in zip(*([c / sum(row) for c in row] for row in rated), strict=True)
    ]


def _pairs_agreeing(counts: Counts) -> float:
    """The mean, over the calls rated at least twice, of the share of pairs of reviewers who agree."""
    rated = [row for row in counts if sum(row) > 1]
    return math.fsum(sum(c * (c - 1) for c in row) / (sum(row) * (sum(row) - 1)) for row in rated) / len(rated)


def _certain(expected: float) -> bool:
    return math.isclose(expected, 1.0, abs_tol=1e-12)
