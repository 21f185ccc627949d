"""The options of an analysis: one frozen value, one table of defaults and bounds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from emocli.errors import EmocliError, UsageError

DEVICES = ("auto", "cpu", "cuda")
#: Which library runs Whisper: faster-whisper on a CPU, openai-whisper on a GPU or for a `.pt`.
ASR_ENGINES = ("auto", "faster", "openai")
#: Which weights each way of reading the voice takes, the one that is asked first before the one that it asks.
VOICE_MODES = {"fast": ("voice-small",), "accurate": ("voice",), "cascade": ("voice-small", "voice")}


@dataclass(frozen=True)
class AnalyzeOptions:
    """How to analyse.  `face_fps` is in pictures a second; `transcript` is "auto", "none" or a
    subtitle file; `asr_model` a Whisper size, the folder of a model of faster-whisper or the path of a `.pt`;
    `asr_engine` is one of ASR_ENGINES; `language` "auto" or an ISO 639-1 code; `smooth` blends each row
    lightly with its neighbours;
    `blendshapes` also measures the faces' 52 blendshapes and the heads' pose;
    `voice_mode` is one of VOICE_MODES, or "auto", which takes "fast" on a busy machine; `voice_baseline` is a
    recording of the speaker, talking neutrally; `commercial` keeps to weights that may be used commercially,
    and so leaves the face out."""

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
    commercial: bool = False
    blendshapes: bool = False

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
        if self.voice_baseline and not Path(self.voice_baseline).is_file():
            raise UsageError(self.voice_baseline, "no such recording",
                             "give --voice-baseline a sound file or a video")
        code = self.language
        if code != "auto" and not (code.isascii() and code.isalpha() and 2 <= len(code) <= 3):
            raise UsageError("--language", f"{code} is no language code", "give auto, en, ko, ...")
        if self.transcript not in ("auto", "none") and not Path(self.transcript).is_file():
            raise UsageError(self.transcript, "no such subtitle file", "give auto, none or an .srt/.vtt file")


def torch_device(device: str) -> str:
    """What PyTorch calls the options' `device`.  Raises `EmocliError` when "cuda" cannot be had."""
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise EmocliError("--device cuda", "this PyTorch sees no GPU", "use --device auto")
    return device if device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
