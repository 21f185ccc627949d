"""Which readers an analysis has: those that ship, and the models that its options name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TypeGuard

from emocli.adapters import registry
from emocli.adapters.classifier import LoadOptions
from emocli.adapters.labels import read_labels
from emocli.adapters.reader import EnsembleReader, ForeignReader, failures
from emocli.adapters.reference import Reference, members, parse
from emocli.errors import UsageError, WeightsError
from emocli.options import AnalyzeOptions
from emocli.timeline.run import Reader
from emocli.timeline.types import MODALITIES


def shipped(options: AnalyzeOptions) -> tuple[Reader, ...]:
    """The readers of an analysis, in the order of `MODALITIES`; one whose model cannot be used says why in
    the notes of every run, and the others go on.  Raises as `check`, `WeightsError` where what ships is
    damaged, and the first model's error where none of any modality can be used.
    """
    check(options)
    readers: list[Reader] = []
    try:
        for modality in MODALITIES:
            readers.append(_face(options) if modality == "face" else _reader(modality, options))
        errors = [error for reader in readers for error in failures(reader)]
        if first := all(errors) and errors[0]:
            raise first if isinstance(first, UsageError) else WeightsError(first.subject, first.cause,
                                                                           first.step)
    except BaseException:
        for reader in readers:
            reader.close()
        raise
    return tuple(readers)


def check(options: AnalyzeOptions) -> None:
    """Raise `UsageError` for options that do not go together; loads nothing."""
    ensembles = {m: chosen(m, options) for m in MODALITIES}
    for modality, models in ensembles.items():
        read_labels(options.labels, modality)
        for model in models:
            if options.commercial and isinstance(model, Reference) and not model.builtin:
                raise UsageError("--commercial", f"whether {model} may be used commercially is not known",
                                 "leave one of them out")
    several = [len(models) for models in ensembles.values() if len(models) > 1]
    if options.weights and {len(options.weights)} != set(several):
        raise UsageError("--weights", f"{len(options.weights)} numbers fit no ensemble here",
                         "give one number a model, as --voice A+B --weights 0.6,0.4")


def check_members(modality: str, references: Sequence[Reference], options: LoadOptions) -> None:
    """Raise `UsageError` for models that cannot read this modality; loads nothing."""
    for reference in references:
        registry.check(reference, modality, options)


def chosen(modality: str, options: AnalyzeOptions) -> list[Reference | UsageError]:
    """The models that the options name for a modality, or why one of them cannot be used; loads nothing."""
    def one(name: str) -> Reference | UsageError:
        try:
            (reference,) = parse(name)
            registry.check(reference, modality, loading(options))
            return reference
        except UsageError as error:
            return error

    return [one(name) for name in members(getattr(options, modality))]


def loading(options: AnalyzeOptions) -> LoadOptions:
    """How foreign models are loaded."""
    return LoadOptions(options.trust, options.offline, options.device, options.features,
                       options.voice_baseline)


def _shares(count: int, options: AnalyzeOptions) -> Sequence[float]:
    return options.weights if options.weights and count > 1 else [1 / count] * count


def _load(model: Reference | UsageError, modality: str, options: AnalyzeOptions) -> registry.Loaded:
    if isinstance(model, UsageError):
        raise model
    return registry.load(model, modality, loading(options), labels=options.labels)


def _ships(model: Reference | UsageError) -> TypeGuard[Reference]:
    return isinstance(model, Reference) and model.builtin


def _reader(modality: str, options: AnalyzeOptions) -> Reader:
    readers: list[Reader] = [
        _builtin(modality, model, options) if _ships(model)
        else ForeignReader(modality, _name(model), partial(_load, model, modality, options))
        for model in chosen(modality, options)]
    return readers[0] if len(readers) == 1 else EnsembleReader(readers, _shares(len(readers), options))


def _builtin(modality: str, reference: Reference, options: AnalyzeOptions) -> Reader:
    from emocli.text.reader import TextReader
    from emocli.transcript.activity import listen
    from emocli.voice.reader import VoiceReader

    if reference.target != "default":
        options = replace(options, **{f"{modality}_mode": reference.target})  # type: ignore[arg-type]
    return VoiceReader(options, listen) if modality == "voice" else TextReader(options)


def _name(model: Reference | UsageError) -> str:
    return model.subject if isinstance(model, UsageError) else str(model)


def _face(options: AnalyzeOptions) -> Reader:
    from emocli.adapters.faces import ForeignFaceModels
    from emocli.face.reader import FaceReader

    models = chosen("face", options)
    loads = [None if _ships(model) else partial(_load, model, "face", options) for model in models]
    if not any(loads):
        return FaceReader(options)
    return FaceReader(options, ForeignFaceModels(loads, _shares(len(models), options)))
