"""Other forms of a trained network.  Run as a program, because TensorFlow needs a process of its own:
`python -m emocli.training.export face.keras face.tflite`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from emocli.errors import EmocliError


def litert(source: Path, target: Path) -> None:
    """Write a Keras network as the LiteRT (`.tflite`) file that a run on a CPU reads faces with: the
    same weights, float32, without the seconds that TensorFlow takes to start.

    Raises `EmocliError` when Keras cannot convert it.
    """
    environment = os.environ | {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    part = target.with_name(f"part.{target.name}")
    done = subprocess.run([sys.executable, "-m", __name__, str(source), str(part)], env=environment,
                          capture_output=True, text=True)
    if done.returncode:
        part.unlink(missing_ok=True)
        tail = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise EmocliError(source, f"cannot be converted to LiteRT ({tail[0][:200]})", "update keras and tensorflow")
    part.replace(target)


if __name__ == "__main__":
    import keras

    keras.saving.load_model(sys.argv[1], compile=False).export(sys.argv[2], format="litert", verbose=False)
