"""The draw: which recordings are reviewed, so that nobody can pick and anybody can check.

Anybody can draw again, in any language, from the frozen frame and the seed:

1. Each recording's ticket is SHA-256, in hexadecimal, over the seed followed by the recording's identifier (UTF-8).
2. Recordings whose rate is 100 % are all drawn.
3. The others are grouped by rate. A group of N recordings gives n = N × rate / 100, rounded up.
4. Where n is enough for one of each agent in the group, each agent is a stratum: one recording each, and the rest of n
   shared in proportion to what each agent has left, by largest remainder (ties: more recordings, then by name).
   Otherwise the whole group is one stratum.
5. In each stratum the recordings with the smallest tickets are drawn.

Where the seed was promised late, what is drawn with is SHA-256, in hexadecimal, over the promised seed followed by the
hash of the journal's last entry in the first anchor that was dropped an hour or more after the promise.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

CERTAIN = 100
"""The rate, in per cent, of what is reviewed in any case: complaint calls, new agents, agents on full sampling."""


@dataclass(frozen=True, order=True)
class FrameItem:
    """A valid recording of the period, as it stands in the frozen frame."""

    recording: str
    agent: str
    rate: int | None = None
    """The per cent at which it is drawn where that is not the draw's own: the agent's step, or 100 for a complaint."""


@dataclass(frozen=True)
class Stratum:
    """Recordings that have the same chance: `take` of them are drawn."""

    name: str
    items: tuple[FrameItem, ...]
    take: int

    @property
    def probability(self) -> Fraction:
        """The inclusion probability of each recording in it."""
        return Fraction(self.take, len(self.items))


@dataclass(frozen=True)
class Drawn:
    """A recording in the sample, with what is needed to weigh it and to check that it had to be drawn."""

    recording: str
    agent: str
    stratum: str
    population: int
    """Recordings in its stratum (N_h)."""
    taken: int
    """How many of them were drawn (n_h)."""
    ticket: str

    @property
    def probability(self) -> float:
        """The inclusion probability π = n_h / N_h."""
        return self.taken / self.population


def sample_size(n_frame: int, rate_percent: int) -> int:
    """How many of `n_frame` recordings `rate_percent` is, rounded up on integers: a float would give 8 for 7 % of 100.

    Raises ValueError for a rate outside 0 to 100 or a negative frame.
    """
    if not 0 <= rate_percent <= 100 or n_frame < 0:
        raise ValueError(f"no sample of {rate_percent} % from {n_frame}")
    return -(-n_frame * rate_percent // 100)


def allocate(frame_by_agent: Mapping[str, int], n: int) -> dict[str, int]:
    """How many of the `n` to draw fall to each agent, given how many recordings each has.

    At least one each while n allows, the rest by largest remainder. Where n is smaller than the number of agents, those
    with the most recordings get one. Raises ValueError when n is negative or more than there are.
    """
    sizes = {agent: size for agent, size in frame_by_agent.items() if size > 0}
    total = sum(sizes.values())
    if not 0 <= n <= total:
        raise ValueError(f"cannot draw {n} of {total}")
    if n < len(sizes):
        first = set(sorted(sizes, key=lambda agent: (-sizes[agent], agent))[:n])
        return {agent: int(agent in first) for agent in frame_by_agent}
    return dict.fromkeys(frame_by_agent, 0) | _one_each_and_a_share(sizes, n - len(sizes))


def _one_each_and_a_share(sizes: Mapping[str, int], rest: int) -> dict[str, int]:
    left = sum(sizes.values()) - len(sizes)
    shares = {agent: divmod(rest * (size - 1), left) if left else (0, 0) for agent, size in sizes.items()}
    missing = rest - sum(whole for whole, _ in shares.values())
    nearest = sorted(sizes, key=lambda agent: (-shares[agent][1], -sizes[agent], agent))[:missing]
    return {agent: 1 + shares[agent][0] + (agent in nearest) for agent in sizes}


def strata(frame: Iterable[FrameItem], *, rate: int) -> list[Stratum]:
    """The frame as strata, each with how many are taken; `rate` in per cent holds where an item has none of its own.

    Whatever the order of the frame, the strata and the recordings in them come in the same order. Raises ValueError for
    a recording that stands in the frame twice.
    """
    items = sorted(frame, key=lambda item: item.recording)
    if len({item.recording for item in items}) < len(items):
        raise ValueError("a recording stands in the frame twice")
    groups: dict[int, list[FrameItem]] = defaultdict(list)
    for item in items:
        groups[rate if item.rate is None else item.rate].append(item)
    return [stratum for percent in sorted(groups, reverse=True) for stratum in _strata_at(percent, groups[percent])]


def _strata_at(percent: int, items: Sequence[FrameItem]) -> list[Stratum]:
    n = sample_size(len(items), percent)
    by_agent: dict[str, list[FrameItem]] = defaultdict(list)
    for item in items:
        by_agent[item.agent].append(item)
    if percent == CERTAIN or n < len(by_agent):
        return [Stratum(f"{percent}%", tuple(items), n)]
    shares = allocate({agent: len(own) for agent, own in by_agent.items()}, n)
    return [Stratum(f"{percent}% {agent}", tuple(by_agent[agent]), shares[agent]) for agent in sorted(by_agent)]


def inclusion(frame: Iterable[FrameItem], *, rate: int) -> dict[str, Fraction]:
    """The chance of every recording in the frame, drawn or not; they sum to the size of the sample."""
    return {item.recording: stratum.probability for stratum in strata(frame, rate=rate) for item in stratum.items}


def draw(frame: Iterable[FrameItem], *, rate: int, seed: bytes | str) -> list[Drawn]:
    """The sample: what this frame, this rate (in per cent) and this seed give, wherever and whenever it is drawn."""
    return [drawn for stratum in strata(frame, rate=rate) for drawn in _draw_from(stratum, seed)]


def _draw_from(stratum: Stratum, seed: bytes | str) -> list[Drawn]:
    tickets = sorted((ticket(seed, item.recording), item) for item in stratum.items)
    return [
        Drawn(item.recording, item.agent, stratum.name, len(stratum.items), stratum.take, number)
        for number, item in tickets[: stratum.take]
    ]


def ticket(seed: bytes | str, recording: str) -> str:
    """A recording's number in the draw: SHA-256 of the seed followed by its identifier."""
    return hashlib.sha256(_bytes(seed) + recording.encode()).hexdigest()


def commitment(seed: bytes | str) -> str:
    """What is published before the frame exists, so that the seed cannot be chosen afterwards: SHA-256 of the seed."""
    return hashlib.sha256(_bytes(seed)).hexdigest()


def bound(seed: bytes | str, head: str) -> str:
    """What is drawn with where the seed was promised late: SHA-256 of the seed followed by an anchor's head."""
    return hashlib.sha256(_bytes(seed) + head.encode()).hexdigest()


def frame_hash(frame: Iterable[FrameItem]) -> str:
    """The frozen frame in one number: SHA-256 over a line `["recording","agent",rate]` each, sorted by recording."""
    lines = (
        json.dumps([item.recording, item.agent, item.rate], ensure_ascii=False, separators=(",", ":"))
        for item in sorted(frame, key=lambda item: item.recording)
    )
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def _bytes(seed: bytes | str) -> bytes:
    return seed.encode() if isinstance(seed, str) else seed
