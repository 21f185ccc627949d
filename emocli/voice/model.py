"""The shipped voice networks, and what they make of the utterances of one sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from emocli import weights
from emocli.media.audio import Sound
from emocli.quantized import read as read_state
from emocli.timeline.run import Speech
from emocli.timeline.types import Reading, Utterance
from emocli.voice.features import (
    HOP,
    SAMPLE_RATE,
    Statistics,
    normalise,
    speaker_statistics,
    spectrogram,
    trim,
)
from emocli.voice.functionals import functionals, relative
from emocli.voice.network import VoiceNetwork

#: Seconds; shorter speech tells nothing.
SHORTEST = 0.2
#: Root mean square below which sound is silence (-60 dB of full scale).
SILENT = 1e-3
#: Utterances, spread over the video, that the speaker's statistics are taken from.
STATISTICS_FROM = 64
#: Confidence below which the small network asks the larger one.
UNSURE = 0.6


class VoiceModel:
    """One network.  `temperature` calibrates its scores; what it is not sure of, it asks `larger`."""

    def __init__(self, path: Path, *, temperature: float = 1.0, device: str = "cpu",
                 larger: VoiceModel | None = None) -> None:
        state = read_state(path)
        self.larger = larger
        self.network = VoiceNetwork.like(state)
        self.network.load_state_dict(state)
        self.network.eval().to(device)
        self.temperature, self._device = temperature, device

    def inputs(self, numbers: np.ndarray, enrolled: int = 0) -> np.ndarray:
        """One speaker's functionals (n, FUNCTIONALS) as the network takes them, (n - enrolled, INPUTS)
        float32; the last `enrolled` only tell how the speaker usually talks."""
        both = np.concatenate([numbers, relative(numbers, self.network.usual("functionals"))], 1)
        return np.asarray(both[:len(numbers) - enrolled], np.float32)

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

    def read(self, speech: Speech, progress: Callable[[float], None] = lambda seconds: None, *,
             enrolled: Mapping[str, Sequence[np.ndarray]] | None = None
             ) -> tuple[list[Reading], list[float]]:
        """One reading an utterance, absent where it is silent, and the seconds of sound that it rests on.

        Speech is standardised by its speaker, shrunk towards the training speakers' mean when there is little
        of it; what nobody told apart is one speaker's.  `enrolled` are spectrograms of more of a speaker's
        speech, by speaker, of everybody's under "".
        """
        utterances, sound = speech.utterances, speech.sound
        readings = [Reading("voice", reason="the sound is silent here")] * len(utterances)
        seconds = [0.0] * len(utterances)
        by_speaker: dict[str, list[int]] = {}
        for i, utterance in enumerate(utterances):
            by_speaker.setdefault(utterance.speaker, []).append(i)
        known = enrolled or {}
        more = {who: [mel for name in dict.fromkeys(("", who)) for mel in known.get(name, ())]
                for who in by_speaker}
        mels: dict[int, np.ndarray] = {}
        statistics: dict[str, Statistics] = {}
        for who, own in by_speaker.items():
            sampled = own[::max(1, len(own) // STATISTICS_FROM)]
            sampled_mels = {i: spectrogram(x) for i in sampled if len(x := audible(utterances[i], sound))}
            statistics[who] = speaker_statistics([*sampled_mels.values(), *more[who]],
                                                 self.network.usual("columns"))
            mels |= sampled_mels
        numbers: dict[int, np.ndarray] = {}
        for i, utterance in enumerate(utterances):
            if i in mels:
                mel = mels.pop(i)
            elif len(samples := audible(utterance, sound)):
                mel = spectrogram(samples)
            else:
                continue
            numbers[i] = functionals(normalise(mel, statistics[utterance.speaker]))
            seconds[i] = len(mel) * HOP / SAMPLE_RATE
            progress(utterance.end)
        for who, own in by_speaker.items():
            if loud := [i for i in own if i in numbers]:
                usual = [functionals(normalise(mel, statistics[who])) for mel in more[who]]
                inputs = self.inputs(np.stack([*(numbers[i] for i in loud), *usual]), len(usual))
                for i, reading in zip(loud, self._readings(inputs), strict=True):
                    readings[i] = reading
        return readings, seconds

    def _readings(self, inputs: np.ndarray) -> Iterator[Reading]:
        """One reading of each row of INPUTS."""
        features, logits = self.logits(inputs)
        scores = torch.softmax(torch.from_numpy(logits), 1).numpy()
        yield from (Reading("voice", *answer) for answer in zip(features, logits, scores, strict=True))


def load(names: Sequence[str], *, device: str = "cpu") -> VoiceModel:
    """The model of the first of these entries of the manifest, which asks the second, if there is one, where
    it is unsure.  Raises `WeightsError` when a file is missing or damaged."""
    first, *others = names
    return VoiceModel(weights.resolve(first), temperature=weights.manifest()[first].temperature,
                      device=device, larger=load(others, device=device) if others else None)


def enrol(speech: Speech) -> list[np.ndarray]:
    """Spectrograms of the utterances of a recording of the speaker."""
    return [spectrogram(samples) for u in speech.utterances if len(samples := audible(u, speech.sound))]


def audible(utterance: Utterance, sound: Sound) -> np.ndarray:
    """The samples of an utterance without quiet ends; none if it is too short or silent."""
    samples = trim(sound.read(utterance.start, utterance.end))
    enough = len(samples) >= SHORTEST * SAMPLE_RATE and float(np.sqrt(np.mean(samples**2))) > SILENT
    return samples if enough else samples[:0]
