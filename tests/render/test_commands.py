"""`annotate`, `mux` and `clips` as a user calls them."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from support.videos import of_video

from emocli.media.probe import probe
from emocli.outputs import document
from emocli.outputs.base import OutputOptions


def emocli(*args: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "emocli", *map(str, args)], capture_output=True, text=True)


def test_commands(grey: Path, tmp_path: Path) -> None:
    analysis = document.to_json(of_video(grey), OutputOptions())
    (tmp_path / "grey.emotions.json").write_text(analysis, encoding="utf-8")
    done = emocli("annotate", grey, "--preview", "1s")
    assert done.returncode == 0, done.stderr
    assert probe(tmp_path / "grey.annotated.mp4").duration == pytest.approx(1, abs=0.1)
    for args, words in ((["annotate", grey], "--overwrite"),
                        (["annotate", grey, "-o", grey, "--overwrite"], "itself"),
                        (["mux", grey, "-o", grey, "--overwrite"], "itself"),
                        (["clips", grey, "--emotion", "sad", "--reel", grey, "--overwrite"], "itself"),
                        (["clips", grey, "--emotion", "fear", "--reel", tmp_path / "a.srt"], "is no video"),
                        (["annotate", grey, "--preview", "soon", "--overwrite"], "10s or 1m"),
                        (["annotate", grey, "--blur-except", "9", "--overwrite"], "number 9"),
                        (["clips", grey, "--emotion", "boredom"], "Choose from happiness"),
                        (["clips", grey, "--emotion", "fear"], "holds no such moment"),
                        (["mux", grey, "--srt-style", "loud"], "--srt-style")):
        failed = emocli(*args)
        assert failed.returncode in (2, 3), args
        assert words in failed.stderr, args
    assert emocli("mux", grey).returncode == 0
    done = emocli("clips", grey, "--emotion", "sad,happy", "--pad", "0", "-o", tmp_path / "cut")
    assert done.returncode == 0, done.stderr
    assert "encoded again" in done.stdout
    names = sorted(p.name for p in (tmp_path / "cut").iterdir())
    assert names == ["grey.001.sadness.mp4", "grey.002.happiness.mp4"]
    assert Fraction(1, 2) < probe(tmp_path / "cut" / "grey.001.sadness.mp4").duration < 2
