"""Where somebody speaks: a detector over the energy of 20 ms frames, vectorised over the whole call.

A frame is loud when its level, with low frequencies damped, stands above the noise around it. What keeps one level and
one colour for a quarter of a second (ringing and busy tones, hum, hiss) is not a voice, and neither is what leaks over
from the other side, or lasts less than a syllable. Pauses of up to 0.3 s inside a sentence belong to it.
"""

import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.float32] | NDArray[np.float64]
Mask = NDArray[np.bool_]

FRAMES_PER_SECOND = 50
SILENCE_DB = -96.0
"""The level, in dB below full scale, at which silence is put."""

_DAMPING = 0.4
_QUIETEST_DB = -55.0
_DYNAMIC_DB = 35.0
_ABOVE_NOISE_DB = 5.0
_VOICE_ABOVE_NOISE_DB = 10.0
_LEAKAGE_DB = 25.0
_STEADY_FRAMES = 13
_STEADY_DB = 0.5
_STEADY_COLOUR = 0.1
_SATURATED_DB = -4.0
_SHORTEST_SOUND = 2
_LONGEST_PAUSE = 15
_SHORTEST_SPEECH = 4


def decibels(power: Levels) -> Levels:
    """Mean squares of samples from -1 to 1 as dB below full scale, not below SILENCE_DB."""
    floor = np.float32(10 ** (SILENCE_DB / 10))
    # The natural logarithm of 32-bit numbers is the one that runs over whole rows.
    return np.log(np.maximum(power, floor)) * np.float32(10 / np.log(10))


def speech(power: Levels, neighbours: Levels) -> Mask:
    """Which frames of which side are speech.

    `power` holds the mean square of each frame's samples, `neighbours` the mean product of adjacent samples (the
    autocorrelation at lag one), both shaped (sides, frames).
    """
    level = decibels(power)
    # The energy of x[n] - a x[n-1] is (1 + a²) r0 - 2a r1: a filter without touching the samples again.
    damped = decibels((1 + _DAMPING**2) * power - 2 * _DAMPING * neighbours)
    steady = [_steady(*side) for side in zip(power, neighbours, strict=True)]
    masks = [_speech_of_side(*side) for side in zip(damped, steady, strict=True)]
    return np.array(masks).reshape(power.shape) & ~_leaked(level)


def _speech_of_side(damped: Levels, steady: Mask) -> Mask:
    if not len(damped):
        return np.zeros(0, np.bool_)
    quietest = max(_QUIETEST_DB, float(np.percentile(damped, 98)) - _DYNAMIC_DB)
    noise = _noise(damped)
    loud = (damped > np.maximum(noise + _ABOVE_NOISE_DB, quietest)) & ~steady
    sentences = _joined(_without_short(loud, _SHORTEST_SOUND), _LONGEST_PAUSE)
    voiced = _runs_that_reach(sentences, damped > np.maximum(noise + _VOICE_ABOVE_NOISE_DB, quietest))
    return _without_short(voiced, _SHORTEST_SPEECH)


def _noise(damped: Levels) -> Levels:
    """The level of what is always there: the 10th percentile of 10 s, the lowest of three such stretches."""
    count = max(1, len(damped) // (10 * FRAMES_PER_SECOND))
    size = len(damped) // count
    # What is left over at the end is shorter than a frame per stretch, and counts as the last one.
    stretches = damped[: count * size].reshape(count, size)
    floors = np.pad(np.partition(stretches, size // 10, axis=1)[:, size // 10], 1, mode="edge")
    lowest = np.repeat(np.minimum(np.minimum(floors[:-2], floors[1:-1]), floors[2:]), size)
    return np.pad(lowest, (0, len(damped) - len(lowest)), mode="edge")


def _steady(power: Levels, neighbours: Levels) -> Mask:
    """Frames in a stretch whose level and colour do not change, as a voice's do; saturated ones prove nothing."""
    if len(power) < _STEADY_FRAMES:
        return np.zeros(len(power), np.bool_)
    # Two tones at once, as in American ringing, beat faster than a frame lasts: their mean over five frames is still.
    still = _still(power, neighbours) | _still(_mean_of_five(power), _mean_of_five(neighbours), share=0.3, margin=2)
    return still & (decibels(power) < _SATURATED_DB)


def _mean_of_five(values: Levels) -> Levels:
    return np.convolve(values, np.full(5, 0.2, values.dtype), "same")


def _still(power: Levels, neighbours: Levels, *, share: float = 1.0, margin: int = 0) -> Mask:
    """Frames in a window of constant level and colour (`share` of what else is allowed), or `margin` frames from it."""
    width = _STEADY_FRAMES
    level, colour = decibels(power), neighbours / np.maximum(power, 1e-12)
    still = _moving_variance(level, width) < (share * _STEADY_DB) ** 2
    still &= _moving_variance(colour, width) < (share * _STEADY_COLOUR) ** 2
    starts = np.flatnonzero(still)
    ends = np.minimum(starts + width + margin, len(power))
    return _painted(len(power), np.maximum(starts - margin, 0), ends)


def _moving_variance(values: Levels, width: int) -> Levels:
    mean = _moving_sum(values, width) / width
    return _moving_sum(values * values, width) / width - mean * mean


def _moving_sum(values: Levels, width: int) -> Levels:
    """The sum of each `width` neighbours, put together from sums of 1, 2, 4, 8 of them: a running total of a whole
    call would lose what little a single frame changes.
    """
    count, size, done = len(values) - width + 1, 1, 0
    total = np.zeros(count, values.dtype)
    while True:
        if width & size:
            total += values[done : done + count]
            done += size
        if 2 * size > width:
            return total
        values, size = values[:-size] + values[size:], 2 * size


def _leaked(level: Levels) -> Mask:
    """Frames in which the other side is so much louder that what is heard here is its echo."""
    if len(level) == 1:
        return np.zeros(level.shape, np.bool_)
    return np.asarray(level[::-1] - level > _LEAKAGE_DB)


def runs(mask: Mask) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first frame of each stretch of True, and the frame after its last."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return edges[::2], edges[1::2]


def _painted(length: int, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Mask:
    edges = np.bincount(starts, minlength=length + 1) - np.bincount(ends, minlength=length + 1)
    return np.cumsum(edges[:-1]) > 0


def _without_short(mask: Mask, shortest: int) -> Mask:
    starts, ends = runs(mask)
    keep = ends - starts >= shortest
    return _painted(len(mask), starts[keep], ends[keep])


def _joined(mask: Mask, longest_pause: int) -> Mask:
    starts, ends = runs(~mask)
    pause = (ends - starts <= longest_pause) & (starts > 0) & (ends < len(mask))
    return mask | _painted(len(mask), starts[pause], ends[pause])


def _runs_that_reach(mask: Mask, high: Mask) -> Mask:
    starts, ends = runs(mask)
    heights = np.concatenate(([0], np.cumsum(high)))
    reach = heights[ends] > heights[starts]
    return _painted(len(mask), starts[reach], ends[reach])
