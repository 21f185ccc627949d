"""The report page and the list of videos: what is in them."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.timelines import HOSTILE, made_up, of_demo

from emocli.emotions import EMOTIONS
from emocli.errors import InputError
from emocli.outputs import document, report
from emocli.outputs.base import OutputOptions
from emocli.timeline.types import FaceObservation, Reading, Timeline


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert found
    return dict(json.loads(found[1]))


def test_page_holds_the_timeline(demo: Path, tmp_path: Path) -> None:
    page = report.html(of_demo(demo), OutputOptions(folder=str(tmp_path)))
    data = data_of(page)
    assert [row[2] for row in data["rows"]] == [0, 1, 2, 3, 4, 5, 6, 0]
    assert data["rows"][5][3:6] == [750, [42, 42, 42, 42, 42, 750, 42], [[5, 750], [5, 750], [0, 900]]]
    assert (tmp_path / re.search(r'<video[^>]* src="([^"]+)"',
                                 page)[1]).resolve() == demo.resolve()  # type: ignore[index]
    assert page.count("data:image/jpeg;base64,") == 1  # the mixed moment
    assert "http://" not in page
    assert "https://" not in page


def test_page_without_the_video_says_so() -> None:
    page = report.html(made_up(), OutputOptions())
    assert "No video lies beside this report" in page
    assert "<video" not in page
    with pytest.raises(InputError, match="cannot be embedded"):
        report.html(made_up(), OutputOptions(embed=True))


def test_embedded_video_is_whole(demo: Path) -> None:
    page = report.html(of_demo(demo), OutputOptions(embed=True))
    assert len(page) > demo.stat().st_size * 4 / 3
    assert 'src="data:video/mp4;base64,' in page


def test_nothing_from_outside_becomes_markup(demo: Path) -> None:
    hostile = replace(of_demo(demo), notes=(HOSTILE,), language=HOSTILE)
    hostile = replace(hostile, media=replace(hostile.media, path=Path(HOSTILE.replace("/", "_"))))
    page = report.html(hostile, OutputOptions())
    assert "<script>window" not in page
    assert page.count("<script") == 2  # the data and the code
    assert data_of(page)["rows"][0][7] == HOSTILE.replace("\u202e", "�")
    assert "49" not in re.findall(r"<h1>(.*?)</h1>", page)[0]
    listed = report.index([report.Listed(HOSTILE, error=HOSTILE)])
    assert listed.count("<script") == 2


def test_korean_page() -> None:
    page = report.html(made_up(), OutputOptions(lang="ko"))
    assert '<html lang="ko">' in page
    assert "슬픔" in page
    assert report.words("ko").keys() == report.words("en").keys()
    assert len(report.words("ko")["responsible_lines"]) == len(report.words("en")["responsible_lines"])


def test_two_hours_stay_small() -> None:
    rng, base = np.random.default_rng(0), made_up()
    rows = tuple(replace(base.rows[2], start=3.0 * i, end=3.0 * i + 3) for i in range(2400))
    chance = rng.dirichlet(np.ones(7), 36000)
    faces = tuple(FaceObservation(i / 5, (0, 0, 9, 9), np.zeros((5, 2)), 0.9, 1 + i % 8, scores=p)
                  for i, p in enumerate(chance))
    long = replace(base, rows=rows, faces=faces, media=replace(base.media, duration=7200.0))
    page = report.html(long, OutputOptions())
    assert len(page.encode()) < 6e6


def test_strip_and_list() -> None:
    assert report.strip(made_up(), 22) == "06" + "2" * 20  # rows of 1.5, 1.5 and 30 s
    page = report.index([report.Listed("a/x", duration=10.0,
                                       shares=dict.fromkeys(EMOTIONS, 0.0) | {"fear": 1.0}),
                         report.Listed("a/y", duration=30.0,
                                       shares=dict.fromkeys(EMOTIONS, 0.0) | {"anger": 1.0}),
                         report.Listed("b/z", "failed", "b/z: broken")])
    totals = [re.sub("<[^>]+>", " ", row).split()
              for row in re.findall(r"<tr><th scope=\"row\">.*?</tr>", page, re.S)]
    assert totals[0] == ["a", "2", "0:40", *"0.0 % 0.0 % 0.0 % 25.0 % 0.0 % 75.0 % 0.0 %".split()]
    assert totals[1][:3] == ["b", "1", "0:00"]
    assert data_of(page)["videos"][2]["error"] == "b/z: broken"


def test_other_modalities_have_lanes(demo: Path) -> None:
    timeline = of_demo(demo)
    gaze = Reading("gaze", scores=np.eye(7)[2])
    data = data_of(report.html(replace(timeline, rows=tuple(
        replace(r, readings={"voice": r.readings["voice"], "gaze": gaze}) for r in timeline.rows)),
                               OutputOptions()))
    assert data["modalities"] == ["Voice", "gaze"]
    assert data["rows"][1][5] == [[1, 550], [2, 1000]]


def test_the_page_of_a_video_elsewhere_points_there(demo: Path) -> None:
    for address, policy in (("https://example.org/a.mp4", "media-src 'self' file: data: http: https:;"),
                            ("s3://bucket/a.mp4", "media-src 'self' file: data:;")):
        page = report.html(made_up(), OutputOptions(address=address))
        assert f'src="{address}"' in page
        assert policy.replace("'", "&#39;") in page
        assert f"<td>{address}</td>" in page


def strangers(folder: Path, timeline: Timeline, media: str) -> Timeline:
    """A document from elsewhere that calls its video `media`, as it is read."""
    content = document.document(timeline)
    content["media"]["path"] = media
    (folder / "a.emotions.json").write_text(json.dumps(content), encoding="utf-8")
    return document.read(folder / "a.emotions.json")


def test_a_strangers_document_puts_no_file_of_mine_into_a_page(demo: Path, tmp_path: Path) -> None:
    folder, secret = tmp_path / "theirs", tmp_path / "secret.mp4"
    folder.mkdir()
    secret.write_bytes(demo.read_bytes())
    for name in ("../secret.mp4", str(secret)):
        with pytest.raises(InputError, match="plain file name"):
            strangers(folder, of_demo(demo), name)
    (folder / "link.mp4").symlink_to(secret)
    linked = strangers(folder, of_demo(demo), "link.mp4")
    with pytest.raises(InputError, match="cannot be embedded"):
        report.html(linked, OutputOptions(embed=True))
    page = report.html(linked, OutputOptions())  # with a mixed moment, that would have a picture
    assert "data:image" not in page
    assert "No video lies beside" in page
    (folder / "own.mp4").write_bytes(b"theirs")
    page = report.html(strangers(folder, made_up(), "own.mp4"), OutputOptions(embed=True))
    assert base64.b64encode(b"theirs").decode() in page
