"""The small voice network of `--voice-mode fast`, over functionals of spectrograms, and the cascade."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from emocli.quantized import read as read_state
from emocli.voice.described import Answer, Described, VoiceModel
from emocli.voice.features import normalise, speaker_statistics, spectrogram
from emocli.voice.functionals import functionals, relative
from emocli.voice.small_network import SmallNetwork

#: Utterances, spread over the video, that the speaker's statistics are taken from.
STATISTICS_FROM = 64
#: Confidence below which the small network asks the larger one.
UNSURE = 0.6
#: Utterances of which the small network is sure that the larger one hears as well, to know the speaker.
BESIDE = 16


class SmallModel:
    """A network over functionals.  `temperature` calibrates its scores."""

    def __init__(self, path: Path, *, temperature: float = 1.0, device: str = "cpu") -> None:
        state = read_state(path)
        self.network = SmallNetwork.like(state)
        self.network.load_state_dict(state)
        self.network.eval().to(device)
        self.temperature, self._device = temperature, device

    def describe(self, samples: np.ndarray) -> np.ndarray:
        """A spectrogram (frames, COLUMNS)."""
        return spectrogram(samples)

    @torch.inference_mode()
    def logits(self, inputs: np.ndarray) -> Answer:
        """Features (n, d) and calibrated logits (n, 7) of (n, INPUTS)."""
        features, raw = self.network(torch.from_numpy(inputs).to(self._device))
        return features.cpu().numpy(), raw.cpu().numpy() / self.temperature

    def answer(self, described: Sequence[np.ndarray], enrolled: Sequence[np.ndarray] = (), *,
               one_speaker: bool = True) -> Answer:
        """As `VoiceModel.answer`; each by itself."""
        return self.logits(self.inputs(described, enrolled))

    def inputs(self, described: Sequence[np.ndarray], enrolled: Sequence[np.ndarray] = ()) -> np.ndarray:
        """One speaker's spectrograms as the network takes them, (n, INPUTS) float32, standardised by all of
        that speaker's speech, shrunk towards the training speakers' mean when there is little of it."""
        step = max(1, len(described) // STATISTICS_FROM)
        sampled = {i: described[i] for i in range(0, len(described), step)}
        statistics = speaker_statistics([*sampled.values(), *enrolled], self.network.usual("columns"))
        mels = (sampled.pop(i) if i in sampled else described[i] for i in range(len(described)))
        plain = np.stack([functionals(normalise(mel, statistics)) for several in (mels, enrolled)
                          for mel in several])
        both = np.concatenate([plain, relative(plain, self.network.usual("functionals"))], 1)
        return np.asarray(both[:len(described)], np.float32)


class Cascade:
    """A small model that asks a larger one where it is unsure.

    The larger one hears some of the other utterances, too, so that it knows how the speaker usually talks.
    The features are the small one's.
    """

    def __init__(self, small: VoiceModel, large: VoiceModel) -> None:
        self._small, self._large = small, large

    @property
    def temperature(self) -> float:
        """The larger model's, which answers where it matters."""
        return self._large.temperature

    def describe(self, samples: np.ndarray) -> np.ndarray:
        """The sound itself, since it is not known yet who will be asked."""
        return samples

    def answer(self, described: Sequence[np.ndarray], enrolled: Sequence[np.ndarray] = (), *,
               one_speaker: bool = True) -> Answer:
        """As `VoiceModel.answer`, but not adapted: the large model is only asked of what is hard."""
        seen = Described(lambda at: self._small.describe(described[at]), len(described))
        features, logits = self._small.answer(seen, [self._small.describe(x) for x in enrolled])
        unsure = torch.softmax(torch.from_numpy(logits), 1).amax(1).numpy() < UNSURE
        if unsure.any():
            sure = np.flatnonzero(~unsure)
            beside = [described[i] for i in sure[::max(1, len(sure) // BESIDE)].tolist()]
            _, logits[unsure] = self._large.answer(
                [self._large.describe(described[i]) for i in np.flatnonzero(unsure).tolist()],
                [self._large.describe(x) for x in (*beside, *enrolled)], one_speaker=False)
        return features, logits
