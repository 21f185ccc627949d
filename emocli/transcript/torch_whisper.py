"""Whisper by OpenAI's own package (PyTorch): for a GPU, for a `.pt` file, and to compare with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emocli.errors import WeightsError
from emocli.timeline.types import Word
from emocli.transcript.recognizer import RecognizedSegment

#: Temperatures of a window: greedy, and once more where that repeats itself.  Whisper's own six make a talk that it
#: does not understand cost six times the usual.
TEMPERATURES = (0.0, 0.4)


class TorchWhisper:
    """A checkpoint with `dims` and `model_state_dict`, on `device` ("cpu" or "cuda")."""

    name = "openai-whisper"
    batch = 1

    def __init__(self, path: Path, device: str = "cpu") -> None:
        from emocli.transcript.asr import load

        self._model, self._half = load(path, device), device == "cuda"

    def recognize(self, windows: Sequence[np.ndarray], language: str) -> list[list[RecognizedSegment]]:
        """The segments of each window."""
        return [self._window(samples, None if language == "auto" else language) for samples in windows]

    def _window(self, samples: np.ndarray, language: str | None) -> list[RecognizedSegment]:
        import whisper

        try:
            result = whisper.transcribe(self._model, samples, language=language, word_timestamps=True,
                                        condition_on_previous_text=False, fp16=self._half, verbose=None,
                                        temperature=TEMPERATURES, no_speech_threshold=None)
        except ValueError as error:
            raise WeightsError("Whisper", f"cannot run ({error})", "give another --language or --asr-model") from error
        return [RecognizedSegment(
            float(s["start"]), float(s["end"]), s["text"].strip(),
            tuple(Word(float(w["start"]), float(w["end"]), w["word"].strip())
                  for w in s.get("words", ()) if w["word"].strip()),
            result.get("language") or "", float(s["no_speech_prob"]), float(s["avg_logprob"]))
            for s in result["segments"]]
