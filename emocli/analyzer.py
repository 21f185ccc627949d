"""One path in, one `Timeline` out: the only file that knows every stage."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

import emocli
from emocli import weights
from emocli.errors import EmocliError, InputError, WeightsError
from emocli.options import VOICE_MODES, AnalyzeOptions
from emocli.timeline.segments import tidy, tile
from emocli.timeline.smoothing import smooth
from emocli.timeline.types import (
    MODALITIES,
    FaceObservation,
    MediaInfo,
    Reading,
    Row,
    Segment,
    Timeline,
    Utterance,
)

if TYPE_CHECKING:
    from emocli.face.detect import Detector
    from emocli.face.process import FaceProcess
    from emocli.fusion.head import Fusion
    from emocli.media.audio import Sound
    from emocli.text.reader import TextReader
    from emocli.transcript.choose import Transcript
    from emocli.voice.reader import VoiceReader

log = logging.getLogger("emocli")

#: Told the stage (faces, sound, transcript, voice, or download) and the share of it that is done, 0..1.
Progress = Callable[[str, float], None]
#: A row whose fused confidence is lower is flagged `low_confidence`.
LOW_CONFIDENCE = 0.4
#: A modality is sure from this score; sure ones that disagree make a row `mixed`.
SURE = 0.5


class StoppedError(Exception):
    """Raised inside a stage when another has failed or the user has interrupted."""


class Analyzer:
    """Keeps the models loaded for many videos.  A context manager; use from one thread.

    Raises `WeightsError` when our own weights are missing or damaged.
    """

    def __init__(self, options: AnalyzeOptions | None = None) -> None:
        self.options = options or AnalyzeOptions()
        self._process: FaceProcess | None = None
        self._detector: Detector | None = None
        self._voice: VoiceReader | None = None
        self._text: TextReader | None = None
        self._fusion: Fusion | None = None
        self._whisper: Any = None
        self._notes: list[str] = []
        self._face = "face" if self.options.device == "cuda" else "face-litert"
        self._voices, self._head = (("voice-permissive",), "fusion-permissive") if self.options.commercial else (
            VOICE_MODES[voice_mode(self.options.voice_mode)], "fusion")
        used = (*(() if self.options.commercial else (self._face,)), *self._voices, "text", self._head)
        self._paths = {name: weights.resolve(name, commercial=self.options.commercial) for name in used}
        self._enrolled: list[np.ndarray] | None = None

    def __enter__(self) -> Analyzer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the face process; the analyzer can be used again and would start a new one."""
        if self._process:
            self._process.close()
            self._process = self._detector = None

    def analyze(self, path: str | Path, progress: Progress = lambda stage, share: None) -> Timeline:
        """Analyse one media file.

        Raises `InputError` when it cannot be read.  Faces are looked at in a thread of their own
        while the sound is decoded, transcribed and read.
        """
        from emocli.media.probe import probe

        info = probe(Path(path))
        looked_at = replace(info, has_video=False) if self.options.commercial and info.has_video else info
        stop = [False]

        def told(stage: str) -> Callable[[float], None]:
            def report(seconds: float) -> None:
                if stop[0]:
                    raise StoppedError
                progress(stage, min(1.0, seconds / info.duration) if info.duration else 1.0)
            return report

        if looked_at.has_video:
            self._start_faces()
        with ThreadPoolExecutor(1, thread_name_prefix="emocli-pictures") as pool:
            pictures = pool.submit(self._faces, looked_at, told("faces"))
            try:
                with self._decode(info, told("sound")) as sound:
                    transcript = self._transcript(info, sound, told("transcript"),
                                                  lambda share: progress("download", share))
                    spoken = tidy(transcript.utterances, math.inf)
                    self._enrol()
                    heard = self._heard(spoken, sound, transcript.language, told("voice"))
                    duration, broken = sound.duration, sound.broken
                observed, end, broken_pictures = pictures.result()
            except BaseException:
                stop[0] = True
                self.close()
                raise
        duration, broken = max(duration, end), broken + broken_pictures
        unseen = looked_at is not info
        if unseen:
            duration = max(duration, info.duration)
        if duration <= 0:
            raise InputError(info.path, "holds no picture and no sound that can be decoded",
                             "check that it plays in a media player")
        info = replace(info, duration=duration)
        notes = [*info.notes, *self._notes, *transcript.notes]
        if unseen:
            notes.append("the face is not read: no weights for it may be used commercially")
        if broken:
            notes.append(f"{broken} broken packets were passed over")
        segments = tile(spoken, duration)
        return Timeline(media=info, rows=self._rows(segments, heard, observed, looked_at),
                        faces=observed, transcript_source=transcript.source,
                        language=transcript.language, provenance=self._provenance(transcript),
                        notes=tuple(notes))

    def _start_faces(self) -> None:
        if self._process:
            return
        from emocli.face.process import FaceProcess

        self._process = FaceProcess(self._paths[self._face], device=self.options.device)
        from emocli.face.detect import YuNet

        try:
            self._detector = YuNet(weights.resolve("yunet", offline=self.options.offline))
        except WeightsError as error:
            from emocli.face.reader import ProcessDetector

            self._detector = ProcessDetector(self._process)
            self._notes.append(f"faces are found by mtcnn, slower than yunet: {error}")

    def _faces(self, info: MediaInfo, report: Callable[[float], None]) \
            -> tuple[Sequence[FaceObservation], float, int]:
        if not info.has_video:
            return (), 0.0, 0
        from emocli.face.reader import observe
        from emocli.media.frames import ContainerPool, FrameStream, chunks

        assert self._detector is not None
        assert self._process is not None
        rate = self.options.face_fps
        with ContainerPool(info, rate) as pool:
            streams = [FrameStream(info, rate, part, pool) for part in chunks(info, rate)]
            observed = observe(streams, self._detector, self._process, progress=report,
                               temperature=weights.manifest()[self._face].temperature)
        report(info.duration)
        return observed, max(s.end for s in streams), sum(s.broken for s in streams)

    def _decode(self, info: MediaInfo, report: Callable[[float], None]) -> Sound:
        from emocli.media.audio import decode

        for seconds, so_far in decode(info):
            report(seconds)
            sound = so_far
        report(info.duration)
        return sound

    def _transcript(self, info: MediaInfo, sound: Sound, report: Callable[[float], None],
                    fetching: Callable[[float], None]) -> Transcript:
        from emocli.transcript import choose

        found = choose.written(info, self.options.transcript)
        if found is None or found.source == "none":
            language = self.options.language
            again = choose.heard(sound, wanted=self.options.transcript, model=lambda: self._load_whisper(fetching),
                                 language=language, progress=report)
            found = replace(again, notes=(found.notes if found else ()) + again.notes)
        report(info.duration)
        language = found.language if self.options.language == "auto" else self.options.language
        if not language:
            from emocli.text.language import detect

            language = detect([u.text for u in found.utterances])
        return replace(found, language=language,
                       utterances=tuple(replace(u, language=language) for u in found.utterances))

    def _load_whisper(self, fetching: Callable[[float], None]) -> Any:
        if self._whisper is None:
            from emocli.transcript import asr

            path = asr.locate(self.options.asr_model, offline=self.options.offline, progress=fetching)
            self._whisper = asr.load(path, self._torch_device())
        return self._whisper

    def _torch_device(self) -> str:
        import torch

        if self.options.device == "cuda" and not torch.cuda.is_available():
            raise EmocliError("--device cuda", "this PyTorch sees no GPU", "use --device auto")
        wanted = self.options.device
        return wanted if wanted != "auto" else "cuda" if torch.cuda.is_available() else "cpu"

    def _load_readers(self) -> tuple[VoiceReader, TextReader, Fusion]:
        from emocli.fusion.head import Fusion
        from emocli.text.reader import TextReader
        from emocli.voice import reader as voice

        self._voice = self._voice or voice.load(self._voices, device=self._torch_device())
        self._text = self._text or TextReader(self._paths["text"], temperature=weights.manifest()["text"].temperature)
        self._fusion = self._fusion or Fusion(self._paths[self._head])
        return self._voice, self._text, self._fusion

    def _heard(self, spoken: Sequence[Utterance], sound: Sound, language: str,
               report: Callable[[float], None]) -> list[tuple[Reading, Reading]]:
        """Voice and words of every utterance; needs no pictures, so it runs beside them."""
        voice, text, _ = self._load_readers()
        cues = [Segment(u.start, u.end, u) for u in spoken]
        voices = voice.read(cues, sound, report, enrolled=self._enrolled or ())
        report(math.inf)
        return list(zip(voices, text.read(cues, language), strict=True))

    def _enrol(self) -> None:
        """Hear the recording of the speaker once, if there is one."""
        if not self.options.voice_baseline or self._enrolled is not None:
            return
        from emocli.media.probe import probe
        from emocli.transcript import activity
        from emocli.voice import reader as voice

        recording = Path(self.options.voice_baseline)
        with self._decode(probe(recording), lambda seconds: None) as sound:
            spoken = activity.utterances(activity.probabilities(sound.blocks(30.0)), sound.duration)
            self._enrolled = voice.enrol(spoken, sound)
        if not self._enrolled:
            raise InputError(recording, "no speech was heard in it",
                             "give --voice-baseline a recording of the speaker, talking neutrally")

    def _rows(self, segments: Sequence[Segment], heard: Sequence[tuple[Reading, Reading]],
              observed: Sequence[FaceObservation], info: MediaInfo) -> tuple[Row, ...]:
        from emocli.face.reader import FaceReader

        _, _, fusion = self._load_readers()
        reader = FaceReader(observed, rate=self.options.face_fps, has_video=info.has_video)
        silence = (Reading("voice", reason="nobody speaks"), Reading("text", reason="no words"))
        utterances = iter(heard)
        readings = [dict(zip(MODALITIES, (face, *(next(utterances) if s.utterance else silence)), strict=True))
                    for s, face in zip(segments, reader.read(segments), strict=True)]
        scores = fusion.scores(readings)
        if self.options.smooth:
            scores = smooth(scores, np.array([s.start for s in segments]), np.array([s.end for s in segments]))
        return tuple(Row(s.start, s.end, s.utterance, fused, r, flags_of(s, fused, r, many_faces=reader.many(s)))
                     for s, fused, r in zip(segments, scores, readings, strict=True))

    def _provenance(self, transcript: Transcript) -> dict[str, Any]:
        table = weights.manifest()
        used = {name: {"file": table[name].file, "sha256": table[name].sha256, "licence": table[name].licence}
                for name in self._paths}
        detector = self._detector.name if self._detector else "none"
        if detector == "yunet":
            used["yunet"] = {"file": table["yunet"].file, "sha256": table["yunet"].sha256,
                             "licence": table["yunet"].licence}
        return {"emocli": emocli.__version__, "options": asdict(self.options), "weights": used,
                "detector": detector, "transcript": transcript.detail}


def voice_mode(wanted: str) -> str:
    """What "auto" stands for: "fast" when other programs leave less than a core free, else "accurate"."""
    if wanted != "auto":
        return wanted
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return "fast" if (os.cpu_count() or 1) - busy < 1 else "accurate"


def flags_of(segment: Segment, fused: np.ndarray, readings: dict[str, Reading], *, many_faces: bool) -> tuple[str, ...]:
    """The flags of a row, in the order that the README explains them."""
    sure = {r.emotion for r in readings.values() if r.present and r.confidence >= SURE}
    tests = {"no_face": not readings["face"].present, "many_faces": many_faces,
             "no_speech": segment.utterance is None or not (readings["voice"].present or readings["text"].present),
             "low_confidence": float(fused.max()) < LOW_CONFIDENCE, "mixed": len(sure) > 1}
    return tuple(name for name, holds in tests.items() if holds)


def analyze(path: str | Path, **options: Any) -> Timeline:
    """Analyse one media file; keyword arguments are those of `AnalyzeOptions`."""
    with Analyzer(AnalyzeOptions(**options)) as analyzer:
        return analyzer.analyze(path)
