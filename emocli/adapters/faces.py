"""Foreign models that read the crops of faces, alone, together, or beside the network that ships."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import numpy as np

from emocli.adapters.kinds import KINDS
from emocli.adapters.labels import weighted_mean
from emocli.adapters.reader import NO_NUMBERS, load_or_error, log, record, say_labels, unread
from emocli.adapters.registry import Loaded, failure, one_line
from emocli.emotions import EMOTIONS
from emocli.errors import EmocliError
from emocli.timeline.run import Run

#: A model, or None for the one that ships.
Member = Loaded | None


class Shipped(Protocol):
    """The network that ships."""

    views: tuple[tuple[int, bool], ...]

    def classify(self, *crops: np.ndarray) -> Future[list[np.ndarray]]:
        """Features (n, d) and logits (n, 7), later."""
        ...


class ForeignFaceModels:
    """The models of an ensemble, or one, with their shares; None stands for the one that ships.  `loads` are
    called at once, and again after `close`; one that cannot be loaded is left out, and each run told why."""

    def __init__(self, loads: Sequence[Callable[[], Loaded] | None], shares: Sequence[float]) -> None:
        self._loads, self._shares = tuple(loads), tuple(shares)
        self._members: list[Member | EmocliError] = self._load()
        self._network: EnsembleNetwork | None = None

    @property
    def failures(self) -> Sequence[EmocliError | None]:
        """Why each of them cannot be used, if so; they are loaded again after `close`."""
        self._members = self._members or self._load()
        return [member if isinstance(member, EmocliError) else None for member in self._members]

    def network(self, run: Run, shipped: Shipped, temperature: float) -> EnsembleNetwork:
        """What reads the crops of a run, of which at least one can be used."""
        members, shares = [], []
        self._members = self._members or self._load()
        for member, share in zip(self._members, self._shares, strict=True):
            if not isinstance(member, EmocliError):
                members.append(member)
                shares.append(share)
        for loaded in self._loaded():
            say_labels(run, loaded)
        self._network = EnsembleNetwork(members, shares, shipped, temperature)
        return self._network

    def finish(self, run: Run) -> str:
        """Say what took part and what failed; why there are no readings, if so, or ""."""
        assert self._network
        self._network.close()
        for member in self._loaded():
            if run.faces:
                run.uses("numpy", *KINDS[member.reference.kind].libraries, weights=record(member))
        failed, without = self._network.failures, +self._network.without_numbers
        for error in failed.values():
            run.note(unread("face", error))
        for name, count in without.items():
            run.note(unread("face", failure(name, f"{NO_NUMBERS} for {count} faces")))
        if len(failed) == len(self._network.views):
            return f"{', '.join(failed)} failed"
        return f"{', '.join(without)} {NO_NUMBERS}" if without and not run.faces else ""

    def close(self) -> None:
        """End what the models have started."""
        for member in self._loaded():
            member.classifier.close()
        self._members = []

    def _loaded(self) -> list[Loaded]:
        return [member for member in self._members if isinstance(member, Loaded)]

    def _load(self) -> list[Member | EmocliError]:
        return [load and load_or_error("face", load) for load in self._loads]


class EnsembleNetwork:
    """The weighted mean of the members' scores, over those that have something to say of a face.  A member
    that fails is left out from then on; `failures` has its error by its reference, `without_numbers` of how
    many faces it gave no finite numbers."""

    width = len(EMOTIONS)

    def __init__(self, members: Sequence[Member], shares: Sequence[float], shipped: Shipped,
                 temperature: float) -> None:
        self._members, self._shares = members, shares
        self._shipped, self._temperature = shipped, temperature
        self.views = tuple(shipped.views[0] if m is None else
                           (m.classifier.size, m.classifier.colour) for m in members)  # type: ignore[attr-defined]
        self.failures: dict[str, EmocliError] = {}
        self.without_numbers = Counter[str]()
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
                seven = member.labels.seven(member.classifier.scores(crops))
                self.without_numbers[name] += int((~np.isfinite(seven).all(1)).sum())
                return seven
            except Exception as error:  # of any library
                self.failures[name] = error if isinstance(error, EmocliError) else failure(
                    name, f"failed ({one_line(error)})")
        return np.full((len(crops), self.width), np.nan)
