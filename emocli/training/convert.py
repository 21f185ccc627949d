"""Keras networks as other files, converted in a process of its own, because TensorFlow and PyTorch get
into each other's way: `python -m emocli.training.convert SOURCE TARGET QUANTIZE [EXAMPLES]`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from emocli.errors import EmocliError
from emocli.storage import scratch


def convert(source: Path, target: Path, *, quantize: str = "none",
            examples: np.ndarray | None = None) -> None:
    """Write a Keras network as the file that the ending of `target` names (`.keras`, `.tflite`, `.onnx`).

    "int8" stores weights only; with `examples`, (n, ...) inputs, the range of every layer's output is
    measured on them and the network computes in int8, too (`.tflite`).

    Raises `EmocliError` when Keras cannot convert it.
    """
    backend = "torch" if target.suffix == ".onnx" else "tensorflow"
    with scratch() as folder:
        arguments = [str(source), str(target), quantize]
        if examples is not None:
            np.save(folder / "examples.npy", examples)
            arguments.append(str(folder / "examples.npy"))
        done = subprocess.run([sys.executable, "-m", __name__, *arguments], capture_output=True, text=True,
                              env=os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"})
    if done.returncode or not target.is_file():
        tail = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise EmocliError(source, f"cannot be written as {target.suffix} ({tail[0][:200]})",
                          'install the training extra: pip install "emocli[train]"')


def main(source: str, target: str, quantize: str, examples: str = "") -> None:
    """What the process does."""
    if target.endswith(".onnx"):
        sys.modules["tensorflow"] = None  # type: ignore[assignment]
    import keras

    model = keras.saving.load_model(source, compile=False)
    if target.endswith(".keras"):
        model.save(target)
    elif target.endswith(".onnx"):
        model.trainable = False  # weights of networks inside it would else be constants that want gradients
        model(np.zeros((1, *model.input_shape[1:]), np.float32))  # or Keras says that it was never called
        model.export(target, format="onnx", verbose=False)
        _tidy(target, sorted(model.output))
    else:
        settings: dict[str, Any] = {}
        if quantize != "none":
            import tensorflow as tf

            settings["optimizations"] = [tf.lite.Optimize.DEFAULT]
            if quantize == "fp16":
                settings["target_spec"] = {"supported_types": [tf.float16]}
        if examples:
            inputs = np.load(examples).astype(np.float32)
            settings["representative_dataset"] = lambda: ([x[None]] for x in inputs)
        model.export(target, format="litert", verbose=False, **settings)


def _tidy(path: str, names: Sequence[str]) -> None:
    """Call an ONNX file's outputs by name, which Keras flattens in order of name and numbers, and keep every
    constant once, which PyTorch writes as often as a network inside is called."""
    import onnx

    graph = (file := onnx.load(path)).graph
    nodes, known, called = list(graph.node), dict[bytes, str](), dict[str, str]()
    del graph.node[:]
    for node in nodes:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            tensor = node.attribute[0].t
            tensor.name = ""
            name = known.setdefault(tensor.SerializeToString(), node.output[0])
            called[node.output[0]] = name
            if name == node.output[0]:
                graph.initializer.append(tensor)
                graph.initializer[-1].name = name
        else:
            node.input[:] = [called.get(name, name) for name in node.input]
            graph.node.append(node)
    for output, name in zip(graph.output, names, strict=True):
        graph.node.append(onnx.helper.make_node("Identity", [output.name], [name]))
        output.name = name
    onnx.save(file, path)


if __name__ == "__main__":
    main(*sys.argv[1:])
