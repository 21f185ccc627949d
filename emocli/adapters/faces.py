"""Foreign models that read the crops of faces, alone, together, or beside the network that ships."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import numpy as np

from emocli.adapters.kinds import KINDS
from emocli.adapters.labels import weighted_mean
from emocli.adapters.reader import NO_NUMBERS, load_or_error, log, record, say_labels, say_unread
from emocli.adapters.registry import Loaded, failure, one_line
from emocli.emotions import EMOTIONS
from emocli.errors import EmocliError
from emocli.timeline.run import Run

#: A model, why it could not be loaded, or None for the one that ships.
Member = Loaded | EmocliError | None
#: What is cut for one that could not be loaded: side in px and whether it is RGB.
LEAST_VIEW = (8, False)


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
        self._members: list[Member] = self._load()
        self._network: EnsembleNetwork | None = None

    @property
    def failure(self) -> EmocliError | None:
        """Why none of them can be used, if so."""
        failures = [member for member in self._members if isinstance(member, EmocliError)]
        return failures[0] if failures and len(failures) == len(self._members) else None

    def network(self, run: Run, shipped: Shipped, temperature: float) -> EnsembleNetwork:
        """What reads the crops of a run."""
        self._members = self._members or self._load()
        for member in self._members:
            if isinstance(member, Loaded):
                say_labels(run, member)
            elif member:
                say_unread(run, "face", member)
        self._network = EnsembleNetwork(self._members, self._shares, shipped, temperature)
        return self._network

    def finish(self, run: Run) -> str:
        """Say what took part and what failed; why there are no readings, if so, or ""."""
        assert self._network
        self._network.close()
        for member in self._loaded():
            if run.faces:
                run.uses("numpy", *KINDS[member.reference.kind].libraries, weights=record(member))
        failed = self._network.failures
        for error in failed.values():
            if error not in self._members:
                say_unread(run, "face", error)
        strange = +self._network.strange
        for name, count in strange.items():
            say_unread(run, "face", failure(name, f"{NO_NUMBERS} for {count} faces"))
        if len(failed) == len(self._members):
            return f"{', '.join(failed)} failed"
        return f"{', '.join(strange)} {NO_NUMBERS}" if strange and not run.faces else ""

    def close(self) -> None:
        """End what the models have started."""
        for member in self._loaded():
            member.classifier.close()
        self._members = []

    def _loaded(self) -> list[Loaded]:
        return [member for member in self._members if isinstance(member, Loaded)]

    def _load(self) -> list[Member]:
        return [load and load_or_error(load) for load in self._loads]


class EnsembleNetwork:
    """The weighted mean of the members' scores, over those that have something to say of a face.  A member
    that could not be loaded is left out, one that fails from then on; `failures` has its error by its
    reference, `strange` of how many faces it gave no finite numbers."""

    width = len(EMOTIONS)

    def __init__(self, members: Sequence[Member], shares: Sequence[float], shipped: Shipped,
                 temperature: float) -> None:
        self._members, self._shares = members, shares
        self._shipped, self._temperature = shipped, temperature
        self.views = tuple(_view(member, shipped) for member in members)
        self.failures = {member.subject: member for member in members if isinstance(member, EmocliError)}
        self.strange = Counter[str]()
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
            if future:
                each.append(softmax(future.result()[1] / self._temperature, 1))
            else:
                each.append(self._foreign(member, stack))
        mean = weighted_mean(each, self._shares)
        return [mean.astype(np.float32), np.where(np.isnan(mean), np.nan, log(mean))]

    def _foreign(self, member: Member, crops: np.ndarray) -> np.ndarray:
        if isinstance(member, Loaded) and (name := str(member.reference)) not in self.failures:
            try:
                seven = member.labels.seven(member.classifier.scores(crops))
                self.strange[name] += int((~np.isfinite(seven).all(1)).sum())
                return seven
            except Exception as error:  # of any library
                self.failures[name] = error if isinstance(error, EmocliError) else failure(
                    name, f"failed ({one_line(error)})")
        return np.full((len(crops), self.width), np.nan)


def _view(member: Member, shipped: Shipped) -> tuple[int, bool]:
    if member is None:
        return shipped.views[0]
    if isinstance(member, EmocliError):
        return LEAST_VIEW
    return member.classifier.size, member.classifier.colour  # type: ignore[attr-defined]
