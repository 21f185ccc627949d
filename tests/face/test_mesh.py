"""Meshes of real faces, and what is measured off them in a video."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.media import even, write

from emocli import weights
from emocli.face.detect import YuNet
from emocli.face.expression import describe
from emocli.face.landmarks import head_pose, mesh_crop, to_picture
from emocli.face.mouths import Stretch, measure
from emocli.face.process import FaceProcess, FaceRequestError
from emocli.media.frames import FrameStream
from emocli.media.probe import probe
from emocli.timeline.blendshapes import BLENDSHAPES
from emocli.timeline.run import Run
from emocli.timeline.types import FaceObservations

pytestmark = [pytest.mark.slow, pytest.mark.shared]


@pytest.fixture(scope="module")
def model() -> Path:
    return weights.resolve("face-landmarker")


@pytest.fixture(scope="module")
def smiles(clips: Path) -> np.ndarray:
    """The last but some picture of a man who smiles, BGR."""
    return list(FrameStream(probe(clips / "single_face.mp4"), 25))[40].small


def mesh_of(process: FaceProcess, model: Path, image: np.ndarray) -> tuple[np.ndarray, float]:
    (face,) = YuNet(weights.resolve("yunet")).find(image)
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    crop, back = mesh_crop(grey, np.array(face.box), face.landmarks[:2])
    meshes, presence = process.find_meshes(crop[None], model).result(timeout=120)
    return to_picture(meshes[0], back), float(presence[0])


def turned(image: np.ndarray, degrees: float) -> np.ndarray:
    """A picture turned clockwise."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1)
    return cv2.warpAffine(image, matrix, (width, height))


def test_a_face_has_a_mesh_and_nothing_else_has(litert: FaceProcess, model: Path, smiles: np.ndarray) -> None:
    mesh, presence = mesh_of(litert, model, smiles)
    assert presence > 0.9
    (face,) = YuNet(weights.resolve("yunet")).find(smiles)
    assert np.linalg.norm(mesh[1, :2] - face.landmarks[2]) < 0.15 * face.box[2]  # the nose
    noise = np.random.default_rng(0).integers(0, 256, (3, 256, 256)).astype(np.uint8)
    assert litert.find_meshes(noise, model).result(timeout=120)[1].max() < 0.1


def test_poses_of_mirrored_and_turned_pictures(litert: FaceProcess, model: Path, smiles: np.ndarray) -> None:
    size = smiles.shape[1], smiles.shape[0]
    plain, mirrored, tilted = (head_pose(mesh_of(litert, model, np.ascontiguousarray(image))[0], size)
                               for image in (smiles, smiles[:, ::-1], turned(smiles, 15)))
    assert mirrored == pytest.approx((-plain[0], plain[1], -plain[2]), abs=4)
    assert tilted[2] - plain[2] == pytest.approx(15, abs=4)


def test_a_smile_is_in_the_blendshapes(litert: FaceProcess, model: Path, clips: Path) -> None:
    pictures = [sample.small for sample in FrameStream(probe(clips / "single_face.mp4"), 25)]
    meshes = np.stack([mesh_of(litert, model, pictures[i])[0] for i in (0, 40)])
    before, after = litert.find_blendshapes(meshes, model).result(timeout=120)[0]
    assert before.shape == (len(BLENDSHAPES),)
    named = dict(zip(BLENDSHAPES, after - before, strict=True))
    assert min(named["mouthSmileLeft"], named["mouthSmileRight"]) > 0.3
    assert max(named, key=lambda name: named[name]).startswith(("mouthSmile", "mouthUpperUp"))
    assert 0 <= min(before.min(), after.min()) <= max(before.max(), after.max()) <= 1


def observations(*boxes: tuple[float, float, float, float]) -> FaceObservations:
    """Faces that somebody claims to have seen in these places, five times a second for 2 s."""
    rows = [[t, x, y, w, h, x + 0.3 * w, y + 0.4 * h, x + 0.7 * w, y + 0.4 * h, *[0] * 6, 0.9, number]
            for t in np.arange(0, 2, 0.2) for number, (x, y, w, h) in enumerate(boxes, 1)]
    return FaceObservations(np.array(rows), *(np.zeros((len(rows), n)) for n in (4, 7, 7)))


def test_no_mesh_is_no_mouth_and_no_expression(litert: FaceProcess, model: Path, tmp_path: Path) -> None:
    """Boxes around nothing, on the edge, outside, and without any extent."""
    run = Run(probe(write(tmp_path / "a.mp4", even(2))))
    faces = observations((60, 40, 30, 30), (-20, -20, 40, 40), (900, 900, 40, 40), (50, 50, 0, 0))
    ids = (1, 2, 3, 4)
    (found,) = measure(run, litert, model, faces, [Stretch(0.2, 1.5, ids)])
    assert [found[i].times for i in ids] == [[]] * 4
    described = describe(run, litert, model, faces, 5.0)
    assert described.blendshapes is not None
    assert np.isnan(described.blendshapes).all()
    assert np.isnan(described[3].pose).all()
    assert measure(run, litert, model, faces, []) == []


def test_a_landmarker_that_chokes_leaves_things_unknown(planned: Callable[..., FaceProcess], model: Path,
                                                       tmp_path: Path) -> None:
    run, process = Run(probe(write(tmp_path / "a.mp4", even(2)))), planned()
    faces = observations((60, 40, 30, 30))
    with pytest.raises(FaceRequestError):
        process.find_meshes(np.zeros((1, 256, 256), np.uint8), model).result(timeout=120)
    (found,) = measure(run, process, model, faces, [Stretch(0.2, 1.5, (1,))])
    assert found[1].times == []
    shapes = describe(run, process, model, faces, 5.0).blendshapes
    assert shapes is not None
    assert np.isnan(shapes).all()


def test_damaged_weights_cost_only_the_meshes(litert: FaceProcess, tmp_path: Path) -> None:
    (tmp_path / "bad.task").write_bytes(b"nothing")
    with pytest.raises(FaceRequestError, match="meshes"):
        litert.find_meshes(np.zeros((1, 256, 256), np.uint8), tmp_path / "bad.task").result(timeout=120)
    assert len(litert.classify(np.zeros((1, 48, 48), np.uint8)).result(timeout=120)[1]) == 1
