"""Speech recognition by Whisper: which library runs it, loading it when somebody speaks, keeping it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np

from emocli import weights
from emocli.media.audio import Readable
from emocli.options import AnalyzeOptions, torch_device
from emocli.timeline.run import Run
from emocli.timeline.types import Utterance
from emocli.transcript import language, whisper_weights
from emocli.transcript.recognition import MAX_COMPRESSION, recognize
from emocli.transcript.recognizer import Drafter, Recognizer, compression

log = logging.getLogger("emocli")


class Transcriber:
    """Whisper, loaded when there is speech for the first time and kept; `brief`, where words are wanted at
    once and a library can be quicker for a few seconds of speech."""

    def __init__(self, options: AnalyzeOptions, *, brief: bool = False) -> None:
        self._options, self._brief = options, brief
        self._recognizer: Recognizer | None = None
        self._weights: dict[str, Mapping[str, str]] = {}

    def transcribe(self, run: Run, sound: Readable, speech: Sequence[Utterance]) -> list[Utterance]:
        """Utterances with words; raises `WeightsError` when there is no Whisper."""
        recognizer = self.load(run)
        spoken = language.of_whisper(self._options.language)
        if spoken == "auto" and self._options.language != "auto":
            run.note(f"Whisper does not know the language {self._options.language}; it chooses one by itself")
        run.uses(*recognizer.distributions, weights=self._weights)
        utterances = []
        with run.stage("recognizing words"):
            for utterance in recognize(
                    recognizer, sound, speech, language=spoken, check=run.check,
                    progress=lambda seconds: run.progress("transcript", seconds)):
                log.info("%s: %.2f to %.2f s: %s", run.info.path.name, utterance.start, utterance.end,
                         utterance.text)
                utterances.append(utterance)
        return utterances

    def draft(self, run: Run, samples: np.ndarray) -> tuple[str, str] | None:
        """The words of an utterance that goes on, (n,) float32 at 16 kHz, as quickly as they can be had, and
        their language; None where the library has no quick way, or they repeat themselves.  Raises
        `WeightsError`."""
        recognizer = self.load(run)
        if not isinstance(recognizer, Drafter):
            return None
        text, spoken = recognizer.draft(samples, language.of_whisper(self._options.language))
        return None if compression(text) > MAX_COMPRESSION else (text, spoken)

    def load(self, run: Run) -> Recognizer:
        """Whisper, which is loaded the first time.  Raises `WeightsError` when there is none."""
        if self._recognizer:
            return self._recognizer
        name, device = self._options.asr_model, torch_device(self._options.device)
        engine = whisper_weights.engine_for(name, self._options.asr_engine, device)
        with run.stage(f"loading Whisper ({engine})"):
            path = whisper_weights.locate(name, engine, offline=self._options.offline,
                                          progress=lambda share: run.report("download", share))
            if engine == "faster":
                from emocli.transcript.faster import FasterWhisper

                recognizer: Recognizer = FasterWhisper(path, brief=self._brief)
            else:
                from emocli.transcript.torch_whisper import TorchWhisper

                recognizer = TorchWhisper(path, device)
        file = path / "model.bin" if engine == "faster" else path
        licence = "unknown" if whisper_weights.is_path(name) else "MIT"
        self._weights = weights.of_file(f"whisper-{path.stem.removeprefix('faster-whisper-')}", file, licence)
        self._recognizer = recognizer
        return recognizer
