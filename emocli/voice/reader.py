"""Readings from the sound of each utterance."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from emocli import weights
from emocli.errors import InputError
from emocli.options import VOICE_MODES, AnalyzeOptions, torch_device
from emocli.timeline.run import Read, Run, Speech, of_utterances
from emocli.timeline.types import Reading

if TYPE_CHECKING:
    from emocli.voice.described import VoiceModel

#: Opens a recording and finds the speech in it.
Listen = Callable[[Path], AbstractContextManager[Speech]]


class VoiceReader:
    """Reads how something is said; `listen` opens the recording of the speaker that the options may name.

    Raises `WeightsError` when its weights are missing or damaged.
    """

    modality = "voice"

    def __init__(self, options: AnalyzeOptions, listen: Listen) -> None:
        self.names = VOICE_MODES[voice_mode(options.voice_mode)]
        if options.commercial:
            self.names = ("voice-permissive",)
        self.weights = (*self.names, *(("whisper-encoder",) if "voice" in self.names else ()))
        for name in self.weights:
            weights.resolve(name, commercial=options.commercial)
        self._options, self._listen = options, listen
        self._model: VoiceModel | None = None
        self._enrolled: list[np.ndarray] | None = None

    def observe(self, run: Run) -> Read:
        """Read every utterance, beside the pictures."""
        speech = run.speech
        readings: list[Reading] = []
        seconds: list[float] = []
        if self._enrolled is None:
            self._enrolled = self._enrol()
        if speech.utterances:
            from emocli.voice.model import read

            with run.stage("reading the voice"):
                readings, seconds = read(self._load(), speech, lambda end: run.progress(self.modality, end),
                                         enrolled=self._enrolled)
        run.progress(self.modality, run.info.duration)
        if any(r.present for r in readings):
            run.uses("numpy", "scipy", "torch", weights=weights.record(*self.weights))
        return of_utterances(readings, seconds, Reading(self.modality, reason="nobody speaks"))

    def close(self) -> None:
        """Nothing runs."""

    def _load(self) -> VoiceModel:
        if self._model is None:
            from emocli.voice.model import load

            self._model = load(self.names, device=torch_device(self._options.device))
        return self._model

    def _enrol(self) -> list[np.ndarray]:
        """How the speaker usually talks: descriptions of the recording, if there is one."""
        if not self._options.voice_baseline:
            return []
        from emocli.voice.model import enrol

        recording = Path(self._options.voice_baseline)
        with self._listen(recording) as speech:
            if described := enrol(self._load(), speech):
                return described
        raise InputError(recording, "no speech was heard in it",
                         "give --voice-baseline a recording of the speaker, talking neutrally")


def voice_mode(wanted: str) -> str:
    """What "auto" stands for: "fast" when other programs leave less than a core free, else "accurate"."""
    if wanted != "auto":
        return wanted
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return "fast" if (os.cpu_count() or 1) - busy < 1 else "accurate"
