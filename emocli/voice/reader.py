"""Readings from the sound of each utterance."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from emocli import weights
from emocli.errors import InputError
from emocli.options import EAR, HEARD_BY_EAR, VOICE_MODES, AnalyzeOptions, baseline_of, torch_device
from emocli.timeline.run import UNHEARD, Read, Run, Speech, between_utterances, of_utterances
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
        self.weights = (*self.names, *((EAR,) if set(self.names) & set(HEARD_BY_EAR) else ()))
        for name in self.weights:
            weights.resolve(name, commercial=options.commercial)
        self._options, self._listen = options, listen
        self._model: VoiceModel | None = None
        self._enrolled: dict[str, list[np.ndarray]] | None = None

    def observe(self, run: Run) -> Read:
        """Read every utterance, beside the pictures."""
        speech = run.speech
        if self._enrolled is None:
            self._enrolled = self._enrol()
        lacking = self._enrolled.keys() - {"", *(u.speaker for u in speech.utterances)}
        if lacking and speech.utterances:
            run.note(f"--voice-baseline: nobody here is {', '.join(lacking)}, so the recording was not used")
        readings = [Reading(self.modality, reason=UNHEARD)] * len(speech.utterances)
        seconds = [0.0] * len(readings)
        voiced = [i for i, u in enumerate(speech.utterances) if speech.speaks(u.start, u.end)]
        if voiced:
            from emocli.voice.model import read

            with run.stage("reading the voice"):
                own = replace(speech, utterances=[speech.utterances[i] for i in voiced])
                answers = read(self._load(), own, lambda end: run.progress(self.modality, end),
                               enrolled=self._enrolled)
            for i, reading, lasting in zip(voiced, *answers, strict=True):
                readings[i], seconds[i] = reading, lasting
        run.progress(self.modality, run.info.duration)
        if any(r.present for r in readings):
            run.uses("numpy", "scipy", "torch", weights=weights.record(*self.weights))
        return between_utterances(speech, of_utterances(readings, seconds, Reading(self.modality)))

    def close(self) -> None:
        """Nothing runs."""

    def _load(self) -> VoiceModel:
        if self._model is None:
            from emocli.voice.model import load

            self._model = load(self.names, device=torch_device(self._options.device))
        return self._model

    def _enrol(self) -> dict[str, list[np.ndarray]]:
        """How a speaker, or everybody, usually talks: descriptions of the recording, if there is one."""
        if not self._options.voice_baseline:
            return {}
        from emocli.voice.model import enrol

        whose, recording = baseline_of(self._options.voice_baseline)
        with self._listen(recording) as speech:
            if described := enrol(self._load(), speech):
                return {whose: described}
        raise InputError(recording, "no speech was heard in it",
                         "give --voice-baseline a recording of the speaker, talking neutrally")


def voice_mode(wanted: str) -> str:
    """What "auto" stands for: "fast" when other programs leave less than a core free, else "accurate"."""
    if wanted != "auto":
        return wanted
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return "fast" if (os.cpu_count() or 1) - busy < 1 else "accurate"
