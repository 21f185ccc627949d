"""Spoilt faces and sound."""

import numpy as np
import pytest
from support.media import tone

from emocli.training import corruptions


@pytest.mark.parametrize("kind", corruptions.FACES)
def test_faces_are_spoilt(kind: str) -> None:
    faces = np.random.default_rng(0).integers(0, 255, (2, 48, 48)).astype(np.uint8)
    spoilt = corruptions.spoil_faces(faces, kind)
    assert spoilt.shape == faces.shape
    assert spoilt.dtype == np.uint8
    assert not np.array_equal(spoilt, faces)


@pytest.mark.parametrize("kind", corruptions.NOISES)
@pytest.mark.parametrize("db", [0.0, 10.0])
def test_noise_is_as_loud_as_said(kind: str, db: float) -> None:
    speech, others = tone(2, 200), [tone(1, f) for f in (300, 400, 500)]
    noise = corruptions.add_noise(speech, kind, db, np.random.default_rng(0), others) - speech
    assert 10 * np.log10(np.mean(speech**2) / np.mean(noise**2)) == pytest.approx(db, abs=0.1)
