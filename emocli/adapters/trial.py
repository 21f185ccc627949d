"""One model on one file or sentence, to see what it says: `emocli models try`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emocli import weights
from emocli.adapters import registry
from emocli.adapters.classifier import LoadOptions
from emocli.adapters.kinds import KINDS
from emocli.adapters.reader import LONGEST, resampled
from emocli.adapters.reference import Reference
from emocli.errors import EmocliError, InputError

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")


@dataclass(frozen=True)
class Trial:
    """What a model said: `scores` of its own `labels`, and `seven` scores or None where it named none of the
    seven classes; `unmapped` are labels that stand for none of these."""

    modality: str
    labels: tuple[str, ...]
    scores: np.ndarray
    seven: np.ndarray | None
    unmapped: tuple[str, ...]
    notes: tuple[str, ...]


def modality_of(reference: Reference, source: str, wanted: str = "") -> str:
    """What a model is tried on: what is wanted, or else the only thing that its kind reads, or else what the
    source is: a picture, a sound or video, or words."""
    known = tuple(KINDS[reference.kind].modules)
    if wanted or len(known) == 1:
        return wanted or known[0]
    from emocli.media.probe import probe

    path = Path(source)
    if "text" in known and (not path.is_file() or path.suffix.lower() == ".txt"):
        return "text"
    pictures = path.suffix.lower() in PICTURES or probe(path).has_video
    return "face" if pictures and "face" in known else "voice"


def try_model(reference: Reference, source: str, options: LoadOptions, *, modality: str = "",
              labels: str = "") -> Trial:
    """Read a picture or the first face of a video, the first half minute of a sound, or a sentence (or the
    text of a .txt file).  Raises `InputError` for what cannot be read, and as `registry.load` does."""
    what = modality_of(reference, source, modality)
    registry.check(reference, what, options)
    loaded = registry.load(reference, what, options, labels=labels)
    try:
        inputs = {"face": _face, "voice": _voice, "text": _text}[what](source, loaded.classifier)
        own = np.asarray(loaded.classifier.scores(inputs), np.float32)
        (seven,) = loaded.labels.seven(own)
    except EmocliError:
        raise
    except Exception as error:  # of any library
        raise EmocliError(str(reference), f"failed ({registry.one_line(error)})",
                          "check what it takes") from error
    finally:
        loaded.classifier.close()
    said = bool(np.isfinite(seven).all() and seven.any())
    return Trial(what, loaded.classifier.labels, own[0], seven if said else None, loaded.labels.unmapped,
                 loaded.classifier.notes)


def _text(source: str, classifier: Any) -> list[Any]:
    try:
        text = Path(source).read_text(encoding="utf-8") if Path(source).is_file() else source
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(source, "is no text", "give a sentence or a .txt file") from error
    return [(text, np.zeros(0, np.float32))] if classifier.with_sound else [text]


def _voice(source: str, classifier: Any) -> list[np.ndarray]:
    from emocli.media.audio import decode
    from emocli.media.probe import probe

    *_, (_, sound) = decode(probe(Path(source)))
    with sound:
        samples = sound.read(0, LONGEST)
    if not len(samples):
        raise InputError(source, "holds no sound", "give a recording")
    return [resampled(samples, classifier.rate)]


def _face(source: str, classifier: Any) -> np.ndarray:
    import cv2

    from emocli.face.align import crop
    from emocli.face.detect import YuNet

    detector = YuNet(weights.resolve("yunet"))
    for image in _pictures(Path(source)):
        if faces := detector.find(image):
            landmarks = faces[0].landmarks
            seen = image if classifier.colour else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
            cut = crop(seen, landmarks, classifier.size)
            return np.ascontiguousarray(cut[None, ..., ::-1] if classifier.colour else cut[None])
    raise InputError(source, "shows no face that could be found", "give a picture with a larger face")


def _pictures(path: Path) -> Any:
    """The picture, BGR, or those of a video, one a second."""
    import cv2

    from emocli.media.frames import FrameStream
    from emocli.media.probe import probe

    if path.suffix.lower() in PICTURES:
        image = cv2.imread(str(path))
        if image is None:
            raise InputError(path, "is no picture that can be read", "give a .png or .jpg")
        return [image]
    return (sample.small for sample in FrameStream(probe(path), 1.0))
