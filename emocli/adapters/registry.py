"""From a reference to a loaded model: the adapter's file is imported only then."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from emocli.adapters.builtin import NAMES
from emocli.adapters.classifier import Classifier, LoadOptions
from emocli.adapters.kinds import KINDS
from emocli.adapters.labels import LabelMap, read_labels
from emocli.adapters.reference import Reference
from emocli.errors import EmocliError, UsageError, WeightsError


@dataclass(frozen=True)
class Loaded:
    """A model, and what its labels stand for."""

    reference: Reference
    classifier: Classifier
    labels: LabelMap


def check(reference: Reference, modality: str, options: LoadOptions) -> None:
    """Raise `UsageError` for a model of another modality, one that wants `--trust`, or no such file; loads
    nothing."""
    kind = KINDS[reference.kind]
    if modality not in kind.modules:
        fitting = [name for name, other in KINDS.items() if modality in other.modules]
        raise UsageError(str(reference), f"{reference.kind} models read {' and '.join(kind.modules)}, "
                         f"not {modality}", f"give --{modality} one of {', '.join(fitting)}")
    if reference.builtin and reference.target not in NAMES[modality]:
        raise UsageError(str(reference), f"no {modality} of this name ships",
                         f"give builtin: and one of {', '.join(NAMES[modality])}")
    local = kind.target in ("FILE", "DIR") or reference.target.startswith(("/", "./", "../", "~"))
    if local and not reference.path.exists():
        raise UsageError(str(reference), "no such file or folder", "check the path")
    if kind.trust and not options.trust:
        raise UsageError(str(reference), kind.trust, "add --trust if you trust whoever made it")


def load(reference: Reference, modality: str, options: LoadOptions, *, labels: str = "") -> Loaded:
    """Load the model for a modality; `labels` is the file of `--labels`, or "".

    Raises as `check`, and `WeightsError` where the model cannot be loaded, with what to install where that is
    why, or names nothing of the seven classes.
    """
    check(reference, modality, options)
    kind, overrides = KINDS[reference.kind], read_labels(labels, modality)
    try:
        module = import_module(f"emocli.adapters.{kind.modules[modality]}")
        classifier: Classifier = module.load(reference, modality, options)
    except EmocliError:
        raise
    except ModuleNotFoundError as error:
        raise WeightsError(str(reference), f"needs {error.name}, which is not installed",
                           f"run {kind.install}") from error
    except Exception as error:  # of any library
        raise WeightsError(str(reference), f"cannot be loaded ({one_line(error)})",
                           f"check that it is {kind.what}") from error
    try:
        return Loaded(reference, classifier, LabelMap(classifier.labels, getattr(module, "LABELS", {}),
                                                      overrides, str(reference)))
    except EmocliError:
        classifier.close()
        raise


def failure(name: str, cause: str) -> EmocliError:
    """What is to be said of a model that has been loaded and fails at its inputs."""
    return EmocliError(name, cause, f"try it alone with `emocli models try {name} FILE`")


def one_line(error: BaseException) -> str:
    """A library's error in one line that is not long."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__
