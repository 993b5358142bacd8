"""What samples tell about a part of what they were drawn from: one campaign, one agent, one week, or several draws.

The part's share of failures is estimated by the ratio of weighted counts p̂ = Σ wᵢyᵢ / Σ wᵢ over its reviewed
recordings, wᵢ = N_h/n_h, and its variance by linearisation: Var = (Σ wᵢ)⁻² Σ (1 − n_g/N_g) n_g/(n_g − 1) Σ (zᵢ − z̄)²,
zᵢ = wᵢ(yᵢ − p̂) within the part and 0 outside (Särndal, Swensson, Wretman, Model Assisted Survey Sampling, ch. 5 and
10). A single draw as a whole is thus estimated as in `qa.estimates`; strata of one agent in several draws show their
variance together.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from qa.estimates import CONFIDENCE, Estimate, Interval, wilson_of_share

_ENOUGH_REVIEWS = 40
"""Up to here reviews that happen to agree are no proof that all would: half of what the common share lets expect is
added to the variance that is seen."""


@dataclass(frozen=True)
class Cell:
    """A stratum of a draw, and what lies of it within the part that is asked about."""

    group: str
    """What shows its variance together: the agent's stratum, whatever the draw."""
    pool: str
    """Draw and rate: where nothing of a stratum was reviewed yet, the others of its pool stand for it."""
    population: float
    reviewed: int
    inside_population: int
    inside: int
    """Reviewed recordings within the part."""
    failed: int
    """Failed ones among them."""

    @property
    def weight(self) -> float:
        """How many recordings a reviewed one stands for."""
        return self.population / self.reviewed

    @property
    def known(self) -> bool:
        """Whether everything of it was reviewed."""
        return self.reviewed >= self.population


@dataclass(frozen=True)
class _Chance:
    """What the cells that were reviewed in part tell: a share, its variance, the effective size, the interval."""

    share: float
    variance: float
    effective_n: float
    interval: Interval


def estimate_part(cells: Iterable[Cell], confidence: float = CONFIDENCE) -> Estimate | None:
    """The share of failures in a part, with its interval; None where nothing of it was reviewed.

    What was drawn and is not reviewed yet is taken to be like the rest of its pool; a pool of which nothing was
    reviewed is left out, which the estimate's population shows.
    """
    covered = _covered(cells)
    known, sampled = [c for c in covered if c.known], [c for c in covered if not c.known]
    by_chance = _by_chance([c for c in sampled if c.reviewed], confidence)
    sure, failed = sum(c.inside_population for c in known), sum(c.failed for c in known)
    guessed = sum(c.inside_population for c in sampled) if by_chance else 0
    if not sure + guessed:
        return None
    told = by_chance or _Chance(0.0, 0.0, math.inf, Interval(0.0, 0.0))
    low, high = ((failed + guessed * end) / (sure + guessed) for end in (told.interval.low, told.interval.high))
    return Estimate(
        population=sure + guessed,
        reviewed=sum(c.inside for c in covered),
        failed=sum(c.failed for c in covered),
        total=failed + guessed * told.share,
        share=(failed + guessed * told.share) / (sure + guessed),
        standard_error=guessed * math.sqrt(told.variance) / (sure + guessed),
        effective_n=told.effective_n,
        interval=Interval(low, high),
    )


def _covered(cells: Iterable[Cell]) -> list[Cell]:
    """The cells of pools of which something was reviewed; those reviewed stand for all of their pool."""
    every = list(cells)
    all_of: dict[str, float] = defaultdict(float)
    reviewed_of: dict[str, float] = defaultdict(float)
    for cell in every:
        all_of[cell.pool] += cell.population
        reviewed_of[cell.pool] += cell.population if cell.reviewed else 0
    covered = [cell for cell in every if reviewed_of[cell.pool]]
    return [replace(cell, population=cell.population * all_of[cell.pool] / reviewed_of[cell.pool]) for cell in covered]


def _by_chance(sampled: Sequence[Cell], confidence: float) -> _Chance | None:
    weights = math.fsum(cell.weight * cell.inside for cell in sampled)
    if not weights:
        return None
    share = math.fsum(cell.weight * cell.failed for cell in sampled) / weights
    spread = math.fsum(cell.weight**2 * (1 - cell.reviewed / cell.population) * cell.inside for cell in sampled)
    seen = math.fsum(_variance(group, share) for group in _groups(sampled))
    if sum(cell.inside for cell in sampled) < _ENOUGH_REVIEWS:
        seen = (seen + max(seen, share * (1 - share) * spread)) / 2
    variance = seen / weights**2
    effective = share * (1 - share) / variance if variance else weights**2 / spread
    return _Chance(share, variance, effective, wilson_of_share(share, effective, confidence))


def _groups(sampled: Iterable[Cell]) -> list[list[Cell]]:
    """Cells that show their variance together; groups of a single review are joined, as is usual."""
    by_name: dict[str, list[Cell]] = defaultdict(list)
    for cell in sampled:
        by_name[cell.group].append(cell)
    groups = sorted(by_name.values(), key=lambda group: sum(cell.reviewed for cell in group))
    single = [cell for group in groups if sum(c.reviewed for c in group) == 1 for cell in group]
    others = [group for group in groups if sum(cell.reviewed for cell in group) > 1]
    if len(single) == 1 and others:
        others[0] = others[0] + single
        single = []
    return ([single] if single else []) + others


def _variance(group: Sequence[Cell], share: float) -> float:
    """The variance of a group's weighted sum of yᵢ − p̂, as its own reviews show it; 0 where a single one shows none."""
    reviewed = sum(cell.reviewed for cell in group)
    if reviewed < 2:
        return 0.0
    total = math.fsum(cell.weight * (cell.failed - cell.inside * share) for cell in group)
    squares = math.fsum(
        cell.weight**2 * (cell.failed * (1 - share) ** 2 + (cell.inside - cell.failed) * share**2) for cell in group
    )
    unreviewed = 1 - reviewed / math.fsum(cell.population for cell in group)
    return max(0.0, unreviewed * reviewed / (reviewed - 1) * (squares - total**2 / reviewed))
