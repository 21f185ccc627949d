"""Models of transformers, by an id of the Hugging Face hub or by a folder."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np

from emocli.adapters.classifier import LoadOptions
from emocli.adapters.reference import Reference, not_here
from emocli.adapters.tensors import SPARE
from emocli.errors import WeightsError
from emocli.options import torch_device

#: What transformers also calls a network for a task.
_ALSO = {"ForAudioClassification": "ForSequenceClassification"}
#: Layers that a config may declare, each of which takes time to build before weights are looked at.
MOST_LAYERS = 400


class Pretrained:
    """A `model` of one of transformers' auto classes on its `device`, and its `config`.

    Raises `WeightsError` where it brings code and is not trusted or is a model of another kind, and where
    it cannot be had.
    """

    def __init__(self, reference: Reference, options: LoadOptions, auto_class: str) -> None:
        self.reference, self._options = reference, options
        self.config = self.part("AutoConfig")
        self._check_kind(auto_class)
        self.device = torch_device(options.device)
        self.model: Any = self._network(auto_class).to(self.device).eval()
        names = self.config.id2label
        self.labels = tuple(str(names[i]) for i in sorted(names))
        folder = reference.path
        self.files = tuple(sorted(p for ending in ("safetensors", "bin") for p in folder.glob(f"*.{ending}"))
                           ) if folder.is_dir() else self._cached()

    def part(self, auto_class: str, **more: Any) -> Any:
        """What one of transformers' auto classes loads of it."""
        import transformers

        transformers.utils.logging.disable_progress_bar()
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it says each try
        name = str(self.reference)
        try:
            return getattr(transformers, auto_class).from_pretrained(
                self.reference.target, revision=self.reference.revision or "main",
                local_files_only=self._options.offline, trust_remote_code=self._options.trust, **more)
        except (OSError, ValueError) as error:
            text = " ".join(str(error).split())
            if "trust_remote_code" in text:
                raise WeightsError(name, "brings code of its own, which would be run",
                                   "add --trust if you trust whoever made it") from error
            if self.reference.path.is_dir():
                raise WeightsError(name, f"cannot be loaded ({text[:200]})",
                                   "give a folder that save_pretrained filled") from error
            raise not_here(self.reference, offline=self._options.offline) from error

    def tokenizer(self) -> Any:
        """Its tokenizer.  Raises `WeightsError` for one without words, to which all are alike."""
        tokens = self.part("AutoTokenizer")
        if len(tokens.get_vocab()) <= len(tokens.all_special_tokens):
            raise WeightsError(str(self.reference), "has no vocabulary", "add the files of its tokenizer")
        return tokens

    def probabilities(self, logits: Any) -> np.ndarray:
        """Logits (n, labels) as probabilities; each label by itself where the model was trained like that."""
        several = self.config.problem_type == "multi_label_classification"
        return np.asarray((logits.sigmoid() if several else logits.softmax(-1)).float().cpu().numpy())

    def _network(self, auto_class: str) -> Any:
        """The network.  Raises `WeightsError` where tensors are missing, which transformers would invent, or
        are of other shapes than the config says, and for more layers than are believed."""
        name, declared = str(self.reference), [
            n for key, n in self.config.to_dict().items() if "layers" in key and isinstance(n, int)]
        if max(declared, default=0) > MOST_LAYERS:
            raise WeightsError(name, f"declares {max(declared)} layers", f"give one of up to {MOST_LAYERS}")
        try:
            model, found = self.part(auto_class, output_loading_info=True)
        except RuntimeError as error:
            if "ignore_mismatched_sizes" not in str(error):
                raise
            raise WeightsError(name, "its tensors are not of the shapes that its config.json declares",
                               "give a folder that save_pretrained filled") from error
        missing = sorted(key for key in found["missing_keys"] if not key.endswith(SPARE))
        if missing:
            raise WeightsError(name, f"lacks {missing[0]}, in place of which random numbers would answer",
                               "give a model that has been trained for this, not only its encoder")
        return model

    def _check_kind(self, auto_class: str) -> None:
        """Raise `WeightsError` where the config names only networks for something else."""
        task = auto_class.removeprefix("AutoModel")
        named, fitting = self.config.architectures or [], (task, _ALSO.get(task, task))
        if named and not hasattr(self.config, "auto_map") and not any(n.endswith(fitting) for n in named):
            raise WeightsError(str(self.reference), f"is a {named[0]}, and a model {_words(task)} is wanted",
                               "give it to --face, --voice or --text, as it fits")

    def _cached(self) -> tuple[Path, ...]:
        from transformers.utils import cached_file

        for name in ("model.safetensors", "pytorch_model.bin"):
            path = cached_file(self.reference.target, name, revision=self.reference.revision or "main",
                               local_files_only=True, _raise_exceptions_for_missing_entries=False,
                               _raise_exceptions_for_connection_errors=False)
            if path:
                return (Path(path),)
        return ()


def _words(task: str) -> str:
    """ForImageClassification -> for image classification."""
    return "".join(f" {c.lower()}" if c.isupper() else c for c in task).strip()
