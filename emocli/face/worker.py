"""The child process that reads crops with the Keras network, finds meshes, and finds faces with MTCNN.

On a CPU LiteRT runs the network: TensorFlow is a little faster once it runs, but takes seconds to
start and hundreds of megabytes.  TensorFlow and PyTorch stay out of each other's process (their
CUDA builds abort together and their thread pools fight).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from emocli.child import FAILED, READY, Channel, ChildEndedError, parent
from emocli.face.mesh import Landmarker
from emocli.face.network import HEADS, INPUT_SIZE

#: Faces (n, 48, 48, 1) float32 -> the arrays that `emocli.face.network` names.
Network = Callable[[np.ndarray], dict[str, np.ndarray]]
#: Faces that LiteRT reads at once, which is quicker than more, and threads that it may use.
LITERT_BATCH, MOST_THREADS = 16, 4
#: Kinds of requests: read crops (n, 48, 48) uint8, find faces in a picture (h, w, 3) BGR, and, with the
#: weights that `model` names, find meshes in crops (n, 256, 256) uint8 and blendshapes of meshes; an answer.
CROPS, PICTURE, MESHES, SHAPES, ANSWER = "crops", "picture", "meshes", "shapes", "answer"


def _keras(path: str) -> Network:
    unused = {name: None for name in ("matplotlib", "pandas", "sklearn") if name not in sys.modules}
    # Keras would spend a second or more on its optional friends.
    sys.modules.update(unused)  # type: ignore[arg-type]
    import keras
    import tensorflow as tf

    for name in unused:
        del sys.modules[name]
    model = keras.saving.load_model(path, compile=False)
    compiled = tf.function(lambda x: model(x, training=False), input_signature=[
        tf.TensorSpec([None, *model.input_shape[1:]], tf.float32)])
    return lambda faces: {name: out.numpy() for name, out in compiled(faces).items()}


def _litert(path: str) -> Network:
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(path, num_threads=min(os.cpu_count() or 1, MOST_THREADS)).get_signature_runner()
    (name,) = run.get_input_details()

    def call(faces: np.ndarray) -> dict[str, np.ndarray]:
        # Another shape would cost.
        spare = np.zeros((-len(faces) % LITERT_BATCH, *faces.shape[1:]), np.float32)
        parts = [run(**{name: part}) for part in np.split(np.concatenate([faces, spare]),
                                                          range(LITERT_BATCH, len(faces), LITERT_BATCH))]
        return {key: np.concatenate([part[key] for part in parts])[:len(faces)] for key in parts[0]}

    return call


class _Models:
    """The network, and MTCNN and the mesh once they are asked for."""

    def __init__(self, weights: str) -> None:
        self._network = (_litert if weights.endswith(".tflite") else _keras)(weights)
        self._network(np.zeros((64, INPUT_SIZE, INPUT_SIZE, 1), np.float32))
        self._detector: Any = None
        self._landmarkers: dict[str, Landmarker] = {}

    def answer(self, message: Mapping[str, Any], request: np.ndarray) -> list[np.ndarray]:
        if message["kind"] == CROPS:
            heads = self._network(request[..., None].astype(np.float32))
            return [heads[name] for name in ("features", *HEADS) if name in heads]
        if message["kind"] in (MESHES, SHAPES):
            if (path := message["model"]) not in self._landmarkers:
                self._landmarkers[path] = Landmarker(Path(path))
            if message["kind"] == MESHES:
                return self._landmarkers[path].find(request)
            return [self._landmarkers[path].blendshapes(request)]
        if self._detector is None:
            from emocli.face.detect import Mtcnn

            self._detector = Mtcnn()
        return [np.array([d.row() for d in self._detector.find(request)], np.float64).reshape(-1, 15)]


def serve(channel: Channel, weights: str) -> None:
    """Answer requests until the parent has gone; one that fails is answered with why."""
    try:
        models = _Models(weights)
    except Exception as error:
        channel.send({"kind": FAILED, "error": f"{type(error).__name__}: {error}"})
        raise
    channel.send({"kind": READY})
    while True:
        message, (request,) = channel.receive()
        try:
            answer = models.answer(message, request)
        except Exception as error:  # of any library
            channel.send({"kind": FAILED, "error": f"{type(error).__name__}: {error}"})
        else:
            channel.send({"kind": ANSWER}, answer)


def main() -> None:
    """Entry point of the child: `python -m emocli.face.worker WEIGHTS`."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        serve(parent(), sys.argv[1])
    except ChildEndedError:
        os._exit(0)


if __name__ == "__main__":
    main()
