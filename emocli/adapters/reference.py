"""How a model is named: `builtin:NAME`, a known name, `KIND:PATH_OR_ID[@REVISION]`; an ensemble with `+`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from emocli.adapters.kinds import BUILTIN, KINDS, KNOWN
from emocli.errors import UsageError, WeightsError


@dataclass(frozen=True)
class Reference:
    """One model: `kind` is one of KINDS, `target` a path, an id or a builtin's name, `revision` a branch, tag
    or commit of a hub, or ""."""

    kind: str
    target: str
    revision: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.target}".rstrip(":") + (f"@{self.revision}" if self.revision else "")

    @property
    def builtin(self) -> bool:
        """Whether it ships with emocli."""
        return self.kind == BUILTIN

    @property
    def path(self) -> Path:
        """The target as a path."""
        return Path(self.target)


#: A plus before another model's name, and not one inside a path.
_JOINT = re.compile(rf"\+(?=[a-z][a-z0-9-]*:|(?:{'|'.join(map(re.escape, KNOWN))})(?:\+|$))")


def members(text: str) -> list[str]:
    """The names in a text, one, or those of an ensemble in order."""
    return [part.strip() for part in _JOINT.split(text)]


def parse(text: str) -> tuple[Reference, ...]:
    """The models that a text names.  Raises `UsageError` for a kind or a name that is not known."""
    return tuple(_one(name) for name in members(text))


def not_here(reference: Reference, *, offline: bool) -> WeightsError:
    """What is to be said of a model of a hub that is neither on this machine nor can be fetched."""
    cause = "--offline forbids fetching it" if offline else "the hub cannot be reached or has no such model"
    return WeightsError(str(reference), f"is not on this machine, and {cause}",
                        f"check the id, connect to a network, or give a folder as {reference.kind}:DIR")


def _one(text: str) -> Reference:
    kind, colon, target = KNOWN.get(text, text).partition(":")
    if not colon and kind in KINDS and KINDS[kind].target.startswith("["):
        colon = ":"
    if not colon or kind not in KINDS:
        raise UsageError(text or "an empty model reference", *_unknown(kind, bool(colon)))
    if not target and not KINDS[kind].target.startswith("["):
        raise UsageError(text, "names no model", f"give {kind}:{KINDS[kind].target}")
    before, at, revision = target.rpartition("@")
    if KINDS[kind].hub and at and before and revision and not Path(target).exists():
        return Reference(kind, before, revision)
    return Reference(kind, target)


def _unknown(name: str, kind: bool) -> tuple[str, str]:
    """Cause and next step for what is neither a kind nor a known name."""
    names = list(KINDS) if kind else [*KNOWN, *KINDS]
    near = get_close_matches(name, names, 1)
    cause = f"{name} is no kind of model" if kind else "is no model's name"
    hint = f"did you mean {near[0]}? Give" if near else "give"
    kinds = ", ".join(f"{kind}:{KINDS[kind].target}" for kind in KINDS)
    return cause, f"{hint} one of {kinds}, or a name of `emocli models list`"
