"""The shipped networks over words, ready to be asked: the sentence encoders, and the small one of n-grams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors.torch import load_file
from scipy.special import log_softmax, softmax

from emocli import weights as shipped
from emocli.options import TEXT_MODES
from emocli.text.network import TextNetwork, bags
from emocli.text.tokens import bag, words

if TYPE_CHECKING:
    from emocli.text.encoder import Answers, Belief, SentenceModel

#: Sentences of one forward pass.
BATCH = 256


class TextModel:
    """The network of n-grams on a CPU, with a head a corpus: "en", "ko" (GoEmotions) and "kote".
    `temperature` calibrates its scores."""

    def __init__(self, weights: Path, *, temperature: float = 1.0) -> None:
        state = {k: v.float() for k, v in load_file(weights).items()}
        self.network = TextNetwork(width=state["bag.weight"].shape[1],
                                   heads=tuple(sorted({k.split(".")[1] for k in state
                                                       if k.startswith("heads.")})))
        self.network.load_state_dict(state)
        self.network.eval()
        self._idf = self.network.idf.numpy()
        self.temperature = temperature

    @torch.inference_mode()
    def logits(self, texts: Sequence[str], head: str) -> tuple[np.ndarray, np.ndarray]:
        """Features (n, d) and calibrated logits (n, 7) of sentences by a head; that of a language bears its
        code."""
        features, logits = [], []
        for i in range(0, len(texts), BATCH):
            f, z = self.network(*bags([bag(words(t), self._idf) for t in texts[i:i + BATCH]]), head)
            features.append(f.numpy())
            logits.append(z.numpy() / self.temperature)
        return np.concatenate(features), np.concatenate(logits)

    def temperature_of(self, language: str) -> float:
        """What a language's logits were divided by."""
        return self.temperature


class JointModel:
    """An encoder a language, by its code, and the network of n-grams: they err on different sentences.
    `temperatures` calibrate each language."""

    def __init__(self, encoders: Mapping[str, SentenceModel], small: TextModel,
                 temperatures: Mapping[str, float] | None = None) -> None:
        self.encoders, self.small, self.temperatures = encoders, small, temperatures or {}

    def logits(self, texts: Sequence[str], language: str, *,
               without: str = "") -> tuple[np.ndarray, np.ndarray]:
        """Features (n, d) of the encoder, and calibrated logits (n, 7) of sentences in "en" or "ko",
        `without` what learnt one corpus."""
        encoder = self.encoders[language]
        answers = encoder.answers(texts)
        helped = {encoder.corpora.index(corpus): share * log_softmax(self.small.logits(texts, corpus)[1], 1)
                  for corpus, share in encoder.belief.helped.items() if corpus != without}
        mixed = mixture(answers, helped, encoder.belief, [c != without for c in encoder.corpora])
        return answers.features, mixed / self.temperature_of(language)

    def temperature_of(self, language: str) -> float:
        """What a language's logits were divided by."""
        return self.temperatures.get(language, 1.0)


class _Encoders(dict[str, "SentenceModel"]):
    """The encoders at some paths by their languages, each opened when it is first asked for."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        super().__init__()
        self._paths = paths

    def __missing__(self, language: str) -> SentenceModel:
        from emocli.text.encoder import SentenceModel

        self[language] = SentenceModel(self._paths[language])
        return self[language]


def mixture(answers: Answers, helped: Mapping[int, np.ndarray], belief: Belief,
            learnt: Sequence[bool]) -> np.ndarray:
    """(n, 7) log scores: the mean of those of the corpora that count as `learnt`, weighed by `belief`; first,
    what `helped` has for the number of a corpus is added to its, (n, 7)."""
    experts = answers.scores.copy()
    for number, added in helped.items():
        experts[:, number] += added
    counting = np.array(learnt)
    usual = belief.usual * counting
    like = softmax(np.where(counting, answers.alike, -np.inf), 1)
    weights = (1 - belief.likeness) * usual / usual.sum() + belief.likeness * like
    mixed: np.ndarray = (weights[..., None] * experts).sum(1)
    return mixed


def load(names: Sequence[str] = TEXT_MODES["accurate"]) -> TextModel | JointModel:
    """The reader that takes these entries of the manifest, one of TEXT_MODES.

    Raises `WeightsError` when a file is missing or damaged.
    """
    paths = {name: shipped.resolve(name) for name in names}
    temperatures = {name: shipped.manifest()[name].temperature for name in names}
    small = names[-1]
    if len(names) == 1:
        return TextModel(paths[small], temperature=temperatures[small])
    languages = {name.removeprefix("text-"): name for name in names[:-1]}
    encoders = _Encoders({lang: paths[name] for lang, name in languages.items()})
    return JointModel(encoders, TextModel(paths[small]),
                      {lang: temperatures[name] for lang, name in languages.items()})
