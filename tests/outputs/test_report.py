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
from support.timelines import HOSTILE, made_up, of_demo, of_two, two_hours

from emocli.emotions import EMOTIONS
from emocli.errors import InputError
from emocli.outputs import document, report, video_list
from emocli.outputs.base import OutputOptions
from emocli.outputs.page.rendering import PERSONS, words
from emocli.summary.compute import summarize
from emocli.timeline.persons import rename
from emocli.timeline.types import Reading, Timeline


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
    moments = page[page.index('class="moments"'):]
    assert moments.count("data:image/jpeg;base64,") == 1
    assert data["rows"][5][9] == 1  # mixed
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
    hostile = rename(replace(of_demo(demo), notes=(HOSTILE,), language=HOSTILE), {"1": HOSTILE})
    hostile = replace(hostile, media=replace(hostile.media, path=Path(HOSTILE.replace("/", "_"))))
    page = report.html(hostile, OutputOptions())
    assert "<script>window" not in page
    assert page.count("<script") == 2  # the data and the code
    assert data_of(page)["rows"][0][8] == HOSTILE.replace("\u202e", "�")
    assert "49" not in re.findall(r"<h1>(.*?)</h1>", page)[0]
    listed = video_list.index([video_list.Listed(HOSTILE, error=HOSTILE)])
    assert listed.count("<script") == 2


def test_korean_page() -> None:
    page = report.html(made_up(), OutputOptions(lang="ko"))
    assert '<html lang="ko">' in page
    assert "슬픔" in page
    assert words("ko").keys() == words("en").keys()
    assert len(words("ko")["responsible_lines"]) == len(words("en")["responsible_lines"])


def test_two_hours_stay_small() -> None:
    page = report.html(two_hours(), OutputOptions())
    assert len(page.encode()) < 6e6


def test_strip_and_list() -> None:
    assert video_list.strip(made_up(), 22) == "06" + "2" * 20  # rows of 1.5, 1.5 and 30 s
    page = video_list.index([video_list.Listed("a/x", duration=10.0,
                                       shares=dict.fromkeys(EMOTIONS, 0.0) | {"fear": 1.0}),
                         video_list.Listed("a/y", duration=30.0,
                                       shares=dict.fromkeys(EMOTIONS, 0.0) | {"anger": 1.0}),
                         video_list.Listed("b/z", "failed", "b/z: broken")])
    totals = [re.sub("<[^>]+>", " ", row).split()
              for row in re.findall(r"<tr><th scope=\"row\">.*?</tr>", page, re.S)]
    assert totals[0] == ["a", "2", "0:40", *"0.0 % 0.0 % 0.0 % 25.0 % 0.0 % 75.0 % 0.0 %".split()]
    assert totals[1][:3] == ["b", "1", "0:00"]
    assert data_of(page)["videos"][2]["error"] == "b/z: broken"


def test_the_list_says_what_videos_and_persons_come_to() -> None:
    first, second, third = of_two().rows
    summary = summarize(rename(of_two(), {"S2": HOSTILE}), video="a")
    page = video_list.index([video_list.Listed("a", summary=summary), video_list.Listed("b", "failed")])
    listed, failed = data_of(page)["videos"]
    assert failed["figures"] == []
    everybody, *persons = listed["figures"]
    assert everybody[:2] == ["", 33.0]
    assert everybody[2][0] == [5, None, None]  # 1.5 s of 33, of too few rows for an interval
    assert {name: seconds for name, seconds, *_ in persons} == {
        "S1": first.end, HOSTILE.replace("\u202e", "�").strip(): third.end - second.end}
    assert page.count("<script") == 2


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


def tracks_of(timeline: Timeline) -> list[tuple[str, list[int]]]:
    data = data_of(report.html(timeline, OutputOptions()))
    return [((*data["people"], "")[track["person"]], track["lanes"]) for track in data["tracks"]]


def test_lanes_are_those_of_persons() -> None:
    face, voice, text = -1, 1, 2
    first, second, third = of_two().rows
    spoken = {m: Reading(m, scores=np.eye(7)[2]) for m in ("voice", "text")}
    rows = [replace(r, readings=r.readings | spoken) for r in (first, third)]
    timeline = replace(of_two(), rows=(rows[0], second, rows[1]))
    assert tracks_of(timeline) == [("S1", [voice, text]), ("S2", [voice, text]), ("Face 3", [face])]
    assert tracks_of(rename(timeline, {"3": "Anna", "S1": "Anna", "S2": "Ben"})) == [
        ("Anna", [face, voice, text]), ("Ben", [voice, text])]
    seen = replace(rows[0].readings["face"], speaking=True)
    rows[0] = replace(rows[0], readings=rows[0].readings | {"face": seen})
    assert tracks_of(replace(timeline, rows=(rows[0], second, rows[1])))[0] == ("S1", [face, voice, text])
    nobody = [replace(r, utterance=replace(r.utterance, speaker="")) for r in rows if r.utterance]
    unseen = replace(nobody[0], readings=nobody[0].readings | {"face": replace(seen, speaking=None)})
    assert tracks_of(replace(timeline, rows=(unseen, second, nobody[1]))) == [
        ("Face 3", [face]), ("", [voice, text])]


def test_persons_have_portraits_from_the_video(demo: Path) -> None:
    page = report.html(rename(of_demo(demo), {"1": "Anna"}), OutputOptions())
    portraits = re.findall(r'<img class="portrait p\d" src="data:image/jpeg;base64,([^"]+)"', page)
    assert len(set(portraits)) == 2  # two faces were seen, in the timeline and in the table
    assert all(base64.b64decode(picture).startswith(b"\xff\xd8") for picture in portraits)
    assert max(map(len, portraits)) < 8000
    assert re.search(r"<b>Anna</b>.*<b>Face 2</b>", page, re.S)


def test_what_persons_come_to_is_in_the_page() -> None:
    page = report.html(rename(two_hours(), {"S1": "Anna", "1": "Anna"}), OutputOptions())
    table = re.findall(r"<tr><th scope=\"row\">.*?</tr>", page[page.index("Who was read as what"):], re.S)
    cells = [re.sub("<[^>]+>", " ", row).split() for row in table]
    assert [row[0] for row in cells[:2]] == ["Everybody", "A"]
    assert cells[0][1] == "2:00:00"
    assert cells[1][1:3] == ["Anna", "30:00"]
    assert sum(int(value) for value in cells[0][2::3]) == pytest.approx(100, abs=3)
    agreement = page[page.index("Where the modalities agree"):]
    assert "Face – Voice" in agreement
    assert "felt" not in re.sub("<[^>]+>", " ", page[page.index("<main>"):page.index("<script")]).lower()


def test_of_a_crowd_those_with_most_time_are_shown() -> None:
    timeline = two_hours()
    crowd = [replace(r, utterance=replace(r.utterance, speaker=f"S{1 + i % 40 + 40 * (i < 9)}"))
             for i, r in enumerate(timeline.rows[:400]) if r.utterance]
    page = report.html(replace(timeline, rows=tuple(crowd), faces=(), media=replace(
        timeline.media, duration=1200.0)), OutputOptions())
    assert len(data_of(page)["people"]) == 49
    assert len(data_of(page)["tracks"]) == 9  # the last for all others
    assert "41 more persons" in page


def test_colours_of_persons_stand_out_in_both_themes() -> None:
    def luminance(colour: str) -> float:
        parts = np.array([int(colour[k:k + 2], 16) for k in (1, 3, 5)]) / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ (0.2126, 0.7152, 0.0722))

    for colour in PERSONS:
        assert 1.05 / (luminance(colour) + 0.05) >= 3  # on white
        assert (luminance(colour) + 0.05) / (luminance("#16161a") + 0.05) >= 3


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
