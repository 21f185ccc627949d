"""The kinds of models that a reference can name: which file reads them, what they need, what they may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One family of models.  `modules` names the file in `emocli/adapters/` by modality, `target` is what
    stands behind the colon, `extra` what `pip install 'emocli[...]'` adds (nothing for the core), `libraries`
    the distributions for the provenance, `licence` what is known of it; `hub` kinds take ids, which may end
    in a revision, and `trust` says why `--trust` is always wanted, if it is."""

    modules: Mapping[str, str]
    target: str
    what: str
    extra: str = ""
    libraries: tuple[str, ...] = ()
    licence: str = "its own"
    hub: bool = False
    trust: str = ""

    @property
    def install(self) -> str:
        """The command that installs what it needs."""
        return f"pip install 'emocli[{self.extra}]'" if self.extra else "pip install emocli"


#: The kind of what ships with emocli.
BUILTIN = "builtin"
KINDS: dict[str, Kind] = {
    BUILTIN: Kind(dict.fromkeys(("face", "voice", "text"), "builtin"), "NAME",
                  "default; fast, accurate or cascade (voice), fast or accurate (text)",
                  libraries=("torch", "ai-edge-litert"), licence="see above"),
    "keras": Kind({"face": "keras_faces", "voice": "keras_sounds"}, "FILE",
                  "a .keras, .h5 or .hdf5 classifier", libraries=("keras", "tensorflow")),
    "keras-json": Kind({"face": "keras_faces"}, "DIR", "the json of Keras 2 and its weights",
                       libraries=("keras", "tensorflow")),
    "onnx": Kind({"face": "onnx_faces", "voice": "exported", "text": "exported"}, "FILE",
                 "an .onnx classifier, or what `emocli export` made", extra="onnx",
                 libraries=("onnx", "onnxruntime")),
    "torchscript": Kind({"face": "torchscript_faces", "voice": "exported", "text": "exported"}, "FILE",
                        "a traced classifier, or what `emocli export` made", libraries=("torch",),
                        trust="a TorchScript file is a program"),
    "hf": Kind({"face": "hugging_face_images", "voice": "hugging_face_sounds",
                "text": "hugging_face_texts"}, "ID[@REVISION]", "a classifier of transformers, or its folder",
               extra="hf", libraries=("transformers", "torch"), licence="see its card", hub=True),
    "kobert-concat": Kind({"text": "kobert_concat"}, "DIR", "the three-modality project's head over KoBERT",
                          extra="hf", libraries=("transformers", "torch")),
    "pyaudio": Kind({"voice": "pyaudio_folder"}, "DIR", "the diary app's pytorch_model.pth and labels.json",
                    libraries=("torch", "librosa")),
    "yamnet": Kind({"voice": "yamnet"}, "FILE", "YAMNet's .tflite: laughter, crying, screams, shouts",
                   libraries=("ai-edge-litert",), licence="Apache-2.0"),
    "whisper-encoder": Kind({"voice": "skops_sounds"}, "SIZE_OR_FILE",
                            "a classifier over Whisper's encoder, by `emocli train voice`",
                            extra="skops", libraries=("scikit-learn", "skops", "torch")),
    "emotion2vec": Kind({"voice": "funasr_sounds"}, "ID[@REVISION]", "emotion2vec by FunASR, nine classes",
                        extra="funasr", libraries=("funasr", "torch"), licence="see its card", hub=True,
                        trust="FunASR runs what the model's config.yaml says"),
    "speechbrain": Kind({"voice": "speechbrain_sounds"}, "ID[@REVISION]",
                        "a recogniser of SpeechBrain (foreign_class)", extra="speechbrain",
                        libraries=("speechbrain", "torch"), licence="see its card", hub=True,
                        trust="foreign_class runs the Python file that comes with the model"),
    "opensmile": Kind({"voice": "skops_sounds"}, "[MODEL]",
                      "a classifier over openSMILE's eGeMAPS, by `emocli train voice`",
                      extra="opensmile", libraries=("opensmile", "scikit-learn", "skops"),
                      licence="openSMILE: research only"),
}
#: Names for what would be long to write.
KNOWN: dict[str, str] = {
    "voice-small": "builtin:fast",
    "text-small": "builtin:fast",
    "diary-text": "hf:HyukII/text-emotion-model",
    "goemotions": "hf:SamLowe/roberta-base-go_emotions",
    "emotion2vec-plus": "emotion2vec:iic/emotion2vec_plus_base",
    "wav2vec2-iemocap": "speechbrain:speechbrain/emotion-recognition-wav2vec2-IEMOCAP",
}
