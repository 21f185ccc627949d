"""Words and their times from Whisper, one stretch of speech at a time.

Only what speech activity found is given to Whisper, in pieces of at most half a minute: it then
has no silence to invent words over, and memory does not grow with the video.  What it still
invents is dropped by its own no-speech score and by speech activity at the words' times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emocli import weights
from emocli.errors import WeightsError
from emocli.media.audio import Sound
from emocli.options import torch_device
from emocli.timeline.run import Run
from emocli.timeline.types import Utterance, Word
from emocli.transcript.activity import overlap

#: The sizes that `models list` names; Whisper knows more.
SIZES = ("tiny", "base", "small", "medium", "large-v3", "turbo")
#: Seconds of sound given to Whisper at once, its own window.
WINDOW = 30.0
#: Whisper's no-speech score from which, with a poor mean log probability, a segment is dropped.
NO_SPEECH, POOR_LOGPROB = 0.6, -1.0
#: Share of a segment that must be speech, and text that repeats itself this much is invented.
MIN_SPEECH, MAX_COMPRESSION = 0.2, 2.4
#: Positions of text that a checkpoint may have at most; Whisper's own have 448.
MOST_POSITIONS = 4096


def weight(size: str) -> weights.Weight:
    """The entry that would stand in the manifest for one of Whisper's own checkpoints."""
    import whisper

    url = whisper._MODELS.get(size)
    if url is None:
        raise WeightsError(size, "Whisper has no model of this name",
                           f"give a .pt or one of {', '.join(whisper.available_models())}")
    *_, sha256, file = url.split("/")  # its address holds its checksum
    return weights.Weight(name=f"whisper-{size}", file=f"whisper/{file}", sha256=sha256, size=0,
                          licence="MIT",
                          source="OpenAI Whisper (Radford et al. 2022)", url=url, mirror=f"whisper/{file}")


def cached(size: str) -> Path | None:
    """Where a checkpoint lies already: in our cache, or in that of the `whisper` program."""
    ours = weight(size).path
    return next((p for p in (ours, Path.home() / ".cache" / "whisper" / ours.name) if p.is_file()), None)


def locate(name: str, *, offline: bool, progress: bool | weights.Report = False) -> Path:
    """Path of a Whisper checkpoint: a `.pt`, a size in the cache, or one to be pulled.

    Raises `WeightsError` when it cannot be had.
    """
    if name.endswith(".pt"):
        if not Path(name).is_file():
            raise WeightsError(name, "no such Whisper checkpoint", "check the path given to --asr-model")
        return Path(name)
    path = cached(name)
    if not path and offline:
        raise WeightsError(f"whisper {name}", "is not in the cache, and --offline forbids fetching it",
                           f"run `emocli models pull whisper-{name}` with a network")
    return path or weights.fetch(weight(name), progress=progress)


def load(path: Path, device: str = "cpu") -> Any:
    """A `whisper.model.Whisper` from a checkpoint with `dims` and `model_state_dict`.

    Before memory is taken, its sizes must be those of its tensors, and these must lie in the file.
    """
    import torch
    from whisper.model import ModelDimensions, Whisper

    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        state = checkpoint["model_state_dict"]
        if sum(tensor.numel() * tensor.element_size() for tensor in state.values()) > path.stat().st_size:
            raise ValueError("its tensors are larger than the file")
        dims = ModelDimensions(**checkpoint["dims"])
        _check(dims, state)
        model = Whisper(dims)
        model.load_state_dict(state)
    except Exception as error:
        raise WeightsError(path, f"is not a Whisper checkpoint ({str(error)[:120]})",
                           "fetch it again, or give another --asr-model") from error
    return model.eval().to(device)


def _check(dims: Any, state: Mapping[str, Any]) -> None:
    """Raise `ValueError` where sizes are not the tensors'; networks on "meta" have shapes but no memory."""
    import torch
    from whisper.model import AudioEncoder, TextDecoder

    sound = dims.n_mels, dims.n_audio_ctx, dims.n_audio_state, dims.n_audio_head, dims.n_audio_layer
    words = dims.n_vocab, dims.n_text_ctx, dims.n_text_state, dims.n_text_head, dims.n_text_layer
    if not all(isinstance(size, int) and size > 0 for size in (*sound, *words)):
        raise ValueError("a size is no positive number")
    (_, _, width, heads, layers), (_, positions, text_width, text_heads, text_layers) = sound, words
    if (positions > MOST_POSITIONS or heads > width or text_heads > text_width
            or layers + text_layers > len(state)):
        raise ValueError("its sizes are out of bounds")
    with torch.device("meta"):
        parts = {"encoder": AudioEncoder(*sound), "decoder": TextDecoder(*words)}
    shapes = {f"{name}.{key}": tensor.shape for name, part in parts.items()
              for key, tensor in part.state_dict().items()}
    if shapes != {key: tensor.shape for key, tensor in state.items()}:
        raise ValueError("its sizes are not those of its tensors")


class Recogniser:
    """Whisper, loaded when there is speech for the first time and kept."""

    def __init__(self, name: str = "base", *, device: str = "cpu", offline: bool = False) -> None:
        self._name, self._device, self._offline = name, device, offline
        self._model: Any = None
        self._weights: dict[str, Mapping[str, str]] = {}

    def transcribe(self, run: Run, sound: Sound, speech: Sequence[Utterance], *, language: str) \
            -> list[Utterance]:
        """Utterances with words; raises `WeightsError` when there is no Whisper."""
        if self._model is None:
            with run.stage("loading Whisper"):
                path = locate(self._name, offline=self._offline,
                              progress=lambda share: run.report("download", share))
                self._model = load(path, torch_device(self._device))
                self._weights = weights.of_file(
                    f"whisper-{path.stem}", path, "unknown" if self._name.endswith(".pt") else "MIT")
        run.uses("openai-whisper", "torch", weights=self._weights)
        with run.stage("hearing words"), stopping(self._model, run.check):
            return transcribe(self._model, sound, speech, language=language,
                              progress=lambda seconds: run.progress("transcript", seconds))


@contextmanager
def stopping(model: Any, check: Callable[[], None]) -> Iterator[None]:
    """Call `check`, which may raise, before every pass of Whisper; half a minute takes hundreds."""
    hooks = [part.register_forward_pre_hook(lambda *_: check()) for part in (model.encoder, model.decoder)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def windows(speech: Sequence[Utterance]) -> list[tuple[float, float]]:
    """Stretches of at most WINDOW seconds that cover all speech and begin and end in silence."""
    joined: list[list[float]] = []
    for u in speech:
        if joined and u.end - joined[-1][0] <= WINDOW - 1:
            joined[-1][1] = u.end
        else:
            joined.append([u.start, u.end])
    return [(max(0.0, a - 0.2), b + 0.2) for a, b in joined]


def transcribe(model: Any, sound: Sound, speech: Sequence[Utterance], *, language: str = "auto",
               progress: Callable[[float], None] = lambda seconds: None) -> list[Utterance]:
    """Utterances with word times, on the video's clock, of everything that is speech."""
    import whisper

    utterances: list[Utterance] = []
    chosen = None if language == "auto" else language
    for start, end in windows(speech):
        result = whisper.transcribe(model, sound.read(start, end), language=chosen, word_timestamps=True,
                                    condition_on_previous_text=False, fp16=False, verbose=None,
                                    no_speech_threshold=NO_SPEECH, logprob_threshold=POOR_LOGPROB)
        utterances += believable(result, start, end, speech)
        progress(end)
    return utterances


def believable(result: dict[str, Any], offset: float, end: float,
               speech: Sequence[Utterance]) -> Iterator[Utterance]:
    """The segments of a Whisper result that speech activity and its own scores support."""
    for segment in result["segments"]:
        words = tuple(Word(offset + float(w["start"]), offset + float(w["end"]), w["word"].strip())
                      for w in segment.get("words", []) if w["word"].strip())
        start = words[0].start if words else offset + float(segment["start"])
        stop = min(end, words[-1].end if words else offset + float(segment["end"]))
        text = segment["text"].strip()
        if not text or stop - start < 0.02:
            continue
        if segment.get("no_speech_prob", 0) > NO_SPEECH and segment.get("avg_logprob", 0) < POOR_LOGPROB:
            continue
        if segment.get("compression_ratio", 1) > MAX_COMPRESSION or overlap(start, stop, speech) < MIN_SPEECH:
            continue
        yield Utterance(start, stop, text, words, result.get("language") or "", "whisper")
