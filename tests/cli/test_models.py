"""`emocli models` and `emocli doctor`: what is installed, and whether it is whole."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from support import foreign
from support.cli import emocli

from emocli import weights
from emocli.cli.app import app
from emocli.errors import EmocliError


def test_models_list_and_verify() -> None:
    listed = emocli("models", "list", COLUMNS="160")
    assert "CC BY-NC-SA 4.0" in listed.stdout
    assert "yunet" in listed.stdout
    assert listed.stdout.count(" no ") == sum(not w.commercial for w in weights.manifest().values()) > 3
    assert "hf:ID[@REVISION]" in listed.stdout
    assert "research only" in listed.stdout
    assert emocli("models", "verify").returncode == 0


@pytest.mark.slow
def test_try_a_model(tmp_path: Path) -> None:
    bert = foreign.bert(tmp_path, ["joy", "anger", "boredom"])
    tried = emocli("models", "try", f"hf:{bert}", "I am so happy")
    assert tried.returncode == 0, tried.stderr
    assert "not one of the seven: boredom" in tried.stdout
    assert all(word in tried.stdout for word in ("joy", "surprise", "━"))


@pytest.mark.parametrize(("args", "code", "says"), [
    (("hff:x", "a"), 2, "did you mean hf?"), (("builtin:slow", "a"), 2, "no text of this name ships"),
    (("hf:x", "a", "--as", "smell"), 2, "face, voice, text"), (("kobert-concat:x", "a"), 2, "no such file"),
    (("hf:nobody/nothing", "a", "--offline"), 4, "is not on this machine" if find_spec("transformers")
     else "pip install 'emocli.hf.'")])
def test_trials_that_cannot_be(args: tuple[str, ...], code: int, says: str) -> None:
    with pytest.raises(EmocliError, match=f"(?i){says.replace('?', '.')}") as raised:
        app(["models", "try", *args], standalone_mode=False)
    assert raised.value.exit_code == code


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize(("name", "source"), [("default", "single_face.mp4"), ("fast", "jfk.flac"),
                                              ("fast", "I am so happy!")])
def test_try_what_ships(clips: Path, name: str, source: str) -> None:
    given = clips / source if (clips / source).is_file() else source
    tried = emocli("models", "try", f"builtin:{name}", str(given))
    assert tried.returncode == 0, tried.stderr
    assert "happiness" in tried.stdout


@pytest.mark.slow
def test_doctor() -> None:
    done = emocli("doctor")
    assert done.returncode == 0, done.stderr
    assert "face process             ok" in done.stdout
