"""A file imports only downward, siblings never import each other, and start-up stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "emocli"
LAYERS = {"cli": 1, "batch": 2, "training": 2, "live": 2, "render": 2, "agreement": 3, "analyzer": 3, "outputs": 3,
          "fusion": 4, "face": 5, "voice": 5, "transcript": 5, "text": 5, "adapters": 5, "media": 6, "weights": 6,
          "timeline": 7, "options": 7, "storage": 7, "child": 7, "emotions": 8, "errors": 8}
#: `Timeline.to_dataframe` is the one convenience that reaches up, when it is called.
ALLOWED = {("timeline", "outputs")}
HEAVY = {"torch", "tensorflow", "keras", "cv2", "av", "pandas", "librosa", "sklearn", "whisper"}


def room(parts: tuple[str, ...]) -> str:
    return parts[0].removesuffix(".py")


def imports() -> list[tuple[str, str, str]]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        here = room(path.relative_to(PACKAGE).parts)
        if here not in LAYERS:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else \
                [node.module] + [f"{node.module}.{a.name}" for a in node.names] \
                if isinstance(node, ast.ImportFrom) and node.module else []
            for name in names:
                parts = name.split(".")
                if parts[0] == "emocli" and len(parts) > 1 and parts[1] in LAYERS:
                    found.append((here, parts[1], str(path.relative_to(PACKAGE))))
    return found


def test_imports_go_down() -> None:
    pairs = imports()
    assert len(pairs) > 50
    wrong = {(a, b, where) for a, b, where in pairs
             if a != b and LAYERS[a] >= LAYERS[b] and (a, b) not in ALLOWED}
    assert not wrong


@pytest.mark.parametrize("module", ["emocli.cli.app", "emocli", "emocli.analyzer", "emocli.outputs.formats"])
def test_start_up_is_light(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({HEAVY!r} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.split() == []


def test_no_module_is_named_like_a_library() -> None:
    names = {p.stem for p in PACKAGE.rglob("*.py")}
    assert not names & {"csv", "whisper", "ray", "json", "utils", "subprocess", "logging"}
