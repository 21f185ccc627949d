"""Spectrograms that are kept."""

from pathlib import Path

import numpy as np
import pytest

from emocli.training import cache


def same(a: list[cache.Spectrum], b: list[cache.Spectrum]) -> bool:
    return len(a) == len(b) and all(
        np.array_equal(x.clean, y.clean) and np.array_equal(x.noisy, y.noisy)
        and (x.label, x.speaker, x.split) == (y.label, y.speaker, y.split) for x, y in zip(a, b, strict=True))


def test_spectrograms_are_kept_and_a_broken_run_goes_on(tiny: Path, tmp_path: Path,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "PART", 10)
    fresh = cache.spectra(tiny, "ravdess", 1)
    assert len(fresh) == 35
    assert same(fresh, cache.spectra(tiny, "ravdess", 1, tmp_path))
    parts = sorted(tmp_path.rglob("*"))[1:]
    assert [part.name for part in parts] == ["000.npz", "001.npz", "002.npz", "003.npz"]
    before = parts[0].stat().st_mtime_ns
    parts[1].unlink()
    assert same(fresh, cache.spectra(tiny, "ravdess", 1, tmp_path))
    assert parts[0].stat().st_mtime_ns == before
    assert not same(fresh, cache.spectra(tiny, "ravdess", 2, tmp_path))  # another seed, another noise
    assert len(list(tmp_path.iterdir())) == 2


def test_noise_does_not_change_what_a_clip_is(tiny: Path) -> None:
    spectra = cache.spectra(tiny, "emodb", 1)
    assert len(spectra) == 30
    assert {s.clean.shape == s.noisy.shape for s in spectra} == {True}
    assert not any(np.array_equal(s.clean, s.noisy) for s in spectra)
    statistics = cache.statistics(spectra)
    assert set(statistics) == {s.speaker for s in spectra}
    mean, deviation = cache.prior_of(list(statistics.values()))
    assert mean == pytest.approx(np.mean([m for m, _ in statistics.values()], axis=0), rel=1e-5)
    assert (deviation > 0).all()
