"""From pictures to observations: a picture or a crop that a library chokes on costs only itself."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from support.face_child import log_of
from support.media import even, write

from emocli.errors import EmocliError
from emocli.face.detect import Detection
from emocli.face.network import FEATURES
from emocli.face.observe import ProcessDetector, follow, observe
from emocli.face.process import FaceProcess
from emocli.media.frames import FrameStream, Sample
from emocli.media.probe import probe
from emocli.timeline.run import Run, StoppedError
from emocli.timeline.types import FaceObservations

pytestmark = pytest.mark.slow
Start = Callable[..., FaceProcess]
FACE = Detection((30, 20, 60, 60), np.array([[45, 40], [75, 40], [60, 55], [48, 68], [72, 68]], float), 0.99)


@pytest.fixture(scope="module")
def run_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Run]:
    """Of a film of 4 s that always shows the same, but for its eighth picture, which is white."""
    y, x = np.mgrid[:120, :160]
    same = np.stack([100 + 50 * np.sin(x / (9 + c)) * np.cos(y / 7) for c in range(3)], 2).astype(np.uint8)
    video = write(tmp_path_factory.mktemp("film") / "a.mp4", even(4, 5),
                  pictures=lambda i: np.full_like(same, 255) if i == 7 else same,
                  options={"crf": "0"}, pixels="yuv444p")
    return lambda: Run(probe(video))


class Everywhere:
    """A face in the same place of every picture; chokes on pictures by number."""

    name = "everywhere"

    def __init__(self, *choke: int) -> None:
        self.choke, self.searched = choke, 0

    def find(self, image: np.ndarray) -> list[Detection]:
        self.searched += 1
        if self.searched - 1 in self.choke:
            raise ValueError("no such picture")
        return [FACE.scaled(image.shape[1] / 160)]


def observed(run: Run, detector: Everywhere | ProcessDetector, process: FaceProcess) -> FaceObservations:
    return observe(run, [FrameStream(run.info, 5.0)], detector, process)


def test_a_crop_that_the_network_chokes_on_costs_that_crop(run_of: Callable[[], Run], planned: Start,
                                                          tmp_path: Path) -> None:
    """The stand-in chokes on the white one, and so on the batch that it is in."""
    run, process = run_of(), planned()
    seen = observed(run, Everywhere(), process)
    assert log_of(tmp_path / "plan.json")[1:] == ["crops 20", *["crops 1"] * 20]
    assert [round(o.time, 1) for o in seen] == [i / 5 for i in range(20) if i != 7]
    assert {(o.face_id, int(o.scores.argmax())) for o in seen} == {(1, 0)}
    assert seen.features.shape == (19, FEATURES)
    assert run.notes == ["1 faces could not be read (cannot read a crops request (choked))"]


def test_a_picture_that_the_detector_chokes_on_costs_that_picture(run_of: Callable[[], Run], planned: Start,
                                                                 caplog: pytest.LogCaptureFixture) -> None:
    run = run_of()
    seen = observed(run, Everywhere(3, 5, 7), planned())
    assert [round(o.time, 1) for o in seen] == [i / 5 for i in range(20) if i not in (3, 5, 7)]
    assert run.notes[0] == "3 pictures could not be searched for faces (ValueError: no such picture)"
    assert run.notes[0] in caplog.text


def test_a_picture_that_the_child_chokes_on_costs_that_picture(run_of: Callable[[], Run],
                                                               planned: Start) -> None:
    run, process = run_of(), planned(fail=[2])
    seen = observed(run, ProcessDetector(run, process), process)
    assert not any(o.time == pytest.approx(0.4) for o in seen)
    assert "1 pictures could not be searched for faces (cannot read a picture request (choked))" in run.notes


def test_a_child_that_dies_twice_is_an_error(run_of: Callable[[], Run], planned: Start) -> None:
    run, process = run_of(), planned(die=[2, 3])
    with pytest.raises(EmocliError, match="the face process: ended with code 3"):
        observed(run, ProcessDetector(run, process), process)


def test_a_run_that_is_stopped_waits_for_no_child(run_of: Callable[[], Run], planned: Start,
                                                  tmp_path: Path) -> None:
    run, process = run_of(), planned(wait=str(tmp_path / "never"))
    call = process.classify(np.zeros((1, 48, 48), np.uint8))
    run.stop(RuntimeError("elsewhere"))
    with pytest.raises(StoppedError):
        run.wait(call)
    with pytest.raises(StoppedError):
        observed(run, Everywhere(), process)


def test_faces_of_pictures_that_are_still_coming(run_of: Callable[[], Run], planned: Start) -> None:
    """What is seen in each is told before the next is asked for; the notes are of the first of each kind."""
    run, process, asked = run_of(), planned(), []

    def pictures() -> Iterator[Sample]:
        for sample in FrameStream(run.info, 5.0):
            asked.append(sample.time)
            yield sample

    seen = []
    for found in follow(run, pictures(), Everywhere(3, 5), process):
        assert len(asked) == len(seen) + 1
        seen.append([round(o.time, 1) for o in found])
    assert seen == [[] if i in (3, 5, 7) else [i / 5] for i in range(20)]
    assert run.notes == ["pictures could not be searched for faces (ValueError: no such picture)",
                         "faces could not be read (cannot read a crops request (choked))"]
