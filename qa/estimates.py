"""What a sample tells about everything it was drawn from, always with its interval."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

CONFIDENCE = 0.95

_ENOUGH_REVIEWS = 20
"""From here on a stratum's own reviews tell how much its results vary."""

_UNLIKE_WEIGHTS = 2
"""From this ratio on between what single reviews stand for, strata are no longer alike."""


@dataclass(frozen=True)
class Interval:
    """From `low` to `high`, both as shares from 0 to 1."""

    low: float
    high: float

    def __contains__(self, share: float) -> bool:
        return self.low <= share <= self.high


@dataclass(frozen=True)
class Stratum:
    """Recordings with one chance of being drawn: how many there are, how many were reviewed, how many failed."""

    population: int
    reviewed: int
    failed: int

    def __post_init__(self) -> None:
        if not 0 <= self.failed <= self.reviewed <= self.population:
            raise ValueError(f"{self.failed} failed of {self.reviewed} reviewed of {self.population}")


@dataclass(frozen=True)
class Estimate:
    """The failures among all recordings, estimated from those reviewed."""

    population: int
    reviewed: int
    failed: int
    total: float
    """Failures among all (T̂), each failure counted 1/π times."""
    share: float
    """p̂ = T̂ / N."""
    standard_error: float
    effective_n: float
    """The simple sample that would be as exact; infinite where everything was reviewed."""
    interval: Interval


def wilson(failed: float, n: float, confidence: float = CONFIDENCE) -> Interval:
    """Wilson's score interval for a share; `n` may be an effective size. With n = 0 nothing is known: 0 to 1.

    E. B. Wilson, "Probable inference", JASA 22 (1927).
    """
    if n <= 0:
        return Interval(0.0, 1.0)
    share = failed / n
    if math.isinf(n):
        return Interval(share, share)
    return wilson_of_share(share, n, confidence)


def wilson_of_share(share: float, n: float, confidence: float = CONFIDENCE) -> Interval:
    """Wilson's interval about an estimated share, `n` being the size of the simple sample that would be as exact."""
    if math.isinf(n):
        return Interval(share, share)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # At the ends the formula is exactly 0 and 1; rounding must not leave them.
    return Interval(max(0.0, centre - reach) if share > 0 else 0.0, min(1.0, centre + reach) if share < 1 else 1.0)


def clopper_pearson(failed: int, n: int, confidence: float = CONFIDENCE) -> Interval:
    """The exact binomial interval: never covers less than it says, and so is wider than Wilson's.

    C. J. Clopper and E. S. Pearson, Biometrika 26 (1934), by quantiles of the beta distribution. Raises ValueError
    unless 0 ≤ failed ≤ n.
    """
    if not 0 <= failed <= n:
        raise ValueError(f"{failed} of {n}")
    tail = (1 - confidence) / 2
    low = _beta_quantile(tail, failed, n - failed + 1) if failed else 0.0
    high = _beta_quantile(1 - tail, failed + 1, n - failed) if failed < n else 1.0
    return Interval(low, high)


def _beta_quantile(probability: float, a: float, b: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _beta_distribution(middle, a, b) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _beta_distribution(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b)."""
    if x in (0.0, 1.0):
        return x
    # The continued fraction converges fast below the mean; above it the mirrored one does.
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta_distribution(1 - x, b, a)
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(scale) / (a * _beta_fraction(x, a, b))


def _beta_fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of I_x(a, b), by Lentz's method (NIST DLMF 8.17.22)."""
    value, c, d = 1.0, 1.0, 0.0
    for step in range(1, 100_000):
        m = step // 2
        if step % 2:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / (1 + term * d)
        c = 1 + term / c
        value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value


def detection(population: int, drawn: int, bad: int) -> float:
    """The chance that a simple sample of `drawn` out of `population` holds one of the `bad` ones or more.

    Hypergeometric. Raises ValueError unless drawn and bad lie between 0 and population.
    """
    if not (0 <= drawn <= population and 0 <= bad <= population):
        raise ValueError(f"{drawn} drawn and {bad} bad of {population}")
    fewer, more = sorted((drawn, bad))
    return 1 - math.prod(max(0, population - more - i) / (population - i) for i in range(fewer))


def estimate(strata: Iterable[Stratum], confidence: float = CONFIDENCE) -> Estimate:
    """The share of failures among all recordings, each stratum weighed by what it stands for.

    T̂ = Σ N_h p_h, p̂ = T̂/N and Var(p̂) = N⁻² Σ N_h² (1 − n_h/N_h) p_h (1 − p_h) / (n_h − 1) (Cochran, Sampling
    Techniques, ch. 5); the interval is Wilson's on the effective size of what was not reviewed in full, since a stratum
    reviewed in full is known. Strata of which a single recording was reviewed are collapsed, as is usual, so that their
    variance can be estimated. Raises ValueError where nothing was reviewed of a stratum that has recordings.
    """
    counted = [stratum for stratum in strata if stratum.population]
    if not counted or any(not stratum.reviewed for stratum in counted):
        raise ValueError("each stratum needs at least one reviewed recording")
    known = [stratum for stratum in counted if stratum.reviewed == stratum.population]
    sampled = [stratum for stratum in counted if stratum.reviewed < stratum.population]
    population, total = _population(counted), _total(counted)
    variance = math.fsum(map(_own_variance, _collapsed(sampled))) / population**2
    share = total / population
    return Estimate(
        population=population,
        reviewed=sum(stratum.reviewed for stratum in counted),
        failed=sum(stratum.failed for stratum in counted),
        total=total,
        share=share,
        standard_error=math.sqrt(variance),
        effective_n=_effective_n(share, variance, counted),
        interval=_interval(known, sampled, confidence),
    )


def _population(strata: Iterable[Stratum]) -> int:
    return sum(stratum.population for stratum in strata)


def _total(strata: Iterable[Stratum]) -> float:
    return math.fsum(stratum.population * stratum.failed / stratum.reviewed for stratum in strata)


def _own_variance(h: Stratum) -> float:
    """The variance of a stratum's total as its own reviews show it; 0 where a single review shows none."""
    return _spread(h, h.failed / h.reviewed) * h.reviewed / (h.reviewed - 1) if h.reviewed > 1 else 0.0


def _spread(h: Stratum, share: float) -> float:
    return h.population**2 * (1 - h.reviewed / h.population) * share * (1 - share) / h.reviewed


def _cautious_variance(sampled: list[Stratum], share: float) -> float:
    """The variance of the total, where unlike strata of few reviews vary no less than the common share lets expect.

    A few reviews that happen to agree are no proof that all would. Where rates differ, and one review of a stratum
    weighs as much as several of another, the interval would be too narrow without this.
    """
    strata = _collapsed(sampled)
    small = [h for h in strata if h.reviewed < _ENOUGH_REVIEWS]
    own = math.fsum(map(_own_variance, strata))
    weights = [h.population / h.reviewed for h in strata]
    if not small or max(weights) < _UNLIKE_WEIGHTS * min(weights):
        return own
    expected = math.fsum(_spread(h, share) for h in small)
    return own + max(0.0, expected - math.fsum(map(_own_variance, small)))


def _collapsed(sampled: list[Stratum]) -> list[Stratum]:
    """Strata with at least two reviewed each: single ones joined, a last single one joined with the smallest other."""
    single = [stratum for stratum in sampled if stratum.reviewed == 1]
    other = sorted((stratum for stratum in sampled if stratum.reviewed > 1), key=lambda stratum: stratum.population)
    if len(single) == 1 and other:
        single.append(other.pop(0))
    return ([_joined(single)] if single else []) + other


def _joined(strata: list[Stratum]) -> Stratum:
    return Stratum(
        population=_population(strata),
        reviewed=sum(stratum.reviewed for stratum in strata),
        failed=sum(stratum.failed for stratum in strata),
    )


def _effective_n(share: float, variance: float, strata: list[Stratum]) -> float:
    """p̂(1 − p̂)/Var; where no variance is seen, what the weights alone say: N² / Σ N_h² (1 − n_h/N_h) / n_h (Kish)."""
    if variance > 0:
        return share * (1 - share) / variance
    spread = math.fsum(h.population**2 * (1 - h.reviewed / h.population) / h.reviewed for h in strata)
    return _population(strata) ** 2 / spread if spread else math.inf


def _interval(known: list[Stratum], sampled: list[Stratum], confidence: float) -> Interval:
    certain, population = _total(known), _population(known + sampled)
    if not sampled:
        return Interval(certain / population, certain / population)
    open_to_chance = _population(sampled)
    share = _total(sampled) / open_to_chance
    variance = _cautious_variance(sampled, share) / open_to_chance**2
    size = _effective_n(share, variance, sampled)
    chance = wilson_of_share(share, size, confidence)
    return Interval(*((certain + open_to_chance * end) / population for end in (chance.low, chance.high)))
