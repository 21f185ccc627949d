"""How models are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from emocli.adapters.kinds import KNOWN
from emocli.adapters.reference import Reference, parse
from emocli.errors import UsageError


@pytest.mark.parametrize(("text", "references"), [
    ("builtin:default", [Reference("builtin", "default")]),
    ("hf:me/model", [Reference("hf", "me/model")]),
    ("hf:me/model@v1.2", [Reference("hf", "me/model", "v1.2")]),
    ("keras:C:/a+b@2.h5", [Reference("keras", "C:/a+b@2.h5")]),
    ("builtin:default+hf:me/model@main+keras:a.h5",
     [Reference("builtin", "default"), Reference("hf", "me/model", "main"), Reference("keras", "a.h5")]),
    ("opensmile", [Reference("opensmile", "")]),
    ("voice-small+onnx:a.onnx", [Reference("builtin", "fast"), Reference("onnx", "a.onnx")])])
def test_names(text: str, references: list[Reference]) -> None:
    assert list(parse(text)) == references
    assert parse("+".join(str(r) for r in references)) == tuple(references)


def test_a_folder_with_an_at_sign_is_no_revision(tmp_path: Path) -> None:
    (tmp_path / "model@2").mkdir()
    assert parse(f"hf:{tmp_path}/model@2") == (Reference("hf", f"{tmp_path}/model@2"),)


@pytest.mark.parametrize(("text", "says"), [
    ("hff:me/model", "hff is no kind of model. Did you mean hf?"), ("keras:", "names no model"),
    ("", "empty"), ("voice-smal", "did you mean voice-small?"),
    ("builtin:default+nonsense:x", "nonsense is no kind")])
def test_unknown_names(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=f"(?i){says.replace('?', '.')}"):
        parse(text)


def test_every_known_name_is_a_reference() -> None:
    assert [parse(name) for name in KNOWN]
