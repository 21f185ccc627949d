"""YuNet, and the search in smaller pictures."""

import numpy as np
import pytest

from emocli.face.detect import AdaptiveScaleDetector, Detection, YuNet
from emocli.weights import resolve


@pytest.mark.shared
def test_yunet_finds_the_portrait_in_the_same_place() -> None:
    data = pytest.importorskip("skimage.data")
    picture = np.ascontiguousarray(data.astronaut()[:300, 80:380, ::-1])
    faces = YuNet(resolve("yunet")).find(picture)
    assert len(faces) == 1
    assert faces[0].landmarks[0, 0] < faces[0].landmarks[1, 0]
    assert 80 < faces[0].landmarks[:2, 1].mean() < 140


class Scripted:
    """A detector that finds one face of a given size, and remembers the widths it searched."""

    name = "scripted"

    def __init__(self, sizes: list[float | None]) -> None:
        self.sizes, self.searched = sizes, []

    def find(self, image: np.ndarray) -> list[Detection]:
        self.searched.append(image.shape[1])
        size = self.sizes.pop(0)
        scale = image.shape[1] / 512
        return [] if size is None else [Detection((40 * scale, 20 * scale, size * scale, size * scale),
                                                  np.ones((5, 2)) * 50 * scale, 0.9)]


@pytest.mark.parametrize(("sizes", "searched"), [
    # large faces: a quarter, but for every tenth
    ([200.0] * 32, [512, *[*[128] * 9, 256] * 2, *[128] * 9, 512, 128]),
    ([200.0] * 10 + [90.0] * 2, [512, *[128] * 9, 256, 256]),  # the half shows that one has become smaller
    ([100.0] * 3, [512, 256, 256]),  # a middling one: the half
    ([30.0] * 3, [512, 512, 512]),  # a small one: always the whole
    ([100.0, None, 30.0, 30.0], [512, 256, 512, 512]),  # gone from the half: the whole at once
])
def test_large_faces_are_searched_in_smaller_pictures(sizes: list[float | None], searched: list[int]) -> None:
    detector = Scripted(list(sizes))
    adaptive = AdaptiveScaleDetector(detector)
    while detector.sizes:
        for face in adaptive.find(np.zeros((288, 512, 3), np.uint8)):
            assert face.box[:2] == pytest.approx((40, 20))
            assert face.landmarks == pytest.approx(np.full((5, 2), 50.0))
    assert detector.searched == searched


def test_the_whole_is_searched_after_a_cut() -> None:
    detector = Scripted([200.0] * 4)
    adaptive = AdaptiveScaleDetector(detector)
    for level in (10, 12, 90, 90):
        adaptive.find(np.full((288, 512, 3), level, np.uint8))
    assert detector.searched == [512, 128, 512, 128]


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 512)])
def test_the_smallest_pictures_can_be_searched(size: tuple[int, int]) -> None:
    assert AdaptiveScaleDetector(Scripted([None])).find(np.zeros((*size, 3), np.uint8)) == []
