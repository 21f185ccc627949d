"""Whisper by OpenAI's own package (PyTorch): for a GPU, for a `.pt` file, and to compare with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from emocli.errors import WeightsError
from emocli.timeline.types import Word
from emocli.transcript.recognizer import Phrase

#: Temperatures of a window: greedy, and once more where that repeats itself or is unlikely.  With Whisper's
#: own six a talk that it does not understand costs six times the usual.
TEMPERATURES = (0.0, 0.4)
#: Positions of text that a checkpoint may have at most; Whisper's own have 448.
MOST_POSITIONS = 4096


class TorchWhisper:
    """A checkpoint with `dims` and `model_state_dict`, on `device` ("cpu" or "cuda").

    Raises `WeightsError` when it cannot be opened.
    """

    distributions: tuple[str, ...] = ("openai-whisper", "torch")
    batch = 1

    def __init__(self, path: Path, device: str = "cpu") -> None:
        self.model, self._half = load(path, device), device == "cuda"

    def recognize(self, windows: Sequence[np.ndarray], language: str,
                  check: Callable[[], None]) -> list[list[Phrase]]:
        """The phrases of each window."""
        with stopping(self.model, check):
            return [self._window(samples, None if language == "auto" else language) for samples in windows]

    def _window(self, samples: np.ndarray, language: str | None) -> list[Phrase]:
        import whisper

        result = whisper.transcribe(
            self.model, samples, language=language, word_timestamps=True, condition_on_previous_text=False,
            fp16=self._half, verbose=None, temperature=TEMPERATURES, no_speech_threshold=None)
        return [Phrase(
            float(segment["start"]), float(segment["end"]), segment["text"].strip(),
            tuple(Word(float(word["start"]), float(word["end"]), word["word"].strip())
                  for word in segment.get("words", ()) if word["word"].strip()),
            result.get("language") or "", float(segment["no_speech_prob"]), float(segment["avg_logprob"]))
            for segment in result["segments"]]


@contextmanager
def stopping(model: Any, check: Callable[[], None]) -> Iterator[None]:
    """Call `check`, which may raise, before every pass of Whisper; half a minute takes hundreds."""
    hooks = [part.register_forward_pre_hook(lambda *_: check()) for part in (model.encoder, model.decoder)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def load(path: Path, device: str = "cpu") -> Any:
    """A `whisper.model.Whisper` from a checkpoint with `dims` and `model_state_dict`.

    Before memory is taken, its sizes must be those of its tensors, and these must lie in the file.
    """
    import torch
    from whisper.model import ModelDimensions, Whisper

    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        state = checkpoint["model_state_dict"]
        if sum(tensor.numel() * tensor.element_size() for tensor in state.values()) > path.stat().st_size:
            raise ValueError("its tensors are larger than the file")
        dims = ModelDimensions(**checkpoint["dims"])
        _check(dims, state)
        model = Whisper(dims)
        model.load_state_dict(state)
    except Exception as error:
        raise WeightsError(path, f"is not a Whisper checkpoint ({str(error)[:120]})",
                           "fetch it again, or give another --asr-model") from error
    return model.eval().to(device)


def _check(dims: Any, state: Mapping[str, Any]) -> None:
    """Raise `ValueError` where sizes are not the tensors'; networks on "meta" have shapes but no memory."""
    import torch
    from whisper.model import AudioEncoder, TextDecoder

    sound = dims.n_mels, dims.n_audio_ctx, dims.n_audio_state, dims.n_audio_head, dims.n_audio_layer
    words = dims.n_vocab, dims.n_text_ctx, dims.n_text_state, dims.n_text_head, dims.n_text_layer
    if not all(isinstance(size, int) and size > 0 for size in (*sound, *words)):
        raise ValueError("a size is no positive number")
    (_, _, width, heads, layers), (_, positions, text_width, text_heads, text_layers) = sound, words
    if (positions > MOST_POSITIONS or heads > width or text_heads > text_width
            or layers + text_layers > len(state)):
        raise ValueError("its sizes are out of bounds")
    with torch.device("meta"):
        parts = {"encoder": AudioEncoder(*sound), "decoder": TextDecoder(*words)}
    shapes = {f"{name}.{key}": tensor.shape for name, part in parts.items()
              for key, tensor in part.state_dict().items()}
    if shapes != {key: tensor.shape for key, tensor in state.items()}:
        raise ValueError("its sizes are not those of its tensors")
