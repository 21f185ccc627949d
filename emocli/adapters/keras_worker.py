"""The child that runs a Keras model of somebody else: `python -m emocli.adapters.keras_worker PATH`.

TensorFlow and PyTorch stay out of each other's process.  It says the shapes of the model once it is loaded,
then answers every batch with the model's output.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from emocli.child import FAILED, READY, Channel, ChildEndedError, parent

#: Bytes that TensorFlow and its threads take for themselves, and room for a batch.
MEMORY = 8 << 30


def rebuild(folder: Path) -> Any:
    """A Sequential of Keras 2 (json and HDF5 weights) layer by layer, because Keras 3 refuses the json."""
    import keras

    (structure,), (weights,) = sorted(folder.glob("*.json")), sorted(
        p for p in folder.iterdir() if p.suffix in (".h5", ".hdf5"))
    config = json.loads(structure.read_text(encoding="utf-8"))
    if config["class_name"] != "Sequential":
        raise ValueError(f"{structure.name} holds a {config['class_name']}, and only Sequential is rebuilt")
    model, named = keras.Sequential(), config["config"]["layers"]
    first = next(c["config"]["batch_input_shape"] for c in named if "batch_input_shape" in c["config"])
    model.add(keras.Input(first[1:]))
    for entry in named:
        if entry["class_name"] == "InputLayer":
            continue
        own = {k: v for k, v in entry["config"].items() if k != "batch_input_shape"}  # which Keras 3 refuses
        model.add(getattr(keras.layers, entry["class_name"]).from_config(own))
    _fill(model, weights)
    return model


def _fill(model: Any, path: Path) -> None:
    """Give every layer the arrays that Keras 2 wrote under its name."""
    import h5py

    with h5py.File(path) as file:
        root = file.get("model_weights", file)
        for layer in model.layers:
            if not layer.weights:
                continue
            names = [n.decode() if isinstance(n, bytes) else n
                     for n in root[layer.name].attrs["weight_names"]]
            layer.set_weights([np.asarray(root[layer.name][name]) for name in names])


def limit_memory(path: Path) -> None:
    """Let this process have MEMORY and some times the size of the model, so that a file that declares layers
    of any size fails in it and takes nothing from others.  Windows has no such limit."""
    if os.name == "posix":
        import resource

        files = path.iterdir() if path.is_dir() else [path]
        most = MEMORY + 8 * sum(file.stat().st_size for file in files)
        resource.setrlimit(resource.RLIMIT_DATA, (most, resource.getrlimit(resource.RLIMIT_DATA)[1]))


def _load(path: Path, *, trust: bool) -> Any:
    import keras

    return rebuild(path) if path.is_dir() else keras.saving.load_model(path, compile=False,
                                                                      safe_mode=not trust)


def serve(channel: Channel, path: Path, *, trust: bool) -> None:
    """Say the shapes, or why there are none; answer batches until the parent has gone."""
    try:
        model = _load(path, trust=trust)
        first = model.layers[1 if type(model.layers[0]).__name__ == "InputLayer" else 0]
        scaled = type(first).__name__ in ("Rescaling", "Normalization")
        channel.send({"kind": READY, "input": model.input_shape, "output": model.output_shape,
                      "name": model.name, "scaled": scaled})
    except Exception as error:  # of any library
        channel.send({"kind": FAILED, "error": f"{type(error).__name__}: {error}"})
        return
    while True:
        _, (batch,) = channel.receive()
        try:
            channel.send({"kind": "answer"}, [np.asarray(model(batch, training=False), np.float32)])
        except ChildEndedError:
            raise
        except Exception as error:  # of any library
            channel.send({"kind": FAILED, "error": f"{type(error).__name__}: {error}"})


def main() -> None:
    """Entry point of the child; a second argument says that the file is trusted."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    limit_memory(Path(sys.argv[1]))
    try:
        serve(parent(), Path(sys.argv[1]), trust="trust" in sys.argv[2:])
    except ChildEndedError:
        os._exit(0)


if __name__ == "__main__":
    main()
