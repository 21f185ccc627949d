"""Readings from the sound of each spoken segment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from emocli.media.audio import Sound
from emocli.timeline.types import Reading, Segment
from emocli.voice.features import SAMPLE_RATE, normalise, pad, speaker_statistics, spectrogram, trim
from emocli.voice.network import VoiceNetwork

#: Spectrograms of one forward pass.
BATCH = 16
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

    @torch.inference_mode()
    def logits(self, mels: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Features (n, d) and calibrated logits (n, 7) of standardised spectrograms."""
        features, logits = [], []
        for i in range(0, len(mels), BATCH):
            batch, lengths = pad(mels[i:i + BATCH])
            f, z = self.network(torch.from_numpy(batch).to(self._device),
                                torch.from_numpy(lengths).to(self._device))
            features.append(f.cpu().numpy())
            logits.append(z.cpu().numpy() / self.temperature)
        return np.concatenate(features), np.concatenate(logits)

    def read(self, segments: Sequence[Segment], sound: Sound,
             progress: Callable[[float], None] = lambda seconds: None) -> list[Reading]:
        """One reading a segment; absent where nobody speaks.

        All speech of a video is taken as one speaker's when it is standardised, shrunk towards
        the training speakers' mean when there is little of it.
        """
        prior = self.network.prior()
        spoken = [i for i, s in enumerate(segments) if s.utterance]
        some = spoken[:: max(1, len(spoken) // STATISTICS_FROM)]
        mels = {i: spectrogram(x) for i in some if len(x := _speech(segments[i], sound))}
        statistics = speaker_statistics(list(mels.values()), prior)
        readings = [Reading("voice", reason="nobody speaks") for _ in segments]
        waiting: list[tuple[int, np.ndarray]] = []
        for count, i in enumerate(spoken):
            if i in mels:
                waiting.append((i, normalise(mels.pop(i), statistics)))
            elif len(samples := _speech(segments[i], sound)):
                waiting.append((i, normalise(spectrogram(samples), statistics)))
            else:
                readings[i] = Reading("voice", reason="the sound is silent here")
            if waiting and (len(waiting) == BATCH or count == len(spoken) - 1):
                features, logits = self.logits([m for _, m in waiting])
                for (at, mel), f, z in zip(waiting, features, logits, strict=True):
                    readings[at] = Reading("voice", f, z, torch.softmax(torch.from_numpy(z), 0).numpy(),
                                           quality=min(1.0, len(mel) / 60))
                waiting = []
                progress(segments[i].end)
        return readings


def _speech(segment: Segment, sound: Sound) -> np.ndarray:
    utterance = segment.utterance
    assert utterance
    samples = trim(sound.read(utterance.start, utterance.end))
    loud = len(samples) >= SHORTEST * SAMPLE_RATE and float(np.sqrt(np.mean(samples**2))) > SILENT
    return samples if loud else samples[:0]
