"""Alignment, tracking and the face process."""

import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from emocli.errors import EmocliError, WeightsError
from emocli.face.align import TEMPLATE, crop, similarity
from emocli.face.detect import AdaptiveScaleDetector, Detection, YuNet
from emocli.face.process import FaceProcess
from emocli.face.reader import FaceReader
from emocli.face.track import Tracker, iou
from emocli.timeline.types import FaceObservation, FaceObservations, Segment
from emocli.weights import resolve


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
    found = crop(picture, (TEMPLATE + 24 + 0.5) * scale - 0.5)
    y, x = np.mgrid[24:72, 24:72]
    wanted = 127 + 60 * np.sin(x / 5) + 60 * np.cos(y / 7)
    assert np.abs(found - wanted).mean() < 6


def test_iou() -> None:
    assert iou(np.array([0, 0, 10, 10]), np.array([0, 0, 10, 10])) == 1
    assert iou(np.array([0, 0, 10, 10]), np.array([5, 0, 10, 10])) == pytest.approx(1 / 3)
    assert iou(np.array([0, 0, 1, 1]), np.array([5, 5, 1, 1])) == 0


def face(x: float, y: float = 0) -> Detection:
    return Detection((x, y, 40, 40), np.zeros((5, 2)), 0.9)


def look(kind: int) -> np.ndarray:
    return np.eye(4, dtype=np.float32)[kind]


def test_two_people_who_cross_keep_their_ids() -> None:
    tracker = Tracker()
    seen = [tracker.update(i / 5, [face(10 * i), face(200 - 10 * i, 20)], [look(0), look(1)]) for i in range(20)]
    assert all(ids == [1, 2] for ids in seen)


def test_a_face_is_found_again_after_a_cut() -> None:
    tracker = Tracker()
    assert tracker.update(0.0, [face(0)], [look(0)]) == [1]
    assert tracker.update(0.2, [face(0)], [look(1)]) == [2]  # another person in the same place
    assert tracker.update(9.0, [face(300)], [look(0)]) == [1]
    assert tracker.update(9.2, [face(300), face(0)], [look(0), look(2)]) == [1, 3]


def observation(time: float, face_id: int, index: int, size: float = 40) -> FaceObservation:
    scores = np.full(7, 0.05)
    scores[index] = 0.7
    return FaceObservation(time, (0, 0, size, size), np.zeros((5, 2)), 0.9, face_id, np.ones(4), np.log(scores), scores)


def test_reading_is_of_the_largest_face() -> None:
    seen = [o for i in range(10) for o in (observation(i / 5, 1, 0, 80), observation(i / 5, 2, 6, 30))]
    reader = FaceReader(seen, rate=5)
    reading, absent = reader.read([Segment(0, 2), Segment(2, 4)])
    assert (reading.face_id, reading.emotion, reading.quality) == (1, "happiness", 1.0)
    assert reader.many(Segment(0, 2))
    assert not absent.present
    assert absent.reason == "no face was found"


@pytest.mark.slow
def test_face_process_reads_batches_and_leaves() -> None:
    with FaceProcess(resolve("face-litert"), device="cpu") as process:
        child = psutil.Process(process.pid)
        crops = np.random.default_rng(0).integers(0, 255, (70, 48, 48), np.uint8).astype(np.uint8)
        features, logits, label_logits = process.classify(crops).result(timeout=120)
        assert features.shape == (70, 128)
        assert logits.shape == label_logits.shape == (70, 7)
        again = process.classify(crops[:3]).result()[1]
        assert again == pytest.approx(logits[:3], abs=1e-3)  # a face's scores do not hang on its batch
        child_names = {m.path for m in child.memory_maps()}
        assert any("litert" in name for name in child_names)
        assert not any("libtorch" in name or "tensorflow" in name for name in child_names)
    assert not child.is_running()


@pytest.mark.slow
def test_both_views_by_litert_are_the_scores_of_keras() -> None:
    crops = np.random.default_rng(1).integers(0, 256, (37, 48, 48)).astype(np.uint8)
    with FaceProcess(resolve("face"), device="cpu") as process:
        keras = process.classify(crops).result(timeout=120)
    with FaceProcess(resolve("face-litert"), device="cpu") as process:
        views = [process.classify(view).result(timeout=120) for view in (crops, crops[:, :, ::-1])]
    for both, one, other in zip(keras, *views, strict=True):
        assert np.ptp(both, axis=0).max() > 0.1
        assert (one + other) / 2 == pytest.approx(both, abs=1e-3)
        assert not np.allclose(one, other, atol=1e-2)


@pytest.mark.slow
def test_a_killed_face_process_is_an_error_not_a_hang() -> None:
    with FaceProcess(resolve("face-litert"), device="cpu") as process:
        process.classify(np.zeros((1, 48, 48), np.uint8)).result(timeout=120)
        psutil.Process(process.pid).kill()
        time.sleep(0.2)
        with pytest.raises(EmocliError, match="ended with code"):
            process.classify(np.zeros((1, 48, 48), np.uint8)).result(timeout=20)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["keras", "tflite"])
def test_weights_that_cannot_be_read(tmp_path: Path, kind: str) -> None:
    bad = tmp_path / f"bad.{kind}"
    bad.write_bytes(b"nothing")
    with FaceProcess(bad, device="cpu") as process, pytest.raises(WeightsError, match=rf"bad\.{kind}: cannot be run"):
        process.classify(np.zeros((1, 48, 48), np.uint8)).result(timeout=120)


@pytest.mark.slow
def test_mtcnn_finds_the_portrait_without_any_file() -> None:
    data = pytest.importorskip("skimage.data")
    picture = np.ascontiguousarray(data.astronaut()[:300, 80:380, ::-1])
    with FaceProcess(resolve("face-litert"), device="cpu") as process:
        found = process.detect(picture)
        assert process.detect(np.zeros((120, 160, 3), np.uint8)) == []
    assert len(found) == 1
    eyes = found[0].landmarks[:2]
    assert eyes[0, 0] < eyes[1, 0]
    assert 80 < eyes[:, 1].mean() < 140


@pytest.mark.shared
def test_yunet_finds_the_portrait_in_the_same_place() -> None:
    data = pytest.importorskip("skimage.data")
    picture = np.ascontiguousarray(data.astronaut()[:300, 80:380, ::-1])
    found = YuNet(resolve("yunet")).find(picture)
    assert len(found) == 1
    assert found[0].landmarks[0, 0] < found[0].landmarks[1, 0]
    assert 80 < found[0].landmarks[:2, 1].mean() < 140


class _Scripted:
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


def test_observations_in_arrays_are_a_sequence() -> None:
    geometry = np.arange(34.0).reshape(2, 17)
    seen = FaceObservations(geometry, np.ones((2, 4)), np.zeros((2, 7)), np.full((2, 7), 1 / 7))
    assert len(seen) == 2
    first, last = seen
    assert (first.time, first.box, first.detection, first.face_id) == (0, (1, 2, 3, 4), 15, 16)
    assert first.landmarks.tolist() == np.arange(5.0, 15).reshape(5, 2).tolist()
    assert [o.time for o in seen[1:]] == [last.time] == [17]
    assert seen[-1].face_id == last.face_id


@pytest.mark.parametrize(("sizes", "searched"), [
    ([200.0] * 32, [512, *[*[128] * 9, 256] * 2, *[128] * 9, 512, 128]),  # large faces: a quarter, but for every tenth
    ([200.0] * 10 + [90.0] * 2, [512, *[128] * 9, 256, 256]),  # the half shows that one has become smaller
    ([100.0] * 3, [512, 256, 256]),  # a middling one: the half
    ([30.0] * 3, [512, 512, 512]),  # a small one: always the whole
    ([100.0, None, 30.0, 30.0], [512, 256, 512, 512]),  # gone from the half: the whole at once
])
def test_large_faces_are_searched_in_smaller_pictures(sizes: list[float | None], searched: list[int]) -> None:
    detector = _Scripted(list(sizes))
    sparing = AdaptiveScaleDetector(detector)
    while detector.sizes:
        for found in sparing.find(np.zeros((288, 512, 3), np.uint8)):
            assert found.box[:2] == pytest.approx((40, 20))
            assert found.landmarks == pytest.approx(np.full((5, 2), 50.0))
    assert detector.searched == searched


def test_the_whole_is_searched_after_a_cut() -> None:
    detector = _Scripted([200.0] * 4)
    sparing = AdaptiveScaleDetector(detector)
    for level in (10, 12, 90, 90):
        sparing.find(np.full((288, 512, 3), level, np.uint8))
    assert detector.searched == [512, 128, 512, 128]
