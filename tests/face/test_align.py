"""From a face to its crop."""

import numpy as np
import pytest

from emocli.face.align import TEMPLATE, crop, similarity


def test_similarity_undoes_turn_scale_and_shift() -> None:
    angle, scale = 0.4, 3.0
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = similarity(TEMPLATE @ turn.T + [50, 80], TEMPLATE)
    there = (TEMPLATE @ turn.T + [50, 80]) @ matrix[:, :2].T + matrix[:, 2]
    assert there == pytest.approx(TEMPLATE)


@pytest.mark.parametrize("scale", [1.0, 2.0, 5.3, 17.0])
def test_crops_look_alike_at_any_size(scale: float) -> None:
    """The same smooth picture, larger: its crop stays the same, without aliasing."""
    side = round(96 * scale)
    y, x = np.mgrid[:side, :side] / scale
    picture = (127 + 60 * np.sin(x / 5) + 60 * np.cos(y / 7)).astype(np.uint8)
    cropped = crop(picture, (TEMPLATE + 24 + 0.5) * scale - 0.5)
    y, x = np.mgrid[24:72, 24:72]
    wanted = 127 + 60 * np.sin(x / 5) + 60 * np.cos(y / 7)
    assert np.abs(cropped - wanted).mean() < 6
    colour = crop(np.stack([picture, 255 - picture, picture], -1), (TEMPLATE + 24 + 0.5) * scale - 0.5)
    np.testing.assert_array_equal(colour[..., 0], cropped)
    assert np.abs(colour[..., 1] - (255.0 - wanted)).mean() < 6
