"""`yamnet:FILE`: YAMNet's .tflite (Hershey et al. 2017), which hears laughter, crying, screams and shouts.

It knows events, not tones of voice: speech is neutral to it, and it has something to say also where nobody
speaks.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence

import numpy as np

from emocli.adapters.classifier import LoadOptions
from emocli.adapters.reference import Reference
from emocli.errors import WeightsError

#: Samples of one window, and from one window to the next.
WINDOW, HOP = 15_600, 7_800
#: Where the labels stand inside the file, and how many of them there are.
LABEL_FILE, CLASSES = "yamnet_label_list.txt", 521
#: Score from which an event is heard, and below which speech is not; YAMNet hears speech in nearly every
#: sound of a voice, so it only counts where there is no event.  Chosen on EmoGator's development
#: contributors, with RAVDESS' development actors as speech in which there are none.
EVENT, SPEECH = 0.05, 0.1
_EVENTS = {
    "happiness": ("Laughter", "Baby laughter", "Giggle", "Snicker", "Belly laugh", "Chuckle, chortle"),
    "sadness": ("Crying, sobbing", "Baby cry, infant cry", "Whimper", "Wail, moan"),
    "fear": ("Screaming",), "anger": ("Shout", "Bellow", "Yell"), "surprise": ("Gasp",),
    "neutral": ("Speech", "Conversation", "Narration, monologue"),
}
LABELS = {event.lower(): name for name, events in _EVENTS.items() for event in events}


class Yamnet:
    """A `VoiceClassifier` that also reads the stretches in which nobody speaks."""

    rate, hears_gaps = 16_000, True
    notes: tuple[str, ...] = ()

    def __init__(self, reference: Reference) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self.files, names = (reference.path,), _names(reference)
        self._columns = [i for i, name in enumerate(names) if name.lower() in LABELS]
        self.labels = tuple(names[i] for i in self._columns)
        self._spoken = np.array([LABELS[label.lower()] == "neutral" for label in self.labels])
        self._network = Interpreter(str(reference.path), num_threads=1)
        self._network.allocate_tensors()
        (self._input,), (self._output, *_) = (self._network.get_input_details(),
                                              self._network.get_output_details())
        shapes = int(np.prod(self._input["shape"])), int(self._output["shape"][-1])
        if shapes != (WINDOW, CLASSES):
            raise WeightsError(str(reference), f"takes {shapes[0]} samples and gives {shapes[1]} scores",
                               f"give YAMNet, which takes {WINDOW} and gives {CLASSES}")

    def scores(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """The loudest moment of every event, 0 of all where none is heard; see `VoiceClassifier`."""
        rows = np.stack([np.max([self._window(samples[i:i + WINDOW]) for i in _starts(len(samples))], axis=0)
                         for samples in inputs])
        events = rows[:, ~self._spoken].max(1) >= EVENT
        rows[np.ix_(events, self._spoken)] = 0
        rows[~events & (rows.max(1) < SPEECH)] = 0
        return rows

    def close(self) -> None:
        """Nothing runs."""

    def _window(self, samples: np.ndarray) -> np.ndarray:
        padded = np.pad(samples, (0, WINDOW - len(samples))).astype(np.float32)
        self._network.set_tensor(self._input["index"], padded.reshape(self._input["shape"]))
        self._network.invoke()
        return np.asarray(self._network.get_tensor(self._output["index"])[..., self._columns].reshape(-1))


def _starts(length: int) -> range:
    """Where windows begin, so that the last one reaches the end."""
    return range(0, max(1, length - WINDOW + HOP), HOP)


def _names(reference: Reference) -> list[str]:
    """The classes, which the file carries with it."""
    try:
        with zipfile.ZipFile(reference.path) as archive:
            names = archive.read(LABEL_FILE).decode().splitlines()
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise WeightsError(str(reference), f"holds no {LABEL_FILE}", "give YAMNet's .tflite with its metadata"
                           ) from error
    if len(names) != CLASSES:
        raise WeightsError(str(reference), f"names {len(names)} classes", f"give YAMNet, which has {CLASSES}")
    return names


def load(reference: Reference, modality: str, options: LoadOptions) -> Yamnet:
    """Load the file."""
    return Yamnet(reference)
