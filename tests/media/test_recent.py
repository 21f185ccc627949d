"""Sound without end, of which the last is kept."""

from __future__ import annotations

import numpy as np
import pytest

from emocli.media.audio import Sound


def test_the_last_of_an_endless_sound() -> None:
    generator, whole, kept = np.random.default_rng(0), np.zeros(0, np.int16), []
    with Sound.recent(2.0) as sound:
        for _ in range(200):
            block = generator.integers(-999, 999, generator.integers(1, 2_000), np.int16)
            sound.append(block)
            whole = np.concatenate([whole, block])
            kept.append(sound.read(sound.duration - 2.0, sound.duration))
            assert sound.samples == len(whole)
        np.testing.assert_array_equal(kept[-1], whole[-32_000:] / np.float32(32768))
        assert not sound.read(0.0, 1.0).any()
        assert len(sound.read(0.0, 1.0)) == 16_000
        assert len(sound.read(sound.duration - 0.5, sound.duration + 9)) == 8_000


@pytest.mark.parametrize("hole", [1, 100, 10_000_000_000])
def test_silence_takes_no_memory(hole: int) -> None:
    with Sound.recent(0.1) as sound:
        sound.append(np.full(1_000, 7, np.int16))
        sound.append_silence(hole)
        sound.append(np.full(500, 9, np.int16))
        assert sound.samples == 1_500 + hole
        end = sound.read(sound.duration - 600 / 16_000, sound.duration)
        assert (end[-500:] == np.float32(9 / 32768)).all()
        assert end[99] == 0
