"""Small pictures of a video."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.media import even, write

from emocli.media.probe import probe
from emocli.media.thumbnails import thumbnails


@pytest.mark.parametrize("claims", [{"width": 0, "height": 0}, {"width": 10**9, "height": 1},
                                    {"rotation": 90}, {"has_video": False}])
def test_sizes_are_those_of_the_file(claims: dict[str, int], tmp_path: Path) -> None:
    info = probe(write(tmp_path / "a.mkv", even(0.4)))
    (thumbnail,) = thumbnails(replace(info, **claims), [0.1], 64)
    assert thumbnail
    assert thumbnail[1:] == (64, 48)
