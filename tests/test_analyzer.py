"""One run: its readers, its one stop signal, its notes and its provenance."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import torch
from support.media import even, tone, write
from support.paths import REPO
from support.whisper import tiny_checkpoint

from emocli import storage, weights
from emocli.analyzer import Analyzer, shipped
from emocli.emotions import EMOTIONS, INDEX
from emocli.errors import EmocliError, InputError
from emocli.face.process import FaceProcess
from emocli.fusion.head import Fusion, FusionHead, save
from emocli.options import AnalyzeOptions
from emocli.outputs.document import document
from emocli.outputs.tables import emotions_csv
from emocli.timeline.run import Read, Run, StoppedError, of_utterances
from emocli.timeline.types import Reading, Segment, Utterance, Word
from emocli.transcript import activity, asr, choose, torch_whisper

pytestmark = pytest.mark.slow
OFFLINE = AnalyzeOptions(offline=True, transcript="none")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("sound") / "a.wav", sound=tone(3), audio_codec="pcm_s16le")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("film") / "a.mp4", even(3, 5), sound=tone(3))


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Faces are found, by "mtcnn", and read by a stand-in for the face process that follows a plan."""
    monkeypatch.setenv("PYTHONPATH", f"{REPO}:{REPO / 'tests'}")
    monkeypatch.setenv(weights.CACHE, str(tmp_path / "cache"))
    monkeypatch.delenv(weights.MIRROR, raising=False)
    monkeypatch.setattr("emocli.face.reader.FaceProcess", lambda path, device: FaceProcess(
        tmp_path / "plan.json", device=device, worker="support.face_child"))

    def write_plan(**steps: object) -> None:
        (tmp_path / "plan.json").write_text(json.dumps(steps))

    write_plan()
    return write_plan


class Loudness:
    """A fourth modality: loud is angry, quiet is sad."""

    modality = "loudness"

    def observe(self, run: Run) -> Read:
        return partial(self.read, run)

    def read(self, run: Run, segments: list[Segment]) -> list[Reading]:
        return [self.of(run.speech.sound.read(s.start, s.end)) for s in segments]

    def of(self, samples: np.ndarray) -> Reading:
        level = float(np.sqrt(np.mean(samples**2)))
        scores = np.full(7, 0.02)
        scores[INDEX["anger" if level > 0.1 else "sadness"]] = 0.88
        return Reading(self.modality, np.array([level]), np.log(scores), scores, 1.0)

    def close(self) -> None:
        pass


def with_loudness(path: Path) -> Path:
    """A fusion file that trusts loudness above all."""
    head = FusionHead(4)
    head.trust.data = torch.tensor([0.1, 0.1, 0.1, 1.0]).expand(16, 4).clone()
    save(head, path, ("face", "voice", "text", "loudness"))
    return path


def test_a_fourth_modality(sound: Path, tmp_path: Path) -> None:
    readers = [*shipped(OFFLINE), Loudness()]
    with Analyzer(OFFLINE, readers=readers, fusion=with_loudness(tmp_path / "four.safetensors")) as analyzer:
        timeline = analyzer.analyze(sound)
    assert timeline.modalities == ("face", "voice", "text", "loudness")
    assert [row.readings["loudness"].emotion for row in timeline.rows] == ["anger"]
    assert [row.emotion for row in timeline.rows] == ["anger"]
    written = document(timeline)["rows"][0]["readings"]["loudness"]
    assert (written["emotion"], written["scores"]["anger"]) == ("anger", 0.88)
    assert timeline.provenance["weights"]["fusion"]["file"] == "four.safetensors"


def test_a_fourth_modality_has_columns(sound: Path) -> None:
    from emocli.outputs.base import OutputOptions

    with Analyzer(OFFLINE, readers=[*shipped(OFFLINE), Loudness()]) as analyzer:
        timeline = analyzer.analyze(sound)
    head, *lines = emotions_csv(timeline, OutputOptions()).splitlines()
    assert {"loudness_emotion", "loudness_confidence"} <= set(head.split(","))
    assert len(lines) == len(timeline.rows) > 0
    assert timeline.to_dataframe()["loudness_emotion"].tolist() == ["anger"]


class Lengths:
    """Tells of each utterance how long its text is."""

    modality = "text"

    def observe(self, run: Run) -> Read:
        scores = np.full(7, 1 / 7)
        readings = [Reading("text", np.array([len(u.text)]), np.log(scores), scores)
                    for u in run.speech.utterances]
        return of_utterances(readings, [1.0] * len(readings), Reading("text", reason="nobody speaks"))

    def close(self) -> None:
        pass


def test_readings_stay_with_their_utterances_where_a_word_has_no_time(
        sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A word that lasts no time is a third speaker's; the next one begins at once."""
    said = (Utterance(0, 2, "one two three", (Word(0, 0.95, "one"), Word(1, 1, "two"), Word(1, 2, "three"))),
            Utterance(2, 2.5, "next of all"), Utterance(2.5, 3, "last"))
    monkeypatch.setattr(choose, "transcribe", lambda *given, **how: choose.Transcript(said, "whisper", "en"))
    turns = [(0, 0.9, "a"), (0.9, 0.2, "b"), (1.1, 0.9, "c"), (2, 1, "a")]
    rttm = tmp_path / "a.rttm"
    rttm.write_text("".join(f"SPEAKER a 1 {start} {lasts} <NA> <NA> {who} <NA> <NA>\n"
                            for start, lasts, who in turns))
    with Analyzer(AnalyzeOptions(offline=True, speakers=str(rttm)), readers=[Lengths()]) as analyzer:
        rows = [row for row in analyzer.analyze(sound).rows if row.utterance]
    assert [row.utterance.text for row in rows][-2:] == ["next of all", "last"]
    for row in rows:
        assert row.readings["text"].features[0] == len(row.utterance.text)


def test_fusion_ignores_a_modality_that_it_does_not_know(sound: Path) -> None:
    fused = []
    for readers in (shipped(OFFLINE), [*shipped(OFFLINE), Loudness()], [Loudness()]):
        with Analyzer(OFFLINE, readers=readers) as analyzer:
            fused.append(analyzer.analyze(sound).rows[0].scores)
    assert np.array_equal(fused[0], fused[1])
    assert EMOTIONS[int(fused[2].argmax())] == "neutral"
    assert Fusion(weights.resolve("fusion")).modalities == ("face", "voice", "text")


def test_nothing_of_one_video_gets_into_the_next(plan: Callable[..., None], film: Path, sound: Path) -> None:
    plan(fail=[0])
    with Analyzer(OFFLINE) as analyzer:
        first, silent, second, third = (analyzer.analyze(path) for path in (film, sound, film, film))
    faces = [note for note in second.notes if "mtcnn" in note]
    assert len(faces) == 1
    assert second.notes == third.notes == tuple(faces)
    assert [note for note in first.notes if note not in faces] == [
        "1 pictures could not be searched for faces (cannot read a picture request (choked))"]
    assert silent.notes == ()
    assert [t.provenance["detector"] for t in (first, silent, second)] == ["mtcnn", "none", "mtcnn"]
    assert not {"face-litert", "mtcnn-pnet"} & set(silent.provenance["weights"])
    assert not {"mtcnn", "ai-edge-litert"} & set(silent.provenance["libraries"])
    assert not silent.faces
    assert len(second.faces) == len(third.faces) > 10


def test_provenance_names_what_took_part(plan: Callable[..., None], film: Path) -> None:
    from importlib.metadata import version
    from importlib.util import find_spec

    with Analyzer(OFFLINE) as analyzer:
        made = analyzer.analyze(film).provenance
    assert set(made["weights"]) == {"face-litert", "mtcnn-pnet", "mtcnn-rnet", "mtcnn-onet", "silero-vad",
                                    "fusion"}
    folder = Path(find_spec("mtcnn").submodule_search_locations[0])
    assert made["weights"]["mtcnn-pnet"]["sha256"] == storage.sha256(folder / "assets/weights/pnet.lz4")
    assert made["weights"]["face-litert"]["sha256"] == weights.manifest()["face-litert"].sha256
    used = ("ai-edge-litert", "av", "mtcnn", "numpy", "safetensors", "silero-vad", "tensorflow", "torch")
    assert made["libraries"].items() >= {(name, version(name)) for name in used}
    assert "openai-whisper" not in made["libraries"]


class Waiting:
    """A reader that waits for what never comes."""

    modality = "waiting"

    def __init__(self) -> None:
        self.waits, self.ended = Event(), None

    def observe(self, run: Run) -> Read:
        self.waits.set()
        try:
            return run.wait(Future())
        except StoppedError as error:
            self.ended = error
            raise

    def close(self) -> None:
        pass


def test_a_transcript_that_fails_stops_the_readers(sound: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.srt"
    bad.write_text("nonsense")
    reader = Waiting()
    with Analyzer(AnalyzeOptions(transcript=str(bad)), readers=[reader]) as analyzer, \
            pytest.raises(InputError, match=r"bad\.srt"):
        analyzer.analyze(sound)
    assert isinstance(reader.ended, StoppedError)


def test_an_interrupt_stops_the_readers(sound: Path) -> None:
    reader = Waiting()

    def interrupt(stage: str, share: float) -> None:
        assert reader.waits.wait(60)
        raise KeyboardInterrupt

    with Analyzer(OFFLINE, readers=[reader]) as analyzer, pytest.raises(KeyboardInterrupt):
        analyzer.analyze(sound, interrupt)
    assert isinstance(reader.ended, StoppedError)


def test_faces_that_fail_stop_whisper(plan: Callable[..., None], film: Path, tmp_path: Path,
                                      monkeypatch: pytest.MonkeyPatch) -> None:
    """The face process dies twice once Whisper has made its first pass; there is no second one."""
    passes, stopped = [], Event()
    stop, load = Run.stop, torch_whisper.load

    def stop_and_say(run: Run, failure: BaseException) -> None:
        stop(run, failure)
        stopped.set()

    def first_pass(*_: object) -> None:
        passes.append(1)
        (tmp_path / "go").touch()
        assert stopped.wait(120)

    def load_watched(path: Path, device: str) -> torch.nn.Module:
        model = load(path, device)
        model.decoder.register_forward_hook(first_pass)
        return model

    monkeypatch.setattr(Run, "stop", stop_and_say)
    monkeypatch.setattr(torch_whisper, "load", load_watched)
    monkeypatch.setattr(activity, "find", lambda sound, run: [Utterance(0.2, 2.8)])
    plan(die=[0, 1], wait=str(tmp_path / "go"))
    options = AnalyzeOptions(offline=True, asr_model=str(tiny_checkpoint(tmp_path)), language="en")
    with Analyzer(options) as analyzer, pytest.raises(EmocliError, match="face process: ended with code 3"):
        analyzer.analyze(film)
    assert passes == [1]


def test_whisper_is_in_the_provenance(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = tiny_checkpoint(tmp_path)
    monkeypatch.setattr(activity, "find", lambda sound, run: [Utterance(0.2, 2.8)])
    monkeypatch.setattr(asr, "recognize", lambda *given, **options: [])  # random weights talk for a minute
    options = AnalyzeOptions(offline=True, asr_model=str(checkpoint), language="en")
    with Analyzer(options, readers=[]) as analyzer:
        made = analyzer.analyze(sound).provenance
    assert made["weights"]["whisper-tiny"] == {"file": "tiny.pt", "sha256": storage.sha256(checkpoint),
                                               "licence": "unknown"}
    assert "openai-whisper" in made["libraries"]


def test_stages_are_logged(sound: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "emocli"), Analyzer(OFFLINE) as analyzer:
        analyzer.analyze(sound)
    lines = [record.getMessage() for record in caplog.records if record.name == "emocli"]
    for stage in ("the analysis", "decoding the sound", "the transcript", "finding speech"):
        assert f"a.wav: {stage} begins" in lines
        assert any(line.startswith(f"a.wav: {stage} took ") for line in lines)


def test_a_recording_of_the_speaker_without_speech_is_refused_every_time(sound: Path) -> None:
    options = AnalyzeOptions(transcript="none", voice_baseline=str(sound))
    with Analyzer(options, readers=shipped(options)[1:]) as analyzer:
        for _ in range(2):
            with pytest.raises(InputError, match="no speech was heard"):
                analyzer.analyze(sound)
