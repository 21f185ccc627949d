"""Readings from the sound of each spoken segment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from emocli import weights
from emocli.media.audio import Sound
from emocli.timeline.types import Reading, Segment, Utterance
from emocli.voice.features import SAMPLE_RATE, normalise, speaker_statistics, spectrogram, trim
from emocli.voice.functionals import functionals, relative
from emocli.voice.network import VoiceNetwork
from emocli.voice.store import read as read_state

#: Seconds; shorter speech tells nothing.
SHORTEST = 0.2
#: Root mean square below which sound is silence (-60 dB of full scale).
SILENT = 1e-3
#: Confidence below which the small network asks the larger one.
UNSURE = 0.6
#: Utterances, spread over the video, that the speaker's statistics are taken from.
STATISTICS_FROM = 64


class VoiceReader:
    """The shipped network.  `temperature` calibrates its scores; what it is not sure of, it asks `larger`."""

    def __init__(self, path: Path, *, temperature: float = 1.0, device: str = "cpu",
                 larger: VoiceReader | None = None) -> None:
        state = read_state(path)
        self.larger = larger
        self.network = VoiceNetwork.like(state)
        self.network.load_state_dict(state)
        self.network.eval().to(device)
        self.temperature, self._device = temperature, device

    def inputs(self, found: np.ndarray, enrolled: int = 0) -> np.ndarray:
        """One speaker's functionals (n, FUNCTIONALS) as the network takes them, (n - enrolled, INPUTS) float32; the
        last `enrolled` only tell how the speaker usually talks."""
        both = np.concatenate([found, relative(found, self.network.usual("functionals"))], 1)
        return np.asarray(both[:len(found) - enrolled], np.float32)

    @torch.inference_mode()
    def logits(self, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Features (n, d) and calibrated logits (n, 7) of (n, INPUTS)."""
        features, raw = (x.cpu().numpy() for x in self.network(torch.from_numpy(inputs).to(self._device)))
        logits = raw / self.temperature
        if self.larger:
            unsure = torch.softmax(torch.from_numpy(logits), 1).amax(1).numpy() < UNSURE
            if unsure.any():
                features[unsure], logits[unsure] = self.larger.logits(inputs[unsure])
        return features, logits

    def read(self, segments: Sequence[Segment], sound: Sound,
             progress: Callable[[float], None] = lambda seconds: None, *,
             enrolled: Sequence[np.ndarray] = ()) -> list[Reading]:
        """One reading a segment; absent where nobody speaks.

        All speech of a video is taken as one speaker's when it is standardised, shrunk towards
        the training speakers' mean when there is little of it.  `enrolled` are spectrograms of
        more of that speaker's speech.
        """
        usual = self.network.usual("columns")
        spoken = {i: s.utterance for i, s in enumerate(segments) if s.utterance}
        some = list(spoken)[:: max(1, len(spoken) // STATISTICS_FROM)]
        mels = {i: spectrogram(x) for i in some if len(x := _speech(spoken[i], sound))}
        statistics = speaker_statistics([*mels.values(), *enrolled], usual)
        readings = [Reading("voice", reason="nobody speaks") for _ in segments]
        heard: dict[int, np.ndarray] = {}
        for i, utterance in spoken.items():
            if i in mels:
                mel = mels.pop(i)
            elif len(samples := _speech(utterance, sound)):
                mel = spectrogram(samples)
            else:
                readings[i] = Reading("voice", reason="the sound is silent here")
                continue
            mel = normalise(mel, statistics)
            heard[i], readings[i] = functionals(mel), Reading("voice", quality=min(1.0, len(mel) / 60))
            progress(segments[i].end)
        if heard:
            known = [functionals(normalise(mel, statistics)) for mel in enrolled]
            features, logits = self.logits(self.inputs(np.stack([*heard.values(), *known]), len(known)))
            scores = torch.softmax(torch.from_numpy(logits), 1).numpy()
            for i, f, z, s in zip(heard, features, logits, scores, strict=True):
                readings[i] = replace(readings[i], features=f, logits=z, scores=s)
        return readings


def load(names: Sequence[str], *, device: str = "cpu") -> VoiceReader:
    """The reader of the first of these entries of the manifest, which asks the second, if there is one, where it is
    unsure.  Raises `WeightsError` when a file is missing or damaged."""
    first, *others = names
    return VoiceReader(weights.resolve(first), temperature=weights.manifest()[first].temperature, device=device,
                       larger=load(others, device=device) if others else None)


def enrol(spoken: Sequence[Utterance], sound: Sound) -> list[np.ndarray]:
    """Spectrograms of the utterances of a recording of the speaker."""
    return [spectrogram(samples) for u in spoken if len(samples := _speech(u, sound))]


def _speech(utterance: Utterance, sound: Sound) -> np.ndarray:
    samples = trim(sound.read(utterance.start, utterance.end))
    loud = len(samples) >= SHORTEST * SAMPLE_RATE and float(np.sqrt(np.mean(samples**2))) > SILENT
    return samples if loud else samples[:0]
