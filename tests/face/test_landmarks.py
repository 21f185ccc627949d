"""The crop that a mesh is found in, and what is made of a mesh."""

import numpy as np
import pytest

from emocli.face.landmarks import CROP, POINTS, RIGID, head_pose, mesh_crop, mouth, to_picture

SIZE = (640, 480)


def mesh_of(yaw: float = 0, pitch: float = 0, roll: float = 0) -> np.ndarray:
    """The canonical face, 50 cm from a camera, turned as one sees it: right, up, clockwise (degrees)."""
    def turn(axis: int, degrees: float) -> np.ndarray:
        cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        matrix, (a, b) = np.eye(3), [i for i in range(3) if i != axis]
        matrix[np.ix_((a, b), (a, b))] = [[cos, -sin], [sin, cos]]
        return matrix

    # x to the right, y down, z away: the nose points to -z; the y axis turns it right, x up, z clockwise
    seen = np.array(list(RIGID.values())) * [1, -1, -1]
    seen = seen @ (turn(2, roll) @ turn(1, yaw) @ turn(0, -pitch)).T + [0, 0, 50]
    mesh = np.full((POINTS, 3), 100.0)
    mesh[list(RIGID), :2] = seen[:, :2] / seen[:, 2:] * max(SIZE) + np.array(SIZE) / 2
    return mesh


@pytest.mark.parametrize("angles", [(0, 0, 0), (25, 0, 0), (-40, 0, 0), (0, 20, 0), (0, -15, 0), (0, 0, 30),
                                    (20, -10, 15)])
def test_the_pose_is_as_one_sees_the_picture(angles: tuple[float, float, float]) -> None:
    assert head_pose(mesh_of(*angles), SIZE) == pytest.approx(angles, abs=0.5)


def test_a_nose_that_is_seen_on_the_right_is_a_face_turned_right() -> None:
    turned, straight = mesh_of(yaw=30), mesh_of()
    assert turned[4, 0] > straight[4, 0] + 20
    assert mesh_of(pitch=20)[4, 1] < straight[4, 1] - 5
    assert mesh_of(roll=30)[263, 1] > mesh_of(roll=30)[33, 1] + 20


def test_no_mesh_has_no_pose() -> None:
    assert np.isnan(head_pose(np.full((POINTS, 3), np.nan), SIZE)).all()


@pytest.mark.parametrize("side", [20.0, 90.0, 600.0])
@pytest.mark.parametrize("degrees", [0.0, 40.0])
def test_a_crop_has_level_eyes_and_leads_back(side: float, degrees: float) -> None:
    """Two bright spots in the places of the eyes of a face of any size."""
    grey = np.zeros((1200, 1200), np.uint8)
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[cos, -sin], [sin, cos]])
    eyes = np.array([600, 600]) + np.array([[-0.2, -0.1], [0.2, -0.1]]) * side @ turn.T
    y, x = np.mgrid[:1200, :1200]
    for eye in eyes:
        grey[np.hypot(x - eye[0], y - eye[1]) < max(1.5, side / 20)] = 255
    crop, back = mesh_crop(grey, np.array([600 - side / 2, 600 - side / 2, side, side]), eyes)
    assert crop.shape == (CROP, CROP)
    spots = []
    for half in (slice(0, CROP // 2), slice(CROP // 2, CROP)):
        rows, columns = np.nonzero(crop[:, half] > 100)
        spots.append([columns.mean() + (half.start or 0), rows.mean(), 0.0])
    assert spots[0][1] == pytest.approx(spots[1][1], abs=3)
    assert spots[1][0] - spots[0][0] == pytest.approx(0.4 * CROP / 1.5, abs=4)
    assert to_picture(np.array(spots), back)[:, :2] == pytest.approx(eyes, abs=max(1.0, side / 40))


def test_a_face_outside_of_the_picture_is_an_empty_crop() -> None:
    crop, _ = mesh_crop(np.full((100, 100), 9, np.uint8), np.array([5000.0, 5000, 900, 900]),
                        np.array([[5300.0, 5300], [5600, 5300]]))
    assert not crop.any()


def test_a_mouth_is_measured_by_the_eyes() -> None:
    mesh = np.zeros((2, POINTS, 3))
    mesh[:, 263, 0], mesh[:, 14, 1], mesh[:, 291, 0] = 10, 2, 6
    mesh[1] *= 7
    assert mouth(mesh) == pytest.approx(np.array([[0.2, 0.6]] * 2))
