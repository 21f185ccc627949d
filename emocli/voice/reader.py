"""Readings from the sound of each spoken segment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from emocli.media.audio import Sound
from emocli.timeline.types import Reading, Segment
from emocli.voice.features import SAMPLE_RATE, normalise, speaker_statistics, spectrogram, trim
from emocli.voice.functionals import functionals, relative
from emocli.voice.network import VoiceNetwork

#: Seconds; shorter speech tells nothing.
SHORTEST = 0.2
#: Root mean square below which sound is silence (-60 dB of full scale).
SILENT = 1e-3
#: Utterances, spread over the video, that the speaker's statistics are taken from.
STATISTICS_FROM = 64


class VoiceReader:
    """The shipped network.  `temperature` calibrates its scores."""

    def __init__(self, weights: Path, *, temperature: float = 1.0, device: str = "cpu") -> None:
        state = {k: v.float() if v.is_floating_point() else v for k, v in load_file(weights).items()}
        self.network = VoiceNetwork.like(state)
        self.network.load_state_dict(state)
        self.network.eval().to(device)
        self.temperature, self._device = temperature, device

    def inputs(self, found: np.ndarray) -> np.ndarray:
        """One speaker's functionals (n, FUNCTIONALS) as the network takes them, (n, INPUTS) float32."""
        both = np.concatenate([found, relative(found, self.network.usual("functionals"))], 1)
        return np.asarray(both, np.float32)

    @torch.inference_mode()
    def logits(self, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Features (n, d) and calibrated logits (n, 7) of (n, INPUTS)."""
        features, logits = self.network(torch.from_numpy(inputs).to(self._device))
        return features.cpu().numpy(), logits.cpu().numpy() / self.temperature

    def read(self, segments: Sequence[Segment], sound: Sound,
             progress: Callable[[float], None] = lambda seconds: None) -> list[Reading]:
        """One reading a segment; absent where nobody speaks.

        All speech of a video is taken as one speaker's when it is standardised, shrunk towards
        the training speakers' mean when there is little of it.
        """
        usual = self.network.usual("columns")
        spoken = [i for i, s in enumerate(segments) if s.utterance]
        some = spoken[:: max(1, len(spoken) // STATISTICS_FROM)]
        mels = {i: spectrogram(x) for i in some if len(x := _speech(segments[i], sound))}
        statistics = speaker_statistics(list(mels.values()), usual)
        readings = [Reading("voice", reason="nobody speaks") for _ in segments]
        heard: dict[int, np.ndarray] = {}
        for i in spoken:
            if i in mels:
                mel = mels.pop(i)
            elif len(samples := _speech(segments[i], sound)):
                mel = spectrogram(samples)
            else:
                readings[i] = Reading("voice", reason="the sound is silent here")
                continue
            mel = normalise(mel, statistics)
            heard[i], readings[i] = functionals(mel), Reading("voice", quality=min(1.0, len(mel) / 60))
            progress(segments[i].end)
        if heard:
            features, logits = self.logits(self.inputs(np.stack(list(heard.values()))))
            scores = torch.softmax(torch.from_numpy(logits), 1).numpy()
            for i, f, z, s in zip(heard, features, logits, scores, strict=True):
                readings[i] = replace(readings[i], features=f, logits=z, scores=s)
        return readings


def _speech(segment: Segment, sound: Sound) -> np.ndarray:
    utterance = segment.utterance
    assert utterance
    samples = trim(sound.read(utterance.start, utterance.end))
    loud = len(samples) >= SHORTEST * SAMPLE_RATE and float(np.sqrt(np.mean(samples**2))) > SILENT
    return samples if loud else samples[:0]
