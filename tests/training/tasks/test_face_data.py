"""Faces to learn from and to judge by."""

from pathlib import Path

import numpy as np
import pytest
import torch

from emocli.training.tasks import face_data


def test_targets_are_votes_and_labels(tiny: Path) -> None:
    faces = face_data.corpus.load(tiny, "train")
    target = face_data.targets(faces)
    assert target.shape == (70, 2, 7)
    assert target.sum(2) == pytest.approx(1, abs=1e-6)
    voted = faces.votes.sum(1) > 0
    assert target[voted, 0] == pytest.approx(faces.votes[voted])
    assert (target[~voted, 0].argmax(1) == faces.labels[~voted]).all()
    assert (target[:, 1].argmax(1) == faces.labels).all()
    assert target[:, 1].max() == pytest.approx(0.9 + 0.1 / 7)


@pytest.mark.parametrize("size", [40, 48])
def test_augmented_faces_stay_pictures(size: int) -> None:
    torch.manual_seed(0)
    images = torch.rand(8, 1, 48, 48) * 255
    spoilt = face_data.augment(images, size, 1.0)
    assert spoilt.shape == (8, 1, size, size)
    assert 0 <= float(spoilt.min()) <= float(spoilt.max()) <= 255


def test_accuracy_is_over_the_items_with_a_label() -> None:
    assert face_data.accuracy(np.eye(7)[[0, 1, 2, 3]], np.array([0, -1, 2, 4])) == pytest.approx(2 / 3)


def test_a_share_of_the_pictures_is_spoilt_and_the_rest_left_alone() -> None:
    torch.manual_seed(0)
    pictures = 255 * torch.rand(400, 1, 48, 48)
    spoilt = face_data.spoil(pictures, 0.4)
    changed = (spoilt - pictures).abs().amax((1, 2, 3)) > 1e-3
    assert 0.3 < float(changed.float().mean()) < 0.5
    assert float(spoilt.min()) >= 0
    assert float(spoilt.max()) <= 255.1
    darker = spoilt.mean((1, 2, 3)) < 0.85 * pictures.mean((1, 2, 3))
    assert 0.05 < float(darker.float().mean()) < 0.15
    smoother = spoilt.std((1, 2, 3)) < 0.85 * pictures.std((1, 2, 3))
    assert float((smoother & ~darker).float().mean()) > 0.1
    assert torch.equal(face_data.spoil(pictures, 0.0), pictures)
