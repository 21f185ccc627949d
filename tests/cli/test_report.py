"""`emocli report`: of one analysis, of a batch, of a stranger's batch."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

from support.cli import emocli
from support.timelines import of_demo

from emocli.batch.ledger import Ledger
from emocli.outputs import document
from emocli.outputs.base import OutputOptions


def listed_in(page: Path) -> list[dict[str, Any]]:
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.read_text(), re.S)
    assert data
    return list(json.loads(data[1])["videos"])


def test_report_command(demo: Path, tmp_path: Path) -> None:
    shutil.copy(demo, tmp_path / "demo.mp4")
    for place in (tmp_path, tmp_path / "deep"):
        place.mkdir(exist_ok=True)
        (place / "demo.emotions.json").write_text(document.to_json(of_demo(demo), OutputOptions()),
                                                  encoding="utf-8")

    done = emocli("report", tmp_path / "demo.emotions.json")
    assert done.returncode == 0, done.stderr
    assert 'src="demo.mp4"' in (tmp_path / "demo.emotions.html").read_text()
    again = emocli("report", tmp_path / "demo.emotions.json")
    assert again.returncode == 2
    assert "--overwrite" in again.stderr
    assert emocli("report", tmp_path).returncode == 0
    listed = listed_in(tmp_path / "index.html")
    assert [(video["name"], video["report"]) for video in listed] == [
        ("deep/demo", "deep/demo.emotions.html"), ("demo", "demo.emotions.html")]
    assert (tmp_path / "deep" / "demo.emotions.html").is_file()
    (tmp_path / "none").mkdir()
    empty = emocli("report", tmp_path / "none")
    assert empty.returncode == 3
    assert "holds no analysis" in empty.stderr


def batch_of(folder: Path, video: Path) -> Path:
    """A folder of results whose account says that they are of `video`."""
    folder.mkdir()
    content = document.to_json(of_demo(video), OutputOptions())
    (folder / "demo.emotions.json").write_text(content, encoding="utf-8")
    with Ledger(folder) as ledger:
        ledger.plan([("demo", video, "")])
    return folder


def test_the_account_of_a_batch_puts_no_file_of_mine_into_a_page(demo: Path, tmp_path: Path) -> None:
    """Of a stranger's batch no picture of my video comes into a page, unless I say where my videos lie."""
    (tmp_path / "videos").mkdir()
    video = Path(shutil.copy(demo, tmp_path / "videos"))
    results, page = batch_of(tmp_path / "results", video), tmp_path / "results" / "demo.emotions.html"
    assert emocli("report", results).returncode == 0
    assert 'src="../videos/demo.mp4"' in page.read_text()  # a link puts nothing into the page
    assert "data:image" not in page.read_text()
    done = emocli("report", results, "--embed", "--overwrite")
    assert done.returncode == 0, done.stderr
    assert "cannot be embedded" in listed_in(results / "index.html")[0]["error"]
    done = emocli("report", results, "--overwrite", "--video", video.parent)
    assert done.returncode == 0, done.stderr
    assert "data:image" in page.read_text()
    assert "is no folder" in emocli("report", results, "--overwrite", "--video", video).stderr


def test_a_document_that_cannot_be_read_is_listed(demo: Path, tmp_path: Path) -> None:
    results = batch_of(tmp_path / "results", demo)
    (results / "bad.emotions.json").write_text("{}")
    done = emocli("report", results)
    assert done.returncode == 0, done.stderr
    assert [(v["name"], v["status"]) for v in listed_in(results / "index.html")] == [("bad", "failed"),
                                                                                     ("demo", "done")]
