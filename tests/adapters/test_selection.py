"""Models that the options name, in whole analyses."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import foreign
from support.cli import emocli

from emocli.adapters.selection import check, shipped
from emocli.analyzer import Analyzer
from emocli.errors import UsageError
from emocli.media.audio import Sound
from emocli.options import AnalyzeOptions
from emocli.timeline.run import Run, Speech
from emocli.timeline.types import MODALITIES, MediaInfo, Segment, Utterance


@pytest.mark.parametrize(("options", "says"), [
    ({"text": "hf:a/b", "commercial": True}, "whether hf:a/b may be used commercially"),
    ({"text": "hf:a/b", "weights": (0.5, 0.5)}, "2 numbers fit no ensemble"),
    ({"voice": "builtin:fast+builtin:accurate", "weights": (1,)}, "1 numbers fit no ensemble"),
    ({"weights": (0.0, 1.0)}, "above 0")])
def test_what_cannot_be(options: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        check(AnalyzeOptions(**options))  # type: ignore[arg-type]


def test_nothing_at_all_can_be_used() -> None:
    options = AnalyzeOptions(face="kobert-concat:x", voice="builtin:slow+hff:b", text="hf:a/b", offline=True)
    with pytest.raises(UsageError, match="kobert-concat:x: kobert-concat models read text, not face"):
        shipped(options)


def test_what_ships_can_be() -> None:
    check(AnalyzeOptions(voice="builtin:fast+builtin:accurate", text="text-small", weights=[0.6, 0.4]))


@pytest.fixture
def run() -> Run:
    """Two seconds of a tone under words."""
    run, sound = Run(MediaInfo(Path("a.wav"), 2.0, False, True)), Sound()
    sound.append((np.sin(np.arange(32_000) * 0.2) * 9_000).astype(np.int16))
    run.speech = Speech([Utterance(0, 2, "i am so happy")], "en", sound)
    return run


def unread(options: AnalyzeOptions, modality: str, run: Run) -> str:
    """The one line about a model that reads nothing; its readings are absent, the other readers are there."""
    readers = {reader.modality: reader for reader in shipped(options)}
    assert tuple(readers) == MODALITIES
    run.info = replace(run.info, has_video=True)  # no file: whoever decoded pictures would fail
    (reading,) = readers[modality].observe(run)([Segment(0, 2, run.speech.utterances[0])])
    assert not reading.present
    assert reading.reason == f"{getattr(options, modality)} cannot be used"
    (line,) = (note for note in run.notes if "is not read" in note)
    assert "\n" not in line
    return line


@pytest.mark.slow
@pytest.mark.parametrize(("modality", "model", "says"), [
    ("text", "hff:me/model", r"hff is no kind of model\. Did you mean hf\?"),
    ("voice", "builtin:slow", r"no voice of this name ships\. Give builtin: and one of default"),
    ("face", "kobert-concat:x", r"kobert-concat models read text, not face\. Give --face one of builtin"),
    ("voice", "emotion2vec:a/b", r"FunASR runs what .* says\. Add --trust"),
    ("voice", "onnx:MADE/a.onnx", r"needs onnxruntime, .* installed\. Run pip install 'emocli\[onnx\]'"),
    ("text", "hf:MADE/bert", r"none of its labels \(LABEL_0, LABEL_1\) stands for .*\. Give --labels"),
    ("face", "keras:KERAS/wide.keras", r"takes inputs of 24 x 48 x 1, which are no square .*\. Give an"),
    ("voice", "keras:KERAS/other.keras", r"takes \(33,\), and mfcc40-mean gives \(40,\)\. Give --features"),
    ("text", "kobert-concat:MADE/kobert", r"head.pth pickles more than tensors, .*\. Save model.state_dict"),
    ("voice", "opensmile:MADE/a.pkl", r"is a pickle, which runs code .*\. Save it with skops"),
    ("face", "keras:KERAS/lambda.keras", r"has a Lambda layer, which runs code .*\. Add --trust"),
    ("text", "hf:nobody/nothing", r"is not on this machine, and --offline .*\. Check the id"),
])
def test_what_cannot_be_used_costs_its_own_readings(modality: str, model: str, says: str, run: Run,
                                                    keras_files: Path, tmp_path: Path,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    (tmp_path / "kobert").mkdir()
    for name in ("a.onnx", "a.pkl", "kobert/head.pth"):
        (tmp_path / name).write_bytes(pickle.dumps(subprocess.Popen))
    (keras_files / "wide.keras.toml").write_text('labels = ["happy", "sad", "angry"]')
    if "bert" in model:
        foreign.bert(tmp_path / "bert", ["LABEL_0", "LABEL_1"])
    model = model.replace("MADE", str(tmp_path)).replace("KERAS", str(keras_files))
    options = AnalyzeOptions(**{modality: model, "offline": True, "features": "mfcc40-mean"})  # type: ignore[arg-type]
    line = unread(options, modality, run)
    assert re.search(f"the {modality} is not read: {re.escape(model)}: {says}", line)


@pytest.mark.slow
def test_the_other_modalities_go_on(demo: Path, tmp_path: Path) -> None:
    done = emocli("analyze", demo, "--voice", "hff:me/model", "--face", "builtin:default+keras:none.h5",
                  "-f", "json", "-o", tmp_path)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if "is not read: " in line]
    assert sorted(line.partition(" is not read: ")[2].partition(". ")[0] for line in lines) == [
        "hff:me/model: hff is no kind of model", "keras:none.h5: no such file or folder"]
    rows = json.loads((tmp_path / "demo.emotions.json").read_text())["rows"]
    assert {name: any(row["readings"][name]["present"] for row in rows) for name in MODALITIES} == {
        "face": True, "voice": False, "text": True}


@pytest.mark.slow
@pytest.mark.shared
def test_a_film_read_by_models_of_others(clips: Path, keras_files: Path, bert: Path, tmp_path: Path,
                                         monkeypatch: pytest.MonkeyPatch) -> None:
    """The face by ours and one of Keras, the words by one of transformers that fails, the voice by two."""
    film = tmp_path / "a.mp4"
    film.write_bytes((clips / "single_face.mp4").read_bytes())
    film.with_suffix(".srt").write_text("1\n00:00:00,200 --> 00:00:02,000\nI am so happy\n")
    options = AnalyzeOptions(face=f"builtin:default+keras:{keras_files}/grey.h5", text=f"hf:{bert}",
                             voice="builtin:fast+builtin:accurate", weights=(0.6, 0.4))
    monkeypatch.setattr("emocli.adapters.hugging_face.Pretrained.probabilities", None)
    with Analyzer(options) as analyzer:
        timeline = analyzer.analyze(film)
    (row,) = (row for row in timeline.rows if row.utterance)
    assert timeline.faces[0].scores.sum() == pytest.approx(1)  # type: ignore[union-attr]
    assert not row.readings["text"].present
    assert row.readings["text"].reason == f"hf:{bert} failed"
    assert any(note.startswith(f"the text is not read: hf:{bert}: failed") for note in timeline.notes)
    assert f"keras:{keras_files}/grey.h5" in timeline.provenance["weights"]
    assert {"keras", "tensorflow", "ai-edge-litert"} <= timeline.provenance["libraries"].keys()
    assert any("so its labels are taken to be angry" in note for note in timeline.notes)
