"""The speaker encoder hears as librosa does, in windows, and tells voices apart."""

from pathlib import Path

import numpy as np
import pytest
from support.media import tone

from emocli.speakers.encoder import BANDS, FRAMES, HOP, SAMPLE_RATE, SIZE, WINDOW, SpeakerEncoder
from emocli.training.corpora import speech
from emocli.weights import resolve

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def encoder() -> SpeakerEncoder:
    return SpeakerEncoder(resolve("speaker"))


def noise(seconds: float, level: float = 0.1) -> np.ndarray:
    return np.random.default_rng(0).normal(0, level, round(seconds * SAMPLE_RATE)).astype(np.float32)


def test_the_mel_bands_are_librosas(encoder: SpeakerEncoder) -> None:
    import librosa

    wanted = librosa.feature.melspectrogram(y=noise(2), sr=SAMPLE_RATE, n_fft=WINDOW, hop_length=HOP,
                                            n_mels=BANDS)
    assert encoder.energies(noise(2)) == pytest.approx(wanted.T, rel=1e-3, abs=1e-5)


def test_quiet_sound_is_raised(encoder: SpeakerEncoder) -> None:
    quiet, quieter = (encoder.energies(noise(2, level)) for level in (1e-2, 1e-4))
    assert quieter == pytest.approx(quiet, rel=1e-3)


@pytest.mark.parametrize(("seconds", "starts"), [
    (0.001, [0.0]), (0.4, [0.0]), (1.6, [0.0]), (2.0, [0.0, 0.41]), (4.0, [0.0, 0.8, 1.6, 2.4]),
    (4.6, [0.0, 0.8, 1.6, 2.4, 3.01])])
def test_windows_reach_from_end_to_end(encoder: SpeakerEncoder, seconds: float, starts: list[float]) -> None:
    windows = list(encoder.windows(noise(seconds)))
    assert [at for at, _ in windows] == pytest.approx(starts)
    assert {piece.shape for _, piece in windows} == {(FRAMES, BANDS)}


def test_embeddings_have_unit_length_whatever_the_batch(encoder: SpeakerEncoder) -> None:
    pieces = [piece for _, piece in encoder.windows(noise(60) * np.linspace(0, 1, 60 * SAMPLE_RATE))]
    assert len(pieces) > 64
    together = encoder.embed(pieces)
    assert together.shape == (len(pieces), SIZE)
    assert np.linalg.norm(together, axis=1) == pytest.approx(1, abs=1e-4)
    assert together[70:73] == pytest.approx(encoder.embed(pieces[70:73]), abs=1e-4)
    assert encoder.embed([]).shape == (0, SIZE)
    silence = encoder.embed(piece for _, piece in encoder.windows(np.zeros(100, np.float32)))
    assert np.isfinite(silence).all()
    assert np.isfinite(encoder.embed(piece for _, piece in encoder.windows(tone(2)))).all()


@pytest.mark.shared
def test_an_actor_is_nearer_to_themselves_than_to_others(encoder: SpeakerEncoder, data: Path) -> None:
    clips = [clip for clip in speech.read(data, "emodb", "test")][::3]
    embeddings = np.stack([encoder.embed(p for _, p in encoder.windows(c.samples)).mean(0) for c in clips])
    alike = embeddings @ embeddings.T
    same = np.array([[a.speaker == b.speaker for a in clips] for b in clips])
    others = ~np.eye(len(clips), dtype=bool)
    assert len({c.speaker for c in clips}) == 2
    assert alike[same & others].mean() > alike[~same].mean() + 0.1
