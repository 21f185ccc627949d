"""Which readers an analysis has: those that ship, and the models that its options name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from emocli.adapters import registry
from emocli.adapters.classifier import LoadOptions
from emocli.adapters.labels import read_labels
from emocli.adapters.reader import EnsembleReader, ForeignReader
from emocli.adapters.reference import Reference, parse
from emocli.errors import UsageError
from emocli.options import AnalyzeOptions
from emocli.timeline.run import Reader
from emocli.timeline.types import MODALITIES


def shipped(options: AnalyzeOptions) -> tuple[Reader, ...]:
    """The readers of an analysis, in the order of `MODALITIES`.

    Raises `UsageError` and `WeightsError` as `registry.load` does.
    """
    check(options)
    return tuple(_face(options) if m == "face" else _reader(m, options) for m in MODALITIES)


def check(options: AnalyzeOptions) -> None:
    """Raise `UsageError` for models that these options cannot name; loads nothing."""
    ensembles = {m: references(m, options) for m in MODALITIES}
    for modality, members in ensembles.items():
        check_members(modality, members, loading(options))
        read_labels(options.labels, modality)
        for reference in members:
            if options.commercial and not reference.builtin:
                raise UsageError("--commercial", f"whether {reference} may be used commercially is not known",
                                 "leave one of them out")
    several = [len(members) for members in ensembles.values() if len(members) > 1]
    if options.weights and {len(options.weights)} != set(several):
        raise UsageError("--weights", f"{len(options.weights)} numbers fit no ensemble here",
                         "give one number a model, as --voice A+B --weights 0.6,0.4")


def check_members(modality: str, members: Sequence[Reference], options: LoadOptions) -> None:
    """Raise `UsageError` for models that cannot read this modality; loads nothing."""
    for reference in members:
        registry.check(reference, modality, options)


def references(modality: str, options: AnalyzeOptions) -> tuple[Reference, ...]:
    """The models that the options name for a modality.  Raises `UsageError`."""
    return parse(getattr(options, modality))


def loading(options: AnalyzeOptions) -> LoadOptions:
    """How foreign models are loaded."""
    return LoadOptions(options.trust, options.offline, options.device, options.features,
                       options.voice_baseline)


def _shares(count: int, options: AnalyzeOptions) -> Sequence[float]:
    return options.weights if options.weights and count > 1 else [1 / count] * count


def _reader(modality: str, options: AnalyzeOptions) -> Reader:
    members = references(modality, options)
    readers: list[Reader] = [
        _builtin(modality, reference, options) if reference.builtin else ForeignReader(modality, partial(
            registry.load, reference, modality, loading(options), labels=options.labels))
        for reference in members]
    return readers[0] if len(readers) == 1 else EnsembleReader(readers, _shares(len(members), options))


def _builtin(modality: str, reference: Reference, options: AnalyzeOptions) -> Reader:
    from emocli.text.reader import TextReader
    from emocli.transcript.activity import listen
    from emocli.voice.reader import VoiceReader

    if reference.target != "default":
        options = replace(options, **{f"{modality}_mode": reference.target})  # type: ignore[arg-type]
    return VoiceReader(options, listen) if modality == "voice" else TextReader(options)


def _face(options: AnalyzeOptions) -> Reader:
    from emocli.face.reader import FaceReader

    members = references("face", options)
    if all(reference.builtin for reference in members):
        return FaceReader(options)
    from emocli.adapters.faces import ForeignFaceModels

    loads = [None if reference.builtin else partial(registry.load, reference, "face", loading(options),
                                                    labels=options.labels) for reference in members]
    return FaceReader(options, ForeignFaceModels(loads, _shares(len(members), options)))
