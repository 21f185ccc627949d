"""The parent's side of the face process: start it early, hand it batches, never leave it behind."""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from types import TracebackType

import numpy as np

from emocli.child import FAILED, Child, ChildEndedError
from emocli.errors import EmocliError, WeightsError
from emocli.face.detect import Detection
from emocli.face.network import FEATURES, INPUT_SIZE
from emocli.face.worker import CROPS, MESHES, PICTURE, SHAPES

log = logging.getLogger("emocli")
#: Times in a run that a face process that has died is started again.
RESTARTS = 1
#: What it looks at: the side of a crop, px, which is not in colour.
GREY = (INPUT_SIZE, False)


class FaceRequestError(EmocliError):
    """The face process could not read what it was given; it goes on with the next."""


class FaceProcess:
    """Runs `worker`, lent to one run after another.  Starting returns at once; the network loads meanwhile.

    A context manager.  `weights` is a `.keras` file, which TensorFlow runs, or a `.tflite` file, which
    LiteRT runs; `device` is "auto" or "cpu" (which hides any GPU from TensorFlow).
    """

    views: tuple[tuple[int, bool], ...] = (GREY,)
    width = FEATURES

    def __init__(self, weights: Path, *, device: str = "auto", worker: str = "emocli.face.worker") -> None:
        self._weights, self._worker = weights, worker
        self._environment = {"TF_CPP_MIN_LOG_LEVEL": "3"}
        if device == "cpu":
            self._environment["CUDA_VISIBLE_DEVICES"] = "-1"
        self._lock, self._closed, self._restarts = Lock(), False, RESTARTS
        self._queue = ThreadPoolExecutor(1, thread_name_prefix="emocli-face")
        self._child = self._start()
        self._ready, self._unusable = False, ""

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    def lend(self) -> None:
        """Begin a run: it may start the process again once, whatever happened in another or since."""
        self._restarts = RESTARTS if self._child.alive else RESTARTS + 1

    def classify(self, *crops: np.ndarray) -> Future[list[np.ndarray]]:
        """One stack of crops (n, 48, 48) uint8 -> later, features (n, d), logits (n, 7) and, where the
        network has a second head, its logits (n, 7), float32.

        The future raises `WeightsError` when the network cannot be run, `FaceRequestError` when it cannot
        read these crops, and `EmocliError` when the process has died twice in a run.
        """
        return self._queue.submit(self._answer, CROPS, *crops)

    def detect(self, image: np.ndarray) -> Future[list[Detection]]:
        """Faces of a BGR picture by MTCNN, later; raises as `classify` does."""
        return self._queue.submit(lambda: [Detection.of_row(row) for row in self._answer(PICTURE, image)[0]])

    def find_meshes(self, crops: np.ndarray, model: Path) -> Future[list[np.ndarray]]:
        """Crops (n, 256, 256) uint8 -> later, what `mesh.Landmarker` finds in them with the weights `model`:
        meshes (n, 478, 3) and presence (n,); raises as `classify` does."""
        return self._queue.submit(self._answer, MESHES, crops, model=str(model))

    def find_blendshapes(self, meshes: np.ndarray, model: Path) -> Future[list[np.ndarray]]:
        """Meshes (n, 478, 3) float32, px of the picture -> later, their blendshapes (n, 52), likewise."""
        return self._queue.submit(self._answer, SHAPES, meshes, model=str(model))

    def close(self) -> None:
        """End the child, whatever it is doing."""
        with self._lock:
            self._closed = True
            self._child.close()
        self._queue.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> FaceProcess:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def _start(self) -> Child:
        return Child(self._worker, str(self._weights), environment=self._environment)

    def _answer(self, kind: str, request: np.ndarray, **more: str) -> list[np.ndarray]:
        """Ask the child, and once more if it dies meanwhile."""
        while True:
            try:
                self._await_ready()
                self._child.send({"kind": kind, **more}, [request])
                answer, arrays = self._child.receive()
            except ChildEndedError as error:
                self._start_again(error)
                continue
            if answer["kind"] == FAILED:
                raise FaceRequestError("the face process",
                                       f"cannot read a {kind} request ({answer['error'][:300]})",
                                       "run `emocli doctor`")
            return arrays

    def _await_ready(self) -> None:
        if not self._ready and not self._unusable:
            answer, _ = self._child.receive()
            self._unusable = answer.get("error", "")
        if self._unusable:
            raise WeightsError(self._weights, f"cannot be run ({self._unusable[:300]})",
                               "run `emocli models verify`")
        self._ready = True

    def _start_again(self, cause: ChildEndedError) -> None:
        with self._lock:
            how = "was closed" if self._closed else self._child.last_words()
            if self._closed or not self._restarts:
                raise EmocliError("the face process", how,
                                  "run `emocli doctor`; if memory ran out, close other programs") from cause
            log.warning("the face process %s; it is started again", how)
            self._restarts -= 1
            self._child.close()
            self._child, self._ready = self._start(), False
