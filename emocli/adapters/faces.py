"""Foreign models that read the crops of faces, alone, together, or beside the network that ships."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import numpy as np

from emocli.adapters.kinds import KINDS
from emocli.adapters.labels import weighted_mean
from emocli.adapters.reader import log, record, say_labels
from emocli.adapters.registry import Loaded, one_line
from emocli.emotions import EMOTIONS
from emocli.errors import EmocliError
from emocli.timeline.run import Run


class Shipped(Protocol):
    """The network that ships."""

    views: tuple[tuple[int, bool], ...]

    def classify(self, *crops: np.ndarray) -> Future[list[np.ndarray]]:
        """Features (n, d) and logits (n, 7), later."""
        ...


class ForeignFaceModels:
    """The models of an ensemble, or one, with their shares; None stands for the one that ships.  `loads` are
    called at once, and again after `close`.  Raises as `registry.load` does."""

    def __init__(self, loads: Sequence[Callable[[], Loaded] | None], shares: Sequence[float]) -> None:
        self._loads, self._shares = tuple(loads), tuple(shares)
        self._members: list[Loaded | None] = self._load()
        self._network: EnsembleNetwork | None = None

    def network(self, run: Run, shipped: Shipped, temperature: float) -> EnsembleNetwork:
        """What reads the crops of a run."""
        self._members = self._members or self._load()
        for member in filter(None, self._members):
            say_labels(run, member)
        self._network = EnsembleNetwork(self._members, self._shares, shipped, temperature)
        return self._network

    def finish(self, run: Run) -> str:
        """Say what took part and what failed; why there are no readings, if so, or ""."""
        assert self._network
        self._network.close()
        for member in filter(None, self._members):
            if run.faces:
                run.uses("numpy", *KINDS[member.reference.kind].libraries, weights=record(member))
        for error in self._network.failures.values():
            run.note(f"the face is not read: {error}")
        failed = self._network.failures
        return f"{', '.join(failed)} failed" if len(failed) == len(self._members) else ""

    def close(self) -> None:
        """End what the models have started."""
        for member in filter(None, self._members):
            member.classifier.close()
        self._members = []

    def _load(self) -> list[Loaded | None]:
        return [load and load() for load in self._loads]


class EnsembleNetwork:
    """The weighted mean of the members' scores, over those that have something to say of a face.  A member
    that fails is left out from then on; `failures` has its error by its reference."""

    width = len(EMOTIONS)

    def __init__(self, members: Sequence[Loaded | None], shares: Sequence[float], shipped: Shipped,
                 temperature: float) -> None:
        self._members, self._shares = members, shares
        self._shipped, self._temperature = shipped, temperature
        self.views = tuple(shipped.views[0] if m is None else
                           (m.classifier.size, m.classifier.colour) for m in members)  # type: ignore[attr-defined]
        self.failures: dict[str, EmocliError] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="emocli-foreign-face")

    def classify(self, *crops: np.ndarray) -> Future[list[np.ndarray]]:
        """A stack of crops a view -> later, features and logits, both (n, 7), NaN where there are none."""
        asked = [self._shipped.classify(stack) if member is None else None
                 for member, stack in zip(self._members, crops, strict=True)]
        return self._thread.submit(self._mean, crops, asked)

    def close(self) -> None:
        """Nothing more is asked."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _mean(self, crops: Sequence[np.ndarray],
              asked: Sequence[Future[list[np.ndarray]] | None]) -> list[np.ndarray]:
        from scipy.special import softmax

        each = []
        for member, stack, future in zip(self._members, crops, asked, strict=True):
            if member:
                each.append(self._foreign(member, stack))
            else:
                assert future
                each.append(softmax(future.result()[1] / self._temperature, 1))
        mean = weighted_mean(each, self._shares)
        return [mean.astype(np.float32), np.where(np.isnan(mean), np.nan, log(mean))]

    def _foreign(self, member: Loaded, crops: np.ndarray) -> np.ndarray:
        name = str(member.reference)
        if name not in self.failures:
            try:
                return member.labels.seven(member.classifier.scores(crops))
            except Exception as error:  # of any library
                self.failures[name] = error if isinstance(error, EmocliError) else EmocliError(
                    name, f"failed ({one_line(error)})", f"try it alone with `emocli models try {name} FILE`")
        return np.full((len(crops), self.width), np.nan)
