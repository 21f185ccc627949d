"""The child process that reads crops with the Keras network, and finds faces with MTCNN.

On a CPU LiteRT runs the network: TensorFlow is a little faster once it runs, but takes seconds to
start and hundreds of megabytes.  TensorFlow and PyTorch stay out of each other's process (their
CUDA builds abort together and their thread pools fight).  It is started as a program of its own
rather than through `multiprocessing`, whose spawn would run a user's unguarded script again.

Messages on both pipes are a kind of four bytes, a count of arrays, and the arrays in numpy's own
format; the child leaves when its input ends, so that it never outlives its parent.
"""

from __future__ import annotations

import io
import os
import struct
import sys
from collections.abc import Callable
from typing import IO, Any

import numpy as np

from emocli.face.network import HEADS

#: Faces (n, 48, 48, 1) float32 -> the arrays that `emocli.face.network` names.
Network = Callable[[np.ndarray], dict[str, np.ndarray]]
#: Faces that LiteRT reads at once, which is quicker than more, and threads that it may use.
LITERT_BATCH, MOST_THREADS = 16, 4
READY, CROPS, IMAGE, ARRAYS, ERROR = b"REDY", b"CROP", b"IMAG", b"ARRS", b"FAIL"


def send(pipe: IO[bytes], kind: bytes, *arrays: np.ndarray) -> None:
    """Write one message."""
    body = io.BytesIO()
    for array in arrays:
        np.save(body, array, allow_pickle=False)
    pipe.write(kind + struct.pack("<II", len(arrays), body.tell()) + body.getvalue())
    pipe.flush()


def receive(pipe: IO[bytes]) -> tuple[bytes, list[np.ndarray]]:
    """Read one message; raises `EOFError` when the other side has gone."""
    head = pipe.read(12)
    if len(head) < 12:
        raise EOFError("the other process has gone")
    count, size = struct.unpack("<II", head[4:])
    body = io.BytesIO(pipe.read(size))
    return head[:4], [np.load(body, allow_pickle=False) for _ in range(count)]


def _keras(path: str) -> Network:
    unused = {name: None for name in ("matplotlib", "pandas", "sklearn") if name not in sys.modules}
    sys.modules.update(unused)  # type: ignore[arg-type]  # Keras would spend a second or more on its optional friends
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
        spare = np.zeros((-len(faces) % LITERT_BATCH, *faces.shape[1:]), np.float32)  # another shape would cost
        parts = [run(**{name: part}) for part in np.split(np.concatenate([faces, spare]),
                                                          range(LITERT_BATCH, len(faces), LITERT_BATCH))]
        return {key: np.concatenate([part[key] for part in parts])[:len(faces)] for key in parts[0]}

    return call


def serve(incoming: IO[bytes], outgoing: IO[bytes], weights: str) -> None:
    """Answer messages until the parent closes the pipe."""
    network = (_litert if weights.endswith(".tflite") else _keras)(weights)
    network(np.zeros((64, 48, 48, 1), np.float32))
    detector: Any = None
    send(outgoing, READY)
    while True:
        kind, arrays = receive(incoming)
        if kind == CROPS:
            out = network(arrays[0][..., None].astype(np.float32))
            send(outgoing, ARRAYS, *(out[name] for name in ("features", *HEADS) if name in out))
        elif kind == IMAGE:
            if detector is None:
                from emocli.face.detect import Mtcnn

                detector = Mtcnn()
            rows = [d.row() for d in detector.find(arrays[0])]
            send(outgoing, ARRAYS, np.array(rows, np.float64).reshape(-1, 15))


def main() -> None:
    """Entry point of the child: `python -m emocli.face.worker WEIGHTS`."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Whatever a library prints must not get between the messages.
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        serve(sys.stdin.buffer, outgoing, sys.argv[1])
    except (EOFError, BrokenPipeError):
        os._exit(0)
    except Exception as error:
        send(outgoing, ERROR, np.frombuffer(f"{type(error).__name__}: {error}".encode(), np.uint8))
        raise


if __name__ == "__main__":
    main()
