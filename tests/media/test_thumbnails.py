"""Small pictures of a video."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.media import even, write

from emocli.media.probe import probe
from emocli.media.thumbnails import crops, thumbnails


@pytest.mark.parametrize("claims", [{"width": 0, "height": 0}, {"width": 10**9, "height": 1},
                                    {"rotation": 90}, {"has_video": False}])
def test_sizes_are_those_of_the_file(claims: dict[str, int], tmp_path: Path) -> None:
    info = probe(write(tmp_path / "a.mkv", even(0.4)))
    (thumbnail,) = thumbnails(replace(info, **claims), [0.1], 64)
    assert thumbnail
    assert thumbnail[1:] == (64, 48)


def test_parts_of_frames_are_bounded_by_the_frame(tmp_path: Path) -> None:
    info = probe(write(tmp_path / "a.mkv", even(0.4)))
    huge = 1e300
    whole, part, edge, beside, thin = crops(info, [
        (0.1, (-huge, -huge, 2 * huge, 2 * huge)), (0.1, (10, 10, 20, 20)), (0.2, (-10, 0, 20, 20)),
        (0.2, (1e9, 5, 10, 10)), (0.2, (5, 5, 0.5, 10))], 16)
    assert [crop and crop[1:] for crop in (whole, part, edge)] == [(16, 12), (16, 16), (8, 16)]
    assert whole
    assert whole[0].startswith(b"\xff\xd8")
    assert beside is None
    assert thin is None
