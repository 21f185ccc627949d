"""The face process: what it reads, and what happens when it fails, dies or is closed."""

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
from support.face_child import log_of

from emocli.errors import EmocliError, WeightsError
from emocli.face.network import FEATURES
from emocli.face.process import FaceProcess, FaceRequestError
from emocli.weights import resolve

CROPS = np.random.default_rng(0).integers(0, 250, (70, 48, 48)).astype(np.uint8)
Start = Callable[..., FaceProcess]


@pytest.mark.slow
def test_it_reads_batches_without_tensorflow_or_torch(litert: FaceProcess) -> None:
    features, logits, label_logits = litert.classify(CROPS).result(timeout=120)
    assert features.shape == (70, FEATURES)
    assert logits.shape == label_logits.shape == (70, 7)
    assert litert.classify(CROPS[:3]).result()[1] == pytest.approx(logits[:3], abs=1e-3)  # in any batch
    libraries = {m.path for m in psutil.Process(litert.pid).memory_maps()}
    assert any("litert" in name for name in libraries)
    assert not any("libtorch" in name or "tensorflow" in name for name in libraries)


@pytest.mark.slow
def test_crops_that_the_network_chokes_on_cost_only_that_request(litert: FaceProcess) -> None:
    with pytest.raises(FaceRequestError, match="cannot read a crops request"):
        litert.classify(np.array(["no crop"])).result(timeout=120)
    assert litert.classify(CROPS[:1]).result(timeout=120)[1].shape == (1, 7)


@pytest.mark.slow
def test_both_views_by_litert_are_nearly_the_scores_of_keras(litert: FaceProcess) -> None:
    with FaceProcess(resolve("face"), device="cpu") as process:
        keras = process.classify(CROPS).result(timeout=240)
    views = [litert.classify(view).result(timeout=120) for view in (CROPS, CROPS[:, :, ::-1])]
    assert len(keras) == 3
    for both, plain, mirrored in zip(keras, *views, strict=True):
        assert np.ptp(both, axis=0).max() > 0.1
        assert np.corrcoef(((plain + mirrored) / 2).ravel(), both.ravel())[0, 1] > 0.98  # int8
        assert not np.allclose(plain, mirrored, atol=1e-2)


@pytest.mark.slow
def test_mtcnn_finds_the_portrait_without_any_file(litert: FaceProcess) -> None:
    data = pytest.importorskip("skimage.data")
    picture = np.ascontiguousarray(data.astronaut()[:300, 80:380, ::-1])
    faces = litert.detect(picture).result(timeout=240)
    assert litert.detect(np.zeros((120, 160, 3), np.uint8)).result(timeout=120) == []
    assert len(faces) == 1
    eyes = faces[0].landmarks[:2]
    assert eyes[0, 0] < eyes[1, 0]
    assert 80 < eyes[:, 1].mean() < 140


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["keras", "tflite"])
def test_weights_that_cannot_be_read(tmp_path: Path, kind: str) -> None:
    bad = tmp_path / f"bad.{kind}"
    bad.write_bytes(b"nothing")
    with FaceProcess(bad, device="cpu") as process:
        for _ in range(2):  # and it stays so
            with pytest.raises(WeightsError, match=rf"bad\.{kind}: cannot be run"):
                process.classify(CROPS[:1]).result(timeout=240)


@pytest.mark.slow
def test_one_that_dies_is_started_again_and_asked_again(planned: Start, tmp_path: Path,
                                                        caplog: pytest.LogCaptureFixture) -> None:
    process = planned(die=[1])
    with caplog.at_level(logging.WARNING, "emocli"):
        answers = [process.classify(CROPS[:n]) for n in (1, 2, 3)]
        assert [len(answer.result(timeout=120)[1]) for answer in answers] == [1, 2, 3]
    assert log_of(tmp_path / "plan.json") == ["start", "crops 1", "crops 2", "start", "crops 2", "crops 3"]
    assert "ended with code 3" in caplog.text


@pytest.mark.slow
def test_a_second_death_is_an_error_and_the_next_run_may_try_again(planned: Start) -> None:
    process = planned(die=[0, 1])
    with pytest.raises(EmocliError, match="the face process: ended with code 3"):
        process.classify(CROPS[:1]).result(timeout=120)
    process.lend()
    assert len(process.classify(CROPS[:1]).result(timeout=120)[1]) == 1


@pytest.mark.slow
def test_one_that_died_between_two_runs_is_not_charged_to_the_next(planned: Start) -> None:
    process = planned(die=[1])
    process.classify(CROPS[:1]).result(timeout=120)
    idle = psutil.Process(process.pid)
    idle.kill()
    idle.wait(120)
    process.lend()
    assert len(process.classify(CROPS[:1]).result(timeout=120)[1]) == 1  # dies of request 1, too


@pytest.mark.slow
def test_only_one_that_never_was_ready_has_damaged_weights(planned: Start) -> None:
    with pytest.raises(WeightsError, match=r"plan\.json: cannot be run \(no network\)"):
        planned(unready="no network").classify(CROPS[:1]).result(timeout=120)
    with pytest.raises(FaceRequestError, match="choked"):
        planned(fail=[0]).classify(CROPS[:1]).result(timeout=120)


@pytest.mark.slow
def test_closing_ends_it_whatever_it_does(planned: Start, tmp_path: Path) -> None:
    process = planned(wait=str(tmp_path / "never"))
    child = psutil.Process(process.pid)
    waiting = [process.classify(CROPS) for _ in range(3)]
    process.close()
    child.wait(120)
    assert all(call.cancelled() or isinstance(call.exception(timeout=120), EmocliError) for call in waiting)
