"""A file imports only downward, no two files import each other, and start-up stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "emocli"
LAYERS = {"cli": 1, "batch": 2, "training": 2, "live": 2, "render": 2, "analyzer": 3, "outputs": 3,
          "summary": 4, "fusion": 4, "adapters": 4, "agreement": 5, "speakers": 5, "face": 5, "voice": 5,
          "transcript": 5, "text": 5, "media": 6, "encoders": 6, "weights": 6, "timeline": 7, "options": 7,
          "storage": 7, "child": 7, "quantized": 6, "emotions": 8, "errors": 8, "language_codes": 8,
          "markup": 9, "plaintext": 9}
HEAVY = {"torch", "tensorflow", "keras", "cv2", "av", "pandas", "librosa", "sklearn", "whisper"}
MODULES = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
           for path in PACKAGE.rglob("*.py")}


def imported(path: Path) -> Iterator[str]:
    """Modules of emocli that a file imports at run time, also inside functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    conditions = [node for node in ast.walk(tree) if isinstance(node, ast.If)]
    for_types = {id(inner) for node in conditions if isinstance(node.test, ast.Name)
                 and node.test.id == "TYPE_CHECKING" for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{a.name}" if f"{node.module}.{a.name}" in MODULES else node.module
                     for a in node.names]
        else:
            continue
        yield from (name for name in names if name in MODULES)


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else "emocli"


def test_every_room_has_a_layer() -> None:
    assert {room(module) for module in MODULES} - {"emocli", "__main__"} <= set(LAYERS)


def test_imports_go_down() -> None:
    pairs = {(room(name), room(target), name) for name, path in MODULES.items() for target in imported(path)
             if {room(name), room(target)} <= set(LAYERS)}
    assert len(pairs) > 50
    assert not {(here, there, name) for here, there, name in pairs
                if here != there and LAYERS[here] >= LAYERS[there]}


def test_no_circle_of_imports() -> None:
    graph = {name: {target for target in imported(path) if target != name} for name, path in MODULES.items()}
    assert sum(map(len, graph.values())) > 200
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize("module", ["emocli.cli.app", "emocli", "emocli.analyzer", "emocli.outputs.formats"])
def test_start_up_is_light(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({HEAVY!r} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.split() == []


def test_no_module_is_named_like_a_library() -> None:
    names = {p.stem for p in PACKAGE.rglob("*.py")}
    assert not names & {"csv", "whisper", "ray", "json", "utils", "subprocess", "logging"}
