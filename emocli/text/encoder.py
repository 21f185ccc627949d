"""The shipped sentence encoder: multilingual e5-small (Wang et al. 2024), fine-tuned, int8, in ONNX Runtime.

One file holds the network, its tokenizer and its languages (metadata `tokenizer` and `languages`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emocli.errors import WeightsError
from emocli.text.spelling import clean

#: Tokens of a sentence that are read.
LONGEST = 128


class SentenceModel:
    """The encoder on a CPU, with `threads` cores.  `temperature` calibrates its scores.

    Raises `WeightsError` when the file cannot be read.
    """

    def __init__(self, weights: Path, *, temperature: float = 1.0, threads: int = 1) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(weights), options, ["CPUExecutionProvider"])
            metadata = self._session.get_modelmeta().custom_metadata_map
            self.languages: list[str] = json.loads(metadata["languages"])
            self._tokenizer = Tokenizer.from_str(metadata["tokenizer"])
        except Exception as error:  # ONNX Runtime and tokenizers raise classes of their own
            raise WeightsError(weights, f"is no sentence encoder ({type(error).__name__})",
                               "install emocli again") from error
        self._tokenizer.enable_truncation(LONGEST)
        self.temperature = temperature

    def logits(self, texts: Sequence[str], language: str) -> tuple[np.ndarray, np.ndarray]:
        """Features (n, d) and calibrated logits (n, 7) of sentences in one of `languages`.

        One at a time: int8 takes its scale from all that is in a batch, and a sentence reads the same in any
        company.
        """
        head = self.languages.index(language)
        answers = [self._session.run(["features", "logits"], {"ids": np.array([encoded.ids])})
                   for encoded in self._tokenizer.encode_batch([clean(t) for t in texts])]
        features, logits = (np.concatenate(part) for part in zip(*answers, strict=True))
        return features, logits[:, head] / self.temperature
