"""The shipped voice networks, and what they make of the utterances of one sound."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from emocli import weights
from emocli.encoders import whisper_encoder
from emocli.media.audio import Readable
from emocli.options import EAR, HEARD_BY_EAR
from emocli.quantized import read as read_state
from emocli.timeline.run import Speech
from emocli.timeline.types import Reading, Utterance
from emocli.voice.described import SHORTEST, SILENT, Answer, Described, VoiceModel
from emocli.voice.features import SAMPLE_RATE, trim
from emocli.voice.network import VoiceNetwork, standardise


def voice_network(path: Path | None = None) -> VoiceNetwork:
    """The network in a file, or the shipped one."""
    state = read_state(path or weights.resolve("voice"))
    network = VoiceNetwork.like(state)
    network.load_state_dict(state)
    return network.eval()


class EarModel:
    """A network over what the pretrained ear hears.  `temperature` calibrates its scores."""

    def __init__(self, path: Path, ear: Path, *, temperature: float = 1.0, device: str = "cpu") -> None:
        self.network = voice_network(path).to(device)
        self._ear = whisper_encoder.load(ear, device)
        self.temperature, self._device = temperature, device

    def describe(self, samples: np.ndarray) -> np.ndarray:
        """(FEATURES,) float32."""
        return np.asarray(self._ear.features([samples])[0])

    def inputs(self, numbers: np.ndarray) -> np.ndarray:
        """One speaker's numbers (n, FEATURES) as the network takes them, (n, INPUTS) float32."""
        mean, deviation = self.network.usual.cpu().numpy()
        return standardise(numbers, (mean, deviation))

    @torch.inference_mode()
    def answer(self, described: Sequence[np.ndarray], enrolled: Sequence[np.ndarray] = (), *,
               one_speaker: bool = True) -> Answer:
        """As `VoiceModel.answer`."""
        inputs = self.inputs(np.stack([*described, *enrolled]))[:len(described)]
        network = self.network.of_speaker if one_speaker else self.network
        features, raw = network(torch.from_numpy(inputs).to(self._device))
        return features.cpu().numpy(), raw.cpu().numpy() / self.temperature


def read(model: VoiceModel, speech: Speech, progress: Callable[[float], None] = lambda seconds: None, *,
         enrolled: Mapping[str, Sequence[np.ndarray]] | None = None) -> tuple[list[Reading], list[float]]:
    """One reading an utterance, absent where it is silent, and the seconds of sound that it rests on.

    The utterances of each speaker are read together, against how that speaker usually talks, and the answers
    adapted to that speaker; what nobody told apart is read against all of it, and not adapted.  `enrolled`
    are descriptions of more of a speaker's speech, by speaker, of everybody's under "".
    """
    utterances, sound = speech.utterances, speech.sound
    readings = [Reading("voice", reason="the sound is silent here")] * len(utterances)
    seconds = [len(audible(u, sound)) / SAMPLE_RATE for u in utterances]
    speakers: dict[str, list[int]] = defaultdict(list)
    for i, length in enumerate(seconds):
        if length:
            speakers[utterances[i].speaker].append(i)
    known = enrolled or {}
    described: set[int] = set()

    def describe(i: int) -> np.ndarray:
        described.add(i)
        progress(utterances[len(described) - 1].end)
        return model.describe(audible(utterances[i], sound))

    for who, own in speakers.items():
        more = [x for name in dict.fromkeys(("", who)) for x in known.get(name, ())]
        features, logits = model.answer(Described(lambda at, own=own: describe(own[at]),  # type: ignore[misc]
                                                  len(own)), more, one_speaker=bool(who))
        scores = torch.softmax(torch.from_numpy(logits), 1).numpy()
        for i, *answer in zip(own, features, logits, scores, strict=True):
            readings[i] = Reading("voice", *answer)
    return readings, seconds


def load(names: Sequence[str], *, device: str = "cpu") -> VoiceModel:
    """The model of the first of these entries of the manifest, which asks the second, if there is one, where
    it is unsure.  Raises `WeightsError` when a file is missing or damaged."""
    from emocli.voice.small_model import Cascade, SmallModel

    first, *others = names
    path, temperature = weights.resolve(first), weights.manifest()[first].temperature
    if first in HEARD_BY_EAR:
        return EarModel(path, weights.resolve(EAR), temperature=temperature, device=device)
    small = SmallModel(path, temperature=temperature, device=device)
    return Cascade(small, load(others, device=device)) if others else small


def enrol(model: VoiceModel, speech: Speech) -> list[np.ndarray]:
    """Descriptions of the utterances of a recording of the speaker."""
    return [model.describe(samples) for u in speech.utterances if len(samples := audible(u, speech.sound))]


def audible(utterance: Utterance, sound: Readable) -> np.ndarray:
    """The samples of an utterance without quiet ends; none if it is too short or silent."""
    samples = trim(sound.read(utterance.start, utterance.end))
    enough = len(samples) >= SHORTEST * SAMPLE_RATE and float(np.sqrt(np.mean(samples**2))) > SILENT
    return samples if enough else samples[:0]
