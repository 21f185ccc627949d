"""Readings from the faces of each segment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from emocli import weights
from emocli.errors import EmocliError, WeightsError
from emocli.face.detect import Detector, YuNet
from emocli.face.process import GREY, FaceProcess
from emocli.face.sampling import UtteranceFaces, loudness, plan, visible_faces
from emocli.face.speaking import Speaker, decide, weigh
from emocli.options import AnalyzeOptions
from emocli.timeline.changes import change_points, resample
from emocli.timeline.run import Read, Run
from emocli.timeline.types import FaceObservation, FaceObservations, Part, Reading, Segment

if TYPE_CHECKING:
    from emocli.face.observe import FaceNetwork
    from emocli.media.frames import Sample

#: A second person counts in a segment from this share of its pictures.
SECOND_FACE = 0.3
#: The weights that tell whose mouth moves, and why a row has no face where the speaker is not in the picture.
LANDMARKER, UNSEEN = "face-landmarker", "the speaker is not seen"
#: Where its package keeps the weights of MTCNN.
MTCNN_FILES = tuple(f"assets/weights/{net}.lz4" for net in ("pnet", "rnet", "onet"))


class ForeignFaces(Protocol):
    """Models of others that read faces, alone or beside the one that ships."""

    @property
    def failures(self) -> Sequence[EmocliError | None]:
        """Why each of them cannot be used, if so."""
        ...

    def network(self, run: Run, shipped: FaceNetwork, temperature: float) -> FaceNetwork:
        """What reads the crops of a run, of which at least one can be used."""
        ...

    def finish(self, run: Run) -> str:
        """Say what took part and what failed; why there are no readings, if so, or ""."""
        ...

    def close(self) -> None:
        """End what they have started; they may be used again."""
        ...


class FaceReader:
    """Reads the faces in the pictures, where weights for that may be used; with `foreign` models if they are
    given, which are its own to close.

    Keeps the face process and the detector for many videos.  Raises `WeightsError` when the weights are
    missing or damaged.
    """

    modality = "face"

    def __init__(self, options: AnalyzeOptions, foreign: ForeignFaces | None = None) -> None:
        self._options, self._foreign = options, foreign
        self._weights = "face" if options.device == "cuda" else "face-litert"
        self._path = None if options.commercial else weights.resolve(self._weights)
        self._process: FaceProcess | None = None
        self._yunet: YuNet | None = None
        self._no_yunet = ""

    def observe(self, run: Run) -> Read:
        """Find, follow and read all faces."""
        reason, speakers = "the file has no pictures", list[Speaker]()
        if run.info.has_video and (unusable := self._unusable(run)):
            reason = unusable
            run.reached(run.info.duration)
        elif run.info.has_video:
            with run.stage("reading faces"):
                failed = self._observe(run)
            run.progress("faces", run.info.duration)
            reason, speakers = failed or "no face was found", self._speakers(run)
        return lambda segments: read(run.faces, segments, rate=self._options.face_fps, reason=reason,
                                     speakers=speakers)

    def follow(self, run: Run, samples: Iterable[Sample]) -> Iterator[FaceObservations]:
        """What is seen in each picture of a source that is still going on, as soon as it is read."""
        from emocli.face.observe import follow

        if self._unusable(run):
            return iter(())
        process, network, temperature = self._networks(run)
        return follow(run, samples, self._detector(run, process), network, temperature=temperature)

    def close(self) -> None:
        """End the face process."""
        if self._foreign:
            self._foreign.close()
        if self._process:
            self._process.close()
            self._process = None

    @property
    def failures(self) -> Sequence[EmocliError | None]:
        """Why each of its models cannot be used, if so."""
        return self._foreign.failures if self._foreign else [None]

    def _unusable(self, run: Run) -> str:
        """Why no face can be read, if so, which the run is told, as of each model that cannot be used."""
        if not self._path:
            reason = "no weights for it may be used commercially"
            run.note(f"the face is not read: {reason}")
            return reason
        errors = [error for error in self.failures if error]
        run.notes += [f"the face is not read: {error}" for error in errors]
        return f"{self._options.face} cannot be used" if len(errors) == len(self.failures) else ""

    def _observe(self, run: Run) -> str:
        """Why there are no readings of faces that are there, if so."""
        from emocli.face.observe import observe
        from emocli.media.frames import ContainerPool, FrameStream, chunks

        process, network, temperature = self._networks(run)
        detector, rate = self._detector(run, process), self._options.face_fps
        run.uses("av", "numpy", "opencv-python-headless")
        with ContainerPool(run.info, rate) as containers:
            streams = [FrameStream(run.info, rate, part, containers) for part in chunks(run.info, rate)]
            run.faces = observe(run, streams, detector, network, temperature=temperature)
        run.reached(max(s.end for s in streams), sum(s.broken for s in streams))
        if run.faces and GREY in network.views:
            run.uses(*(("keras", "tensorflow") if self._weights == "face" else ("ai-edge-litert",)),
                     weights=weights.record(self._weights))
        return self._foreign.finish(run) if self._foreign else ""

    def _speakers(self, run: Run) -> list[Speaker]:
        """Whose face speaks in each utterance, nothing where that cannot be told; faces are described first,
        if that is wanted, while others still find out what is said."""
        if not isinstance(run.faces, FaceObservations) or not len(run.faces):
            return []
        model = self._landmarker(run) if self._options.blendshapes else None
        if model:
            from emocli.face.expression import describe

            assert self._process
            with run.stage("describing faces"):
                run.faces = describe(run, self._process, model, run.faces, self._options.face_fps)
            run.uses("ai-edge-litert", "opencv-python-headless", weights=weights.record(LANDMARKER))
        said = visible_faces(run.speech.utterances, run.faces)
        if not any(one.visible for one in said):
            return []
        if not self._options.blendshapes:
            model = self._landmarker(run)
        return self._measure(run, said, model) if model else []

    def _landmarker(self, run: Run) -> Path | None:
        try:
            return weights.resolve(LANDMARKER, offline=self._options.offline,
                                   progress=lambda share: run.report("download", share))
        except WeightsError as error:
            run.note("whose face speaks is not known, and rows show the largest one"
                     f"{', without blendshapes' if self._options.blendshapes else ''}: {error}")
            return None

    def _measure(self, run: Run, said: Sequence[UtteranceFaces], model: Path) -> list[Speaker]:
        from emocli.face.mouths import measure
        from emocli.media.audio import SAMPLE_RATE

        assert isinstance(run.faces, FaceObservations)
        assert self._process
        with run.stage("finding whose face speaks"):
            samples = plan(said, run.faces, loudness(run.speech.sound.read, SAMPLE_RATE))
            mouths = measure(run, self._process, model, run.faces, [stretch for _, stretch in samples])
            run.uses("ai-edge-litert", "scipy", weights=weights.record(LANDMARKER))
            return decide(said, weigh(samples, mouths))

    def _networks(self, run: Run) -> tuple[FaceProcess, FaceNetwork, float]:
        """The face process, what reads crops for this run, and the temperature of its logits."""
        process, temperature = self._lend(), weights.manifest()[self._weights].temperature
        if self._foreign:
            return process, self._foreign.network(run, process, temperature), 1.0
        return process, process, temperature

    def _lend(self) -> FaceProcess:
        if self._process is None:
            assert self._path
            self._process = FaceProcess(self._path, device=self._options.device)
        self._process.lend()
        return self._process

    def _detector(self, run: Run, process: FaceProcess) -> Detector:
        """YuNet, or MTCNN in the face process where its file cannot be had."""
        if not self._yunet and not self._no_yunet:
            try:
                self._yunet = YuNet(weights.resolve(
                    "yunet", offline=self._options.offline,
                    progress=lambda share: run.report("download", share)))
            except WeightsError as error:
                self._no_yunet = str(error)
        if self._yunet:
            run.uses(weights=weights.record("yunet"))
            run.details["detector"] = self._yunet.name
            return self._yunet
        from emocli.face.observe import ProcessDetector

        run.note(f"faces are found by mtcnn, slower than yunet: {self._no_yunet}")
        run.uses("mtcnn", "tensorflow", weights=weights.of_package("mtcnn", *MTCNN_FILES))
        run.details["detector"] = ProcessDetector.name
        return ProcessDetector(run, process)


def read(observations: Sequence[FaceObservation], segments: Sequence[Segment], *, rate: float,
         reason: str = "no face was found", speakers: Sequence[Speaker] = ()) -> list[Reading]:
    """One reading a segment, off the observations of a video sampled at `rate` pictures a second; absent for
    a `reason` where there is nobody.

    Where somebody speaks it is of the speaker, if `speakers` (of the utterances, in order) knows whose face
    that is, and absent if that face is not seen.  Else it is of the person who fills most of the segment, by
    area and time.
    """
    times, unknown = np.array([o.time for o in observations]), Speaker()
    edges = [np.searchsorted(times, [segment.start, segment.end]) for segment in segments]
    telling = iter(speakers)
    told = [next(telling, unknown) if segment.utterance else unknown for segment in segments]
    return [_of_segment(observations[first:last], s, rate, reason, speaker)
            for s, (first, last), speaker in zip(segments, edges, told, strict=True)]


def _of_segment(observations: Sequence[FaceObservation], segment: Segment, rate: float, reason: str,
                speaker: Speaker) -> Reading:
    weight: Counter[int] = Counter()
    for o in observations:
        weight[o.face_id] += o.box[2] * o.box[3] * o.detection  # type: ignore[assignment]
    many = _several(observations)
    if speaker.known and speaker.face_id not in weight:
        return Reading("face", reason=UNSEEN, many_faces=many, speaking=False)
    if not weight:
        return Reading("face", reason=reason)
    main = speaker.face_id if speaker.known else weight.most_common(1)[0][0]
    own = [o for o in observations if o.face_id == main]
    features, logits, scores = (np.stack([getattr(o, part) for o in own]).astype(np.float32)
                                for part in ("features", "logits", "scores"))
    quality = len(own) / max(1.0, (segment.end - segment.start) * rate)
    parts = _parts(np.array([o.time for o in own]), scores, segment) if segment.utterance else ()
    return Reading("face", features=features.mean(0), logits=logits.mean(0), scores=scores.mean(0),
                   quality=min(1.0, quality), face_id=main, many_faces=many,
                   speaking=True if speaker.known else None, parts=parts)


def _parts(times: np.ndarray, scores: np.ndarray, segment: Segment) -> tuple[Part, ...]:
    """A segment divided where the scores (n, 7) of its face change, if they do."""
    times, scores = resample(times, scores, np.ones(len(times)))
    edges = [segment.start, *change_points(times, scores, segment.start, segment.end), segment.end]
    if len(edges) == 2:
        return ()
    within = [slice(*np.searchsorted(times, edge)) for edge in pairwise(edges)]
    return tuple(Part(start, end, scores[inside].mean(0))
                 for (start, end), inside in zip(pairwise(edges), within, strict=True))


def _several(observations: Sequence[FaceObservation]) -> bool:
    """Whether more than one person is in a good part of the pictures that show anybody."""
    pictures = len({o.time for o in observations})
    sightings = Counter(o.face_id for o in observations)
    return sum(n >= SECOND_FACE * pictures for n in sightings.values()) > 1
