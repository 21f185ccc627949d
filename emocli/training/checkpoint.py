"""The state that a training run keeps beside its weights, which knows what it was made from.

A run that was stopped goes on from such a file; a run by another recipe, with another seed or on other data
must not, because it would end in weights that are not its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emocli.errors import DataError, UsageError
from emocli.storage import atomic


@dataclass(frozen=True)
class Origin:
    """What a state was made from: the task, fingerprints of the recipe and of the data, the seed."""

    task: str
    recipe: str
    seed: int
    data: str


def fingerprint(*parts: Any) -> str:
    """16 hex digits that tell apart arrays, and numbers, texts, lists and tables of these, whatever the order
    of a table's keys."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype.str}{part.shape}".encode() + np.ascontiguousarray(part).tobytes())
        else:
            digest.update(json.dumps(part, sort_keys=True).encode() + b"\n")
    return digest.hexdigest()[:16]


def origin(task: str, recipe: Mapping[str, Any], *data: Any) -> Origin:
    """The origin of a run; `data` is what tells its data apart, as `fingerprint` takes it: labels, splits,
    names or sizes of the items, rather than features, whose last digits depend on the machine."""
    settings = {key: value for key, value in recipe.items() if key != "seed"}
    return Origin(task, fingerprint(settings), recipe["seed"], fingerprint(*data))


@dataclass(frozen=True)
class Checkpoint:
    """A file that holds a state of tensors and numbers, and its origin."""

    path: Path
    origin: Origin

    def save(self, state: Mapping[str, Any]) -> None:
        """Replace the file at once."""
        import torch

        with atomic(self.path) as part:
            torch.save({"origin": asdict(self.origin), "state": dict(state)}, part)

    def load(self) -> dict[str, Any] | None:
        """The state, or None where there is no file yet.

        Raises `UsageError` when the file is of another origin, and `DataError` when it cannot be read.
        """
        import torch

        if not self.path.exists():
            return None
        try:
            content = dict(torch.load(self.path, weights_only=True))
        except Exception as error:  # of a damaged file, torch raises what it meets first
            raise DataError(self.path, f"is no checkpoint that can be read ({type(error).__name__})",
                            "remove it, or give another folder with -o") from error
        known, wanted = content.get("origin", {}), asdict(self.origin)
        differing = [name for name in wanted if known.get(name) != wanted[name]]
        if differing:
            raise UsageError(self.path, f"was begun with another {' and another '.join(differing)}",
                             "give another folder with -o, or remove the file to begin anew")
        return dict(content["state"])
