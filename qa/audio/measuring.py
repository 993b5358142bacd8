"""What is measured on every 20 ms of a recording, in one pass over its samples as the decoder hands them out.

Both channels stay interleaved as they are in the file: sums over a frame are products with a matrix of ones, and the
highest peak is found by folding the frame in half again and again, so that each step runs over whole rows.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.audio.decoding import Decoder
from qa.audio.speech import FRAMES_PER_SECOND

Values = NDArray[Any]

_FULL_SCALE = 0.98
"""A-law reaches .984 of full scale and µ-law .980: what stays above this is cut off."""

_SAME_SOUND = 0.98
_COMPARED = 8
"""Of so many samples one is compared between the channels: enough to tell one sound from two."""

BLOCK = 1 << 17
"""Values measured at a time: they stay in the processor's cache, and a product of them on one core."""


@dataclass(frozen=True)
class Measures:
    """Per side and frame of 20 ms: mean square, mean product of neighbours, peak. Per side: what share is clipped.

    One side only where both channels hold the same sound.
    """

    power: Values
    neighbours: Values
    peak: Values
    clipped: NDArray[np.float64]
    seconds_per_frame: float


class Frames:
    """Measures gathered block by block."""

    def __init__(self, decoder: Decoder) -> None:
        self.hop = round(decoder.rate / FRAMES_PER_SECOND)
        self._decoder = decoder
        self._channels = decoder.channels
        width = self.hop * self._channels
        self.block = max(1, BLOCK // width) * self.hop
        """Samples per channel that are measured at once."""
        self._ones = np.tile(np.eye(self._channels, dtype=np.float32), (self.hop, 1))
        self._pairs = self._ones.copy()
        # The last sample of a frame has its neighbour in the next one.
        self._pairs[-self._channels :] = 0
        self._products = np.empty(self.block * self._channels, np.float32)
        self._parts: list[tuple[Values, Values, Values]] = []
        self._clipped = np.zeros(self._channels)
        self._across = np.zeros(3)

    def add(self, block: NDArray[Any]) -> None:
        """Measure a block of (samples, channels); a last frame that is not full is left out."""
        raw = block[: len(block) // self.hop * self.hop].reshape(-1)
        if not len(raw):
            return
        values = raw.astype(np.float32, copy=False)
        self._compare(values)
        peak = self._peaks(raw)
        self._clip(raw, peak)
        self._parts.append((self._sums(values, 0), self._sums(values, self._channels), peak))

    def _sums(self, values: Values, apart: int) -> Values:
        """Per frame and side the sum of products of samples that are `apart` places from each other."""
        products = self._products[: len(values)]
        np.multiply(values[apart:], values[: len(values) - apart], out=products[: len(values) - apart])
        products[len(values) - apart :] = 0
        summed: Values = products.reshape(-1, self.hop * self._channels) @ (self._pairs if apart else self._ones)
        return summed

    def _peaks(self, raw: NDArray[Any]) -> Values:
        high = np.abs(raw)
        if raw.dtype == np.int16:
            # -32768 stays as it is, and is 32768 where no bit means a sign.
            high = high.view(np.uint16)
        high = high.reshape(-1, self.hop * self._channels)
        while high.shape[1] % (2 * self._channels) == 0:
            half = high.shape[1] // 2
            high = np.maximum(high[:, :half], high[:, half:])
        peaks: Values = np.ascontiguousarray(high.T).reshape(-1, self._channels, len(high)).max(0)
        return peaks.T.astype(np.float32)

    def _compare(self, values: Values) -> None:
        if self._channels == 2:
            left, right = values[:: 2 * _COMPARED], values[1 :: 2 * _COMPARED]
            self._across += [np.dot(left, right), np.dot(left, left), np.dot(right, right)]

    def _clip(self, raw: NDArray[Any], peak: Values) -> None:
        limit = _FULL_SCALE * self._decoder.full_scale
        loud = peak >= limit
        if not loud.any():
            return
        framed = raw.reshape(len(peak), self.hop, self._channels)
        for side in range(self._channels):
            full = np.abs(framed[loud[:, side], :, side].astype(np.float32)) >= limit
            # A flat top, and not the tip of a loud voice: its neighbour is there too.
            self._clipped[side] += np.count_nonzero(full[:, 1:] & full[:, :-1])

    def finished(self) -> Measures:
        """All measures; of one side only where both channels hold the same sound."""
        if not self._parts:
            self._parts.append((np.zeros((0, self._channels), np.float32),) * 3)
        power, neighbours, peak = (np.concatenate(part).T for part in zip(*self._parts, strict=True))
        across, left, right = self._across
        sides = slice(0, 1) if across > _SAME_SOUND * np.sqrt(left * right) > 0 else slice(None)
        scale = self._decoder.full_scale
        per_square = np.float32(1 / (self.hop * scale * scale))
        return Measures(
            np.ascontiguousarray(power[sides]) * per_square,
            np.ascontiguousarray(neighbours[sides]) * per_square,
            np.ascontiguousarray(peak[sides]) / np.float32(scale),
            (self._clipped / self._decoder.decoded)[sides],
            self.hop / self._decoder.rate,
        )
