"""The analyses whose rows are kept: what each is made of, and how it is run."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
from support.paths import REPO

import emocli
from emocli import weights
from emocli.errors import WeightsError

DEMO = REPO / "examples" / "demo.mp4"
KOREAN = """1
00:00:01,000 --> 00:00:04,000
합격했어요! 정말 행복하고 기뻐요!

2
00:00:06,000 --> 00:00:09,000
너무 슬퍼서 하루 종일 울었어요.
"""


def film(folder: Path) -> Path:
    """The example with its subtitles."""
    shutil.copyfile(DEMO.with_suffix(".srt"), folder / "demo.srt")
    return Path(shutil.copyfile(DEMO, folder / "demo.mp4"))


def sound(folder: Path) -> Path:
    """The example's sound alone, without words."""
    target = folder / "demo.mka"
    with av.open(str(DEMO)) as source, av.open(str(target), "w") as sink:
        stream = sink.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                sink.mux(packet)
    return target


def korean(folder: Path) -> Path:
    """The same with Korean subtitles."""
    (folder / "demo.ko.srt").write_text(KOREAN, encoding="utf-8")
    return sound(folder)


#: Name -> (what is analysed, options, the detector that finds its faces).
CASES: dict[str, tuple[Callable[[Path], Path], dict[str, Any], str]] = {
    "film": (film, {}, "yunet"),
    "film-without-yunet": (film, {"face_fps": 1.0}, "mtcnn"),
    "film-without-words": (film, {"transcript": "none", "face_fps": 2.0, "smooth": False}, "yunet"),
    "sound-korean": (korean, {}, "none"),
    "sound-commercial": (sound, {"transcript": "none", "commercial": True}, "none"),
}


def have_yunet() -> bool:
    """Whether the files of YuNet and of the Face Landmarker are here or can be fetched."""
    try:
        return all(weights.resolve(name).is_file() for name in ("yunet", "face-landmarker"))
    except WeightsError:
        return False


@contextmanager
def without_yunet() -> Iterator[None]:
    """Make every place empty that YuNet could come from."""
    kept = {name: os.environ.pop(name, None) for name in (weights.CACHE, weights.MIRROR)}
    with TemporaryDirectory() as empty:
        os.environ[weights.CACHE] = empty
        try:
            yield
        finally:
            del os.environ[weights.CACHE]
            os.environ.update({name: value for name, value in kept.items() if value is not None})


def run(name: str, folder: Path) -> tuple[emocli.Timeline, list[dict[str, Any]]]:
    """Analyse a case in `folder`; its timeline, and its rows as they are kept."""
    make, options, detector = CASES[name]
    path = make(folder)
    if detector == "mtcnn":
        with without_yunet():
            timeline = emocli.analyze(path, offline=True, **options)
    else:
        timeline = emocli.analyze(path, **options)
    return timeline, json.loads(timeline.to_dataframe().to_json(orient="records"))
