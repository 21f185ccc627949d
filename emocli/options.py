"""The options of an analysis: one frozen value, one table of defaults and bounds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from emocli.errors import EmocliError, UsageError
from emocli.language_codes import code_of

DEVICES = ("auto", "cpu", "cuda")
#: Which library runs Whisper: faster-whisper on a CPU, openai-whisper on a GPU or for a `.pt`.
ASR_ENGINES = ("auto", "faster", "openai")
#: Most speakers that can be asked for, and that are told apart.
MOST_SPEAKERS = 20
#: Which weights each way of reading the voice takes, the one that is asked first before the one that it asks.
VOICE_MODES = {"fast": ("voice-small",), "accurate": ("voice",), "cascade": ("voice-small", "voice")}

#: The entry of the manifest that hears for the networks over a pretrained ear.
EAR = "whisper-encoder"
#: Voice networks that read what it hears; the others read functionals of spectrograms.
HEARD_BY_EAR = ("voice", "voice-permissive")

#: Which weights each way of reading the words takes.
TEXT_MODES = {"fast": ("text-small",), "accurate": ("text-en", "text-ko", "text-small")}


@dataclass(frozen=True)
class AnalyzeOptions:
    """How to analyse.  `face_fps` is in pictures a second; `transcript` is "auto", "none" or a
    subtitle file; `asr_model` a Whisper size, the folder of a model of faster-whisper or the path of a `.pt`;
    `asr_engine` is one of ASR_ENGINES; `language` "auto" or a language code, kept as ISO 639-1; `smooth`
    blends each row lightly with its neighbours; `voice_mode` is one of VOICE_MODES, or "auto", which takes
    "fast" on a busy machine; `voice_baseline` is a recording of the speaker, talking neutrally, of one of
    several as "S1=FILE"; `speakers` tells them apart: "auto", "off", how many there are, or an .rttm file
    that says who speaks when; `text_mode` is one of TEXT_MODES; `commercial` keeps to weights that may be
    used commercially, and so leaves the face out; `blendshapes` also measures the faces' 52 blendshapes and
    the heads' pose.  `face`, `voice` and `text` name the models that read them (docs/models.md), `labels` is
    the file that maps their labels, `weights` the shares of an ensemble, `features` what a Keras model of the
    voice takes, `fusion` a weights file of the head; `trust` allows what would run code or unpickle."""

    face_fps: float = 5.0
    transcript: str = "auto"
    asr_model: str = "base"
    asr_engine: str = "auto"
    language: str = "auto"
    device: str = "auto"
    offline: bool = False
    smooth: bool = True
    voice_mode: str = "accurate"
    voice_baseline: str = ""
    speakers: str = "auto"
    text_mode: str = "accurate"
    commercial: bool = False
    blendshapes: bool = False
    face: str = "builtin:default"
    voice: str = "builtin:default"
    text: str = "builtin:default"
    labels: str = ""
    weights: tuple[float, ...] = ()
    features: str = ""
    fusion: str = ""
    trust: bool = False

    def __post_init__(self) -> None:
        if not 0.1 <= self.face_fps <= 60:
            raise UsageError("--face-fps", f"{self.face_fps:g} is out of bounds", "give 0.1 to 60")
        if self.device not in DEVICES:
            raise UsageError("--device", f"{self.device} is unknown", f"give one of {', '.join(DEVICES)}")
        if self.asr_engine not in ASR_ENGINES:
            raise UsageError("--asr-engine", f"{self.asr_engine} is unknown",
                             f"give one of {', '.join(ASR_ENGINES)}")
        if self.voice_mode not in (*VOICE_MODES, "auto"):
            raise UsageError("--voice-mode", f"{self.voice_mode} is unknown",
                             f"give one of {', '.join(VOICE_MODES)}, auto")
        if self.text_mode not in TEXT_MODES:
            raise UsageError("--text-mode", f"{self.text_mode} is unknown",
                             f"give one of {', '.join(TEXT_MODES)}")
        recording = baseline_of(self.voice_baseline)[1]
        if self.voice_baseline and not recording.is_file():
            raise UsageError(recording, "no such recording",
                             "give --voice-baseline a sound file or a video, or S1=FILE for one of several")
        _check_speakers(self.speakers)
        if self.fusion and not Path(self.fusion).is_file():
            raise UsageError(self.fusion, "no such weights of fusion",
                             "train them with `emocli train fusion`")
        if any(not 0 < share <= 1e6 for share in self.weights):
            raise UsageError("--weights", "an ensemble's shares are above 0", "give them as 0.6,0.4")
        object.__setattr__(self, "weights", tuple(self.weights))  # as a list, they come from JSON
        if self.language.lower() != "auto":
            code = code_of(self.language)
            if not code:
                raise UsageError("--language", f"{self.language} is no language code",
                                 "give auto, or a code of ISO 639: en, ko, ja, ...")
            object.__setattr__(self, "language", code)
        if self.transcript not in ("auto", "none") and not Path(self.transcript).is_file():
            raise UsageError(self.transcript, "no such subtitle file",
                             "give auto, none or an .srt, .vtt or .ass file")


def _check_speakers(wanted: str) -> None:
    """Raise `UsageError` unless it is auto, off, a number or a file."""
    count = speaker_count(wanted)
    if count is not None and not 1 <= count <= MOST_SPEAKERS:
        raise UsageError("--speakers", f"{count} is out of bounds", f"give 1 to {MOST_SPEAKERS}")
    if count is None and wanted not in ("auto", "off") and not Path(wanted).is_file():
        raise UsageError("--speakers", f"{wanted} is no number and no such file",
                         "give auto, off, 2, 3, ... or an .rttm file")


def speaker_count(wanted: str) -> int | None:
    """The number that the option `speakers` gives, or None."""
    return int(wanted) if re.fullmatch("[0-9]{1,6}", wanted) else None


def baseline_of(text: str) -> tuple[str, Path]:
    """Whom the option `voice_baseline` enrols ("" for everybody) and from which recording: `S1=me.wav`."""
    named = re.fullmatch(r"(S[1-9][0-9]*)=(.+)", text)
    return (named[1], Path(named[2])) if named and not Path(text).is_file() else ("", Path(text))


def torch_device(device: str) -> str:
    """What PyTorch calls the options' `device`.  Raises `EmocliError` when "cuda" cannot be had."""
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise EmocliError("--device cuda", "this PyTorch sees no GPU", "use --device auto")
    return device if device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
