"""The draw: exact, fair to every agent, the same for everybody who draws again."""

import hashlib
import random
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.drawing import FrameItem, allocate, commitment, draw, frame_hash, inclusion, sample_size, strata

SEED = "5f1c9a7e3b"

frames = st.lists(st.tuples(st.integers(0, 11), st.sampled_from([None, None, None, 30, 100])), max_size=150).map(
    lambda agents: [FrameItem(f"r{number:04}", f"agent{agent}", rate) for number, (agent, rate) in enumerate(agents)]
)
plain_frames = frames.map(lambda frame: [FrameItem(item.recording, item.agent) for item in frame])
rates = st.integers(0, 100)


def centre(**recordings: int) -> list[FrameItem]:
    """A frame with so many recordings per agent."""
    return [FrameItem(f"{agent}-{number}", agent) for agent, count in recordings.items() for number in range(count)]


@pytest.mark.parametrize(
    ("frame", "rate", "size"),
    [(100, 7, 7), (101, 10, 11), (60, 10, 6), (1, 1, 1), (0, 10, 0), (250, 100, 250), (9, 0, 0)],
)
def test_a_sample_is_the_rate_rounded_up_on_integers(frame: int, rate: int, size: int) -> None:
    assert sample_size(frame, rate) == size


@pytest.mark.parametrize(("frame", "rate"), [(10, -1), (10, 101), (-1, 10)])
def test_an_impossible_rate_is_refused(frame: int, rate: int) -> None:
    with pytest.raises(ValueError, match="no sample"):
        sample_size(frame, rate)


def test_each_agent_gets_one_and_the_rest_goes_by_largest_remainder() -> None:
    assert allocate({"a": 50, "b": 30, "c": 20}, 10) == {"a": 5, "b": 3, "c": 2}
    assert allocate({"a": 97, "b": 1, "c": 2}, 10) == {"a": 8, "b": 1, "c": 1}


def test_equal_remainders_go_to_the_first_by_name() -> None:
    assert allocate({"b": 10, "a": 10, "c": 10}, 4) == {"a": 2, "b": 1, "c": 1}


def test_an_agent_without_recordings_gets_none() -> None:
    assert allocate({"a": 5, "b": 0}, 2) == {"a": 2, "b": 0}


def test_more_than_there_is_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="cannot draw 6 of 5"):
        allocate({"a": 5}, 6)


@given(st.dictionaries(st.text(min_size=1, max_size=4), st.integers(0, 60), max_size=15), st.data())
def test_an_allocation_is_exact_and_within_what_each_has(sizes: dict[str, int], data: st.DataObject) -> None:
    n = data.draw(st.integers(0, sum(sizes.values())))
    shares = allocate(sizes, n)
    assert sum(shares.values()) == n
    assert all(0 <= shares[agent] <= sizes[agent] for agent in sizes)
    if n >= sum(size > 0 for size in sizes.values()):
        assert all(shares[agent] >= 1 for agent in sizes if sizes[agent])


@given(plain_frames, rates)
def test_a_draw_has_exactly_the_size_of_its_rate(frame: list[FrameItem], rate: int) -> None:
    sample = draw(frame, rate=rate, seed=SEED)
    assert len({drawn.recording for drawn in sample}) == len(sample) == sample_size(len(frame), rate)


@given(plain_frames, rates)
def test_every_agent_is_drawn_while_the_size_allows(frame: list[FrameItem], rate: int) -> None:
    agents = {item.agent for item in frame}
    sample = draw(frame, rate=rate, seed=SEED)
    if len(sample) >= len(agents):
        assert {drawn.agent for drawn in sample} == agents


@given(frames, rates, st.randoms(use_true_random=False))
def test_the_order_of_the_frame_does_not_matter(frame: list[FrameItem], rate: int, chance: random.Random) -> None:
    shuffled = chance.sample(frame, len(frame))
    assert draw(shuffled, rate=rate, seed=SEED) == draw(frame, rate=rate, seed=SEED)
    assert frame_hash(shuffled) == frame_hash(frame)


@given(frames, rates)
def test_inclusion_probabilities_sum_to_the_size_of_the_sample(frame: list[FrameItem], rate: int) -> None:
    chances = inclusion(frame, rate=rate)
    assert set(chances) == {item.recording for item in frame}
    assert sum(chances.values(), Fraction(0)) == len(draw(frame, rate=rate, seed=SEED))


@given(frames, rates.filter(lambda rate: rate > 0))
def test_everything_has_a_chance(frame: list[FrameItem], rate: int) -> None:
    assert all(0 < chance <= 1 for chance in inclusion(frame, rate=rate).values())


@given(frames, rates)
def test_what_is_certain_is_always_drawn(frame: list[FrameItem], rate: int) -> None:
    certain = {item.recording for item in frame if item.rate == 100}
    drawn = {drawn.recording: drawn for drawn in draw(frame, rate=rate, seed=SEED)}
    assert certain <= set(drawn)
    assert all(drawn[recording].probability == 1 for recording in certain)


@given(frames, rates)
def test_each_drawn_recording_carries_its_own_probability(frame: list[FrameItem], rate: int) -> None:
    chances = inclusion(frame, rate=rate)
    for drawn in draw(frame, rate=rate, seed=SEED):
        assert Fraction(drawn.taken, drawn.population) == chances[drawn.recording]


def test_agents_on_a_stricter_step_are_drawn_at_their_own_rate() -> None:
    frame = [*centre(anna=100, bo=100), *(FrameItem(f"chen-{n}", "chen", 30) for n in range(50))]
    counts = Counter(drawn.agent for drawn in draw(frame, rate=10, seed=SEED))
    assert counts == {"anna": 10, "bo": 10, "chen": 15}


def test_where_there_are_more_agents_than_draws_the_group_is_one_stratum() -> None:
    frame = centre(**{f"agent{number:02}": 5 for number in range(20)})
    (stratum,) = strata(frame, rate=10)
    assert (len(stratum.items), stratum.take, stratum.probability) == (100, 10, Fraction(1, 10))


def test_every_recording_is_drawn_as_often_as_its_probability_says() -> None:
    frame = centre(anna=30, bo=12, chen=3)
    chances = inclusion(frame, rate=20)
    times = Counter(drawn.recording for n in range(2000) for drawn in draw(frame, rate=20, seed=f"seed {n}"))
    for recording, chance in chances.items():
        # Four standard errors of 2,000 draws.
        assert abs(times[recording] / 2000 - chance) < 4 * (float(chance * (1 - chance)) / 2000) ** 0.5 + 1e-12


def test_another_seed_draws_another_sample() -> None:
    frame = centre(anna=50, bo=50)
    assert draw(frame, rate=10, seed="one") != draw(frame, rate=10, seed="two")


def test_the_sample_can_be_drawn_again_by_hand() -> None:
    frame = centre(anna=40, bo=40)
    by_hand = {
        recording
        for agent in ("anna", "bo")
        for recording in sorted(
            (f"{agent}-{n}" for n in range(40)), key=lambda name: hashlib.sha256((SEED + name).encode()).hexdigest()
        )[:4]
    }
    assert {drawn.recording for drawn in draw(frame, rate=10, seed=SEED)} == by_hand


def test_a_seed_is_the_same_as_text_and_as_bytes() -> None:
    frame = centre(anna=40)
    assert draw(frame, rate=10, seed=SEED) == draw(frame, rate=10, seed=SEED.encode())
    assert commitment(SEED) == commitment(SEED.encode())


def test_a_commitment_is_the_seeds_digest_and_does_not_tell_it() -> None:
    assert commitment("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_the_frames_hash_is_that_of_its_written_lines() -> None:
    frame = [FrameItem("r2", "李娜", 30), FrameItem("r1", "anna")]
    written = '["r1","anna",null]\n["r2","李娜",30]\n'
    assert frame_hash(frame) == hashlib.sha256(written.encode()).hexdigest()


@pytest.mark.parametrize("changed", [FrameItem("r1", "bo"), FrameItem("r1", "anna", 100), FrameItem("r9", "anna")])
def test_any_change_of_the_frame_changes_its_hash(changed: FrameItem) -> None:
    assert frame_hash([FrameItem("r1", "anna")]) != frame_hash([changed])


def test_a_recording_cannot_stand_in_the_frame_twice() -> None:
    with pytest.raises(ValueError, match="twice"):
        draw([FrameItem("r1", "anna"), FrameItem("r1", "bo")], rate=10, seed=SEED)


def test_an_empty_frame_gives_an_empty_sample() -> None:
    assert draw([], rate=10, seed=SEED) == []
