"""Sound of a device whose clock is not the wall's stays with the pictures for hours."""

from __future__ import annotations

import numpy as np
import pytest

from emocli.live.drift import TOLERANCE, DriftCorrector, stretched

BLOCK, RATE = 1024, 16_000


@pytest.mark.parametrize("millionths", [-200, 0, 200])
def test_an_hour_of_drift(millionths: int) -> None:
    """Blocks arrive up to 30 ms late by chance; what is placed ends when it was heard, all through."""
    corrector, heard, generator = DriftCorrector(), 0, np.random.default_rng(0)
    apart, block = [], np.zeros(BLOCK, np.int16)
    for number in range(1, 3600 * RATE // BLOCK):
        true = number * BLOCK / RATE * (1 + millionths / 1e6)
        heard += len(corrector.take(block, true + generator.exponential(0.005)))
        apart.append(true - heard / RATE)
    assert abs(number * BLOCK / RATE * millionths / 1e6) > 0.7 or not millionths
    assert max(map(abs, apart)) < 2 * TOLERANCE + 0.01
    assert np.mean([len(corrector.take(block, true)) for _ in range(1)]) == pytest.approx(BLOCK, abs=8)


def test_one_late_block_is_no_drift() -> None:
    corrector, block = DriftCorrector(), np.zeros(BLOCK, np.int16)
    lengths = {len(corrector.take(block, n * BLOCK / RATE + (0.5 if n % 50 == 7 else 0)))
               for n in range(1, 500)}
    assert lengths == {BLOCK}


def test_a_stretched_tone_is_the_same_tone() -> None:
    tone = (10_000 * np.sin(2 * np.pi * 440 * np.arange(BLOCK) / RATE)).astype(np.int16)
    longer = stretched(tone, BLOCK + 3)
    assert (len(longer), longer.dtype, longer[0], longer[-1]) == (BLOCK + 3, np.int16, tone[0], tone[-1])
    assert np.abs(np.diff(longer.astype(int))).max() <= np.abs(np.diff(tone.astype(int))).max()
