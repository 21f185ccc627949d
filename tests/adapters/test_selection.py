"""Models that the options name, in whole analyses."""

from __future__ import annotations

from pathlib import Path

import pytest

from emocli.adapters.selection import check
from emocli.analyzer import Analyzer
from emocli.errors import UsageError
from emocli.options import AnalyzeOptions


@pytest.mark.parametrize(("options", "says"), [
    ({"voice": "builtin:slow"}, "no voice of this name ships"),
    ({"face": "kobert-concat:x"}, "read text, not face"),
    ({"text": "hf:a/b", "commercial": True}, "whether hf:a/b may be used commercially"),
    ({"text": "hf:a/b", "weights": (0.5, 0.5)}, "2 numbers fit no ensemble"),
    ({"voice": "builtin:fast+builtin:accurate", "weights": (1,)}, "1 numbers fit no ensemble"),
    ({"weights": (0.0, 1.0)}, "above 0"),
    ({"text": "torchscript:a.pt"}, "no such file")])
def test_what_cannot_be(options: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        check(AnalyzeOptions(**options))  # type: ignore[arg-type]


def test_what_ships_can_be() -> None:
    check(AnalyzeOptions(voice="builtin:fast+builtin:accurate", text="text-small", weights=[0.6, 0.4]))


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
