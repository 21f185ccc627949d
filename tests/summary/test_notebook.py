"""The notebook among the examples runs, and is kept without outputs."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.paths import REPO
from support.timelines import of_demo

from emocli.outputs import document
from emocli.outputs.base import OutputOptions

NOTEBOOK = REPO / "examples" / "summary.ipynb"


@pytest.mark.slow
def test_the_notebook_runs(tmp_path: Path, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    text = document.to_json(of_demo(demo), OutputOptions())
    (tmp_path / "demo.emotions.json").write_text(text, encoding="utf-8")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)
    NotebookClient(notebook, timeout=250, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    shown = [output.data for output in outputs if "data" in output]
    assert sum("image/png" in data for data in shown) == 2
    tables = [data["text/html"] for data in shown if "text/html" in data]
    assert "Face 1" in tables[1]
    assert "0.849" in tables[2]
