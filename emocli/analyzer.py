"""One path in, one `Timeline` out: the only file that knows every stage."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

import emocli
from emocli import weights
from emocli.adapters.reader import failures
from emocli.adapters.selection import shipped
from emocli.errors import InputError
from emocli.options import AnalyzeOptions
from emocli.timeline.flags import flags_of
from emocli.timeline.gaps import at_changes
from emocli.timeline.run import Progress, Read, Reader, Run, Speech
from emocli.timeline.segments import tidy, tile
from emocli.timeline.smoothing import smooth
from emocli.timeline.types import Row, Segment, Timeline

if TYPE_CHECKING:
    from emocli.fusion.head import Fusion
    from emocli.media.audio import Sound
    from emocli.transcript.choose import Transcript


class Analyzer:
    """Keeps the models loaded for many videos; what belongs to one video is in its `Run`.

    `readers` are the modalities in the order of their columns, those that ship if left out; `fusion` is a
    weights file of the head that joins them.  A context manager; use from one thread.  Raises `WeightsError`
    when our weights are missing or damaged, and as `selection.shipped` does.
    """

    def __init__(self, options: AnalyzeOptions | None = None, *, readers: Sequence[Reader] | None = None,
                 fusion: Path | None = None) -> None:
        from emocli.speakers.diarizer import Diarizer
        from emocli.transcript.asr import Transcriber

        self.options = options or AnalyzeOptions()
        self.readers = shipped(self.options) if readers is None else tuple(readers)
        fusion = fusion or (Path(self.options.fusion) if self.options.fusion else None)
        self._head = "fusion-permissive" if self.options.commercial else "fusion"
        self._weights = weights.record(self._head) if fusion is None else weights.of_file("fusion", fusion)
        self._fusion_path = fusion or weights.resolve(self._head, commercial=self.options.commercial)
        self._fusion: Fusion | None = None
        self._transcriber = Transcriber(self.options)
        self._diarizer = Diarizer(self.options)

    def __enter__(self) -> Analyzer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End what readers have started; the analyzer can be used again and would start it anew."""
        for reader in self.readers:
            reader.close()

    @property
    def left_out(self) -> list[str]:
        """The models that cannot be used, by what their errors name."""
        return [error.subject for reader in self.readers for error in failures(reader) if error]

    def analyze(self, path: str | Path, progress: Progress = lambda stage, share: None) -> Timeline:
        """Analyse one media file.

        Raises `InputError` when it cannot be read.  Readers take in what they need of it, each in a thread
        of its own, while the sound is decoded and transcribed; the first failure stops all.
        """
        from emocli.media.probe import probe

        run = Run(probe(Path(path)), progress)
        with run.stage("the analysis"), ExitStack() as stack:
            transcript, reads = self._observe(run, stack)
            if run.duration <= 0:
                raise InputError(run.info.path, "holds no picture and no sound that can be decoded",
                                 "check that it plays in a media player")
            if run.broken:
                run.note(f"{run.broken} broken packets were passed over")
            rows = self._rows(run, tile(run.speech.utterances, run.duration, at_changes(run.faces)), reads)
        return Timeline(media=replace(run.info, duration=run.duration), rows=rows, faces=run.faces,
                        transcript_source=transcript.source, language=transcript.language,
                        provenance=self._provenance(run), notes=tuple(run.notes))

    def _observe(self, run: Run, stack: ExitStack) -> tuple[Transcript, list[Read]]:
        """What is said and what every reader has taken in; `stack` keeps the sound open."""
        def stop_others(observing: Future[Read]) -> None:
            if error := observing.exception():
                run.stop(error)

        # two threads that import parts of scipy at once can find it half made
        import scipy.optimize  # noqa: F401

        with ThreadPoolExecutor(len(self.readers) or 1, "emocli-reader") as pool:
            try:
                observing = [pool.submit(reader.observe, run) for reader in self.readers]
                for future in observing:
                    future.add_done_callback(stop_others)
                transcript = self._transcribe(run, stack.enter_context(_decode(run)))
                return transcript, [run.wait(future) for future in observing]
            except BaseException as error:
                run.stop(error)
                raise run.failure or error from None

    def _transcribe(self, run: Run, sound: Sound) -> Transcript:
        from emocli.transcript import choose

        transcript = choose.transcribe(run, sound, self._transcriber, wanted=self.options.transcript,
                                       spoken=self.options.language)
        run.details["transcript"] = transcript.detail
        utterances = tidy(self._diarizer.assign(run, sound, transcript.utterances), math.inf)
        run.speech = Speech(utterances, transcript.language, sound, transcript.activity)
        return transcript

    def _rows(self, run: Run, segments: Sequence[Segment], reads: Sequence[Read]) -> tuple[Row, ...]:
        by_reader = {r.modality: read(segments) for r, read in zip(self.readers, reads, strict=True)}
        readings = [{name: answers[i] for name, answers in by_reader.items()} for i in range(len(segments))]
        if self._fusion is None:
            from emocli.fusion.head import Fusion

            self._fusion = Fusion(self._fusion_path)
        run.uses("numpy", "safetensors", "torch", weights=self._weights)
        scores = self._fusion.scores(readings)
        if self.options.smooth:
            starts, ends = np.array([(s.start, s.end) for s in segments]).T
            scores = smooth(scores, starts, ends)
        return tuple(Row(s.start, s.end, s.utterance, fused, row, flags_of(s, fused, row))
                     for s, fused, row in zip(segments, scores, readings, strict=True))

    def _provenance(self, run: Run) -> dict[str, Any]:
        return {"emocli": emocli.__version__, "options": asdict(self.options), **run.details,
                "weights": dict(run.weights), "libraries": dict(sorted(run.libraries.items()))}


def _decode(run: Run) -> Sound:
    from emocli.media.audio import decode

    with run.stage("decoding the sound"):
        for seconds, so_far in decode(run.info):
            sound = so_far
            run.progress("sound", seconds)
        run.progress("sound", run.info.duration)
    run.uses("av")
    run.reached(sound.duration, sound.broken)
    return sound


def analyze(path: str | Path, **options: Any) -> Timeline:
    """Analyse one media file; keyword arguments are those of `AnalyzeOptions`."""
    with Analyzer(AnalyzeOptions(**options)) as analyzer:
        return analyzer.analyze(path)
