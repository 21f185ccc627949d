"""A foreign TorchScript file, which is a program and wants `--trust`."""

from __future__ import annotations

from typing import Any

import numpy as np

from emocli.adapters.classifier import LoadOptions
from emocli.adapters.reference import Reference
from emocli.errors import WeightsError
from emocli.options import torch_device


class TorchScriptModel:
    """Raises `WeightsError` for what is no TorchScript file."""

    def __init__(self, reference: Reference, options: LoadOptions) -> None:
        import torch

        self.files, self._device = (reference.path,), torch_device(options.device)
        try:
            self._network = torch.jit.load(str(reference.path), map_location=self._device).eval()
        except (RuntimeError, ValueError) as error:
            raise WeightsError(str(reference), "is no TorchScript file",
                               "save it with torch.jit.save; of a state dict nobody can tell the network"
                               ) from error

    def run(self, *inputs: np.ndarray) -> np.ndarray:
        """The last output of a batch, which is the logits in what `emocli export` made."""
        import torch

        with torch.inference_mode():
            out: Any = self._network(*(torch.from_numpy(a).to(self._device) for a in inputs))
        return np.asarray((out[-1] if isinstance(out, tuple | list) else out).cpu().numpy(), np.float32)

    def close(self) -> None:
        """Let go of the memory."""
        del self._network
