"""The parent's side of a foreign Keras model: look at the file first, then let a child of its own run it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from threading import Lock
from typing import Any

import numpy as np

from emocli.adapters.classifier import LoadOptions
from emocli.adapters.reference import Reference
from emocli.child import FAILED, Child, ChildEndedError
from emocli.errors import EmocliError, WeightsError

#: Layers that hold code.
CODE = frozenset(("Lambda", "TFSMLayer", "__lambda__"))
#: Bytes of a structure that are believed.
MOST_CONFIG = 1 << 25
_HDF5, _ZIP, _PICKLE = b"\x89HDF", b"PK\x03\x04", b"\x80"


class KerasModel:
    """A Keras model in a child process.  `input_shape` and `output_shape` are without the batch, `name` is
    the model's own, `scaled` says that its first layer takes the range 0..255.

    Raises `WeightsError` for a file that would run code without `--trust`, or that cannot be loaded.
    """

    def __init__(self, reference: Reference, options: LoadOptions) -> None:
        path, self._reference, self._lock = reference.path, reference, Lock()
        self.files = tuple(sorted(p for p in path.iterdir() if p.is_file())) if path.is_dir() else (path,)
        refuse_code(reference, trust=options.trust)
        environment = {"TF_CPP_MIN_LOG_LEVEL": "3"}
        if options.device == "cpu":
            environment["CUDA_VISIBLE_DEVICES"] = "-1"
        self._child = Child("emocli.adapters.keras_worker", str(path), *(["trust"] if options.trust else []),
                            environment=environment)
        try:
            answer = self._receive()[0]
            if answer["kind"] == FAILED:
                raise WeightsError(str(reference), f"cannot be loaded ({_short(answer['error'])})",
                                   "save it again as .keras with the Keras that made it")
            shapes = answer["input"], answer["output"]
            if not all(shape and not isinstance(shape[0], list) for shape in shapes):
                raise WeightsError(str(reference), "has several inputs or outputs",
                                   "give a model with one of each")
        except BaseException:
            self.close()
            raise
        self.input_shape: tuple[int | None, ...] = tuple(answer["input"][1:])
        self.output_shape: tuple[int | None, ...] = tuple(answer["output"][1:])
        self.name, self.scaled = answer["name"], answer["scaled"]

    def predict(self, batch: np.ndarray) -> np.ndarray:
        """Outputs float32 of a batch (n, *input_shape).  Raises `EmocliError`."""
        with self._lock:
            try:
                self._child.send({"kind": "batch"}, [np.ascontiguousarray(batch, np.float32)])
            except ChildEndedError as error:
                raise self._ended() from error
            answer, arrays = self._receive()
        if answer["kind"] == FAILED:
            raise EmocliError(str(self._reference), f"cannot read inputs of {batch.shape[1:]} "
                              f"({_short(answer['error'])})", "check the size that it takes")
        return arrays[0]

    def close(self) -> None:
        """End the child."""
        self._child.close()

    def _receive(self) -> tuple[dict[str, Any], list[np.ndarray]]:
        try:
            return self._child.receive()
        except ChildEndedError as error:
            raise self._ended() from error

    def _ended(self) -> WeightsError:
        return WeightsError(str(self._reference), f"its process {self._child.last_words()}",
                            "run `emocli doctor`; if memory ran out, close other programs")


def refuse_code(reference: Reference, *, trust: bool) -> None:
    """Raise `WeightsError` for layers that hold code unless they are trusted, for a pickle and what is no
    Keras file."""
    path = reference.path
    if path.is_dir():
        configs = [p.read_text(encoding="utf-8") for p in sorted(path.glob("*.json"))]
        if len(configs) != 1 or len([p for p in path.iterdir() if p.suffix in (".h5", ".hdf5")]) != 1:
            raise WeightsError(str(reference), "holds not one .json and one .h5 or .hdf5",
                               "give the folder that model.to_json and save_weights filled")
    else:
        configs = [_config(reference)]
    try:
        found = sorted(set().union(*(_classes(json.loads(config)) for config in configs)) & CODE)
    except (ValueError, RecursionError) as error:
        raise WeightsError(str(reference), "its structure cannot be read", "save it again") from error
    if found and not trust:
        raise WeightsError(str(reference), f"has a {found[0]} layer, which runs code that came with the file",
                           "add --trust if you trust whoever made it")


def _config(reference: Reference) -> str:
    """The structure inside a .keras or HDF5 file, as JSON."""
    with reference.path.open("rb") as file:
        head = file.read(4)
    try:
        if head == _ZIP:
            with zipfile.ZipFile(reference.path) as archive:
                if archive.getinfo("config.json").file_size > MOST_CONFIG:
                    raise ValueError("its structure is too long")
                return archive.read("config.json").decode()
        if head == _HDF5:
            import h5py

            with h5py.File(reference.path) as file:
                config = file.attrs["model_config"]
                return config.decode() if isinstance(config, bytes) else str(config)
    except (KeyError, OSError, ValueError, zipfile.BadZipFile) as error:
        raise WeightsError(str(reference), f"holds weights without a structure, or is damaged ({error})",
                           "save the whole model with model.save") from error
    if head[:1] == _PICKLE:
        raise WeightsError(str(reference), "is a pickle, which runs code when opened; emocli opens none",
                           "save it again as .keras")
    raise WeightsError(str(reference), "is no Keras file", "give a .keras, .h5 or .hdf5 file")


def _classes(value: Any) -> Iterator[str]:
    """All class names in a structure."""
    if isinstance(value, dict):
        if isinstance(value.get("class_name"), str):
            yield value["class_name"]
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _classes(part)


def _short(text: str) -> str:
    return " ".join(text.split())[:200]
