"""A foreign .onnx file: looked at first, then run by ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from emocli.adapters.classifier import LoadOptions
from emocli.adapters.reference import Reference
from emocli.errors import EmocliError, WeightsError


class OnnxModel:
    """`inputs` and `outputs` are shapes by name, with None for what is open.

    Raises `WeightsError` for data outside the file's folder and for what is no ONNX file.
    """

    def __init__(self, reference: Reference, options: LoadOptions) -> None:
        import onnxruntime

        self._name, path = str(reference), reference.path
        self.files = (path, *external_data(reference))
        wanted = ["CUDAExecutionProvider"] if options.device != "cpu" else []
        providers = [*wanted, "CPUExecutionProvider"]
        there = onnxruntime.get_available_providers()
        try:
            self._session = onnxruntime.InferenceSession(str(path), providers=[
                name for name in providers if name in there])
        except Exception as error:  # onnxruntime's are of no common kind
            raise WeightsError(self._name, f"cannot be loaded ({' '.join(str(error).split())[:200]})",
                               "check it with onnx.checker") from error
        self.inputs, self.outputs = (
            {n.name: tuple(d if isinstance(d, int) else None for d in n.shape) for n in nodes}
            for nodes in (self._session.get_inputs(), self._session.get_outputs()))
        self.types = {n.name: n.type for n in self._session.get_inputs()}

    def run(self, output: str, **inputs: np.ndarray) -> np.ndarray:
        """One output of a batch.  Raises `EmocliError`."""
        try:
            return np.asarray(self._session.run([output], inputs)[0], np.float32)
        except Exception as error:  # onnxruntime's are of no common kind
            raise EmocliError(self._name, f"cannot read its inputs ({' '.join(str(error).split())[:200]})",
                              "check the shapes that it takes") from error

    def close(self) -> None:
        """Let go of the memory."""
        del self._session


def external_data(reference: Reference) -> tuple[Path, ...]:
    """The files beside an .onnx that hold its numbers.  Raises `WeightsError` where one lies outside its
    folder (which would read any file of this machine into the model), and for what is no ONNX file."""
    import onnx
    from google.protobuf.message import DecodeError

    path = reference.path
    try:
        graph = onnx.load(str(path), load_external_data=False)
    except (OSError, DecodeError) as error:
        raise WeightsError(str(reference), "is no ONNX file", "give an .onnx file") from error
    folder, found = path.parent.resolve(), set[Path]()
    for tensor in onnx.external_data_helper._get_all_tensors(graph):
        for entry in tensor.external_data:
            if entry.key == "location":
                place = (folder / entry.value).resolve()
                if not place.is_relative_to(folder):
                    raise WeightsError(str(reference),
                                       f"keeps its numbers outside its folder ({entry.value})",
                                       "put that file beside it and save it again")
                found.add(place)
    return tuple(sorted(found))
