"""The parent's side of the face process: start it early, hand it batches, never leave it behind."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

import numpy as np

from emocli.errors import EmocliError, WeightsError
from emocli.face import worker
from emocli.face.detect import Detection

#: The children that run now.
CHILDREN: set[subprocess.Popen[bytes]] = set()


class FaceProcess:
    """Runs `emocli.face.worker`.  Starting returns at once; the network loads meanwhile.

    A context manager.  `weights` is a `.keras` file, which TensorFlow runs, or a `.tflite` file, which
    LiteRT runs; `device` is "auto" or "cpu" (which hides any GPU from TensorFlow).
    """

    def __init__(self, weights: Path, *, device: str = "auto") -> None:
        environment = os.environ | {"KERAS_BACKEND": "tensorflow", "PYTHONUNBUFFERED": "1",
                                    "TF_CPP_MIN_LOG_LEVEL": "3"}
        if device == "cpu":
            environment["CUDA_VISIBLE_DEVICES"] = "-1"
        self._weights = weights
        self._log = tempfile.TemporaryFile(prefix="emocli-")
        self._child = subprocess.Popen(
            [sys.executable, "-m", "emocli.face.worker", str(weights)], env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log)
        CHILDREN.add(self._child)
        self._queue = ThreadPoolExecutor(1, thread_name_prefix="emocli-face")
        self._ready = self._queue.submit(self._await_ready)

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    def classify(self, crops: np.ndarray) -> Future[list[np.ndarray]]:
        """Crops (n, 48, 48) uint8 -> later, features (n, d), logits (n, 7) and, where the network has
        a second head, its logits (n, 7), float32."""
        return self._queue.submit(self._call, worker.CROPS, crops)

    def detect(self, image: np.ndarray) -> list[Detection]:
        """Faces of a BGR picture by MTCNN."""
        rows = self._queue.submit(self._call, worker.IMAGE, image).result()[0]
        return [Detection.of_row(row) for row in rows]

    def close(self) -> None:
        """End the child, whatever it is doing."""
        self._child.kill()
        self._child.wait()
        CHILDREN.discard(self._child)
        self._queue.shutdown(wait=True, cancel_futures=True)
        for pipe in (self._child.stdin, self._child.stdout, self._log):
            if pipe:
                try:
                    pipe.close()
                except BrokenPipeError:
                    pass

    def __enter__(self) -> FaceProcess:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def _await_ready(self) -> None:
        self._answer()

    def _call(self, kind: bytes, *arrays: np.ndarray) -> list[np.ndarray]:
        self._ready.result()
        assert self._child.stdin
        try:
            worker.send(self._child.stdin, kind, *arrays)
        except (BrokenPipeError, ValueError) as error:
            raise self._died() from error
        return self._answer()

    def _answer(self) -> list[np.ndarray]:
        assert self._child.stdout
        try:
            kind, arrays = worker.receive(self._child.stdout)
        except (EOFError, ValueError) as error:
            raise self._died() from error
        if kind == worker.ERROR:
            raise WeightsError(self._weights, f"cannot be run ({arrays[0].tobytes().decode()[:300]})",
                               "run `emocli models verify`")
        return arrays

    def _died(self) -> EmocliError:
        code = self._child.wait()
        self._log.seek(0)
        tail = self._log.read().decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
        return EmocliError("the face process", f"ended with code {code} ({tail[0][:200]})",
                           "run `emocli doctor`; if memory ran out, close other programs")
