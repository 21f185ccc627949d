"""Which videos a run is about, whatever lies in the folders, and what results are called."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from emocli import storage
from emocli.batch.discover import discover
from emocli.errors import InputError


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_trees_lists_and_patterns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = touch(
        tmp_path / "in",
        "b.mp4",
        "a.MKV",
        "day 1/c.mov",
        "day 1/deep/d.wav",
        ".hidden.mp4",
        ".git/e.mp4",
        "notes.txt",
        "f.x",
    )
    assert [j.name for j in discover([folder])] == ["a", "b", "day 1/c", "day 1/deep/d"]
    assert [j.name for j in discover([folder], include=["*.mp4", "day 1/*"], exclude=["*.wav"])] == [
        "b",
        "day 1/c",
    ]
    shutil.copytree(folder / "day 1", tmp_path / "other")
    assert [j.name for j in discover([folder / "day 1", tmp_path / "other"])] == [
        "day 1/c", "day 1/deep/d", "other/c", "other/deep/d"]
    (folder / "notes.txt").write_text("# what to look at\nb.mp4\n\nday 1/c.mov\n")
    assert [(j.path, j.name) for j in discover([folder / "notes.txt", folder / "b.mp4"])] == [
        (folder / "b.mp4", "b"), (folder / "day 1/c.mov", "day 1/c")]
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")  # results must not leave the output folder by way of ".."
    assert [j.name for j in discover([Path("../in/b.mp4"), tmp_path / "other" / "c.mov"])] == [
        "in/b",
        "other/c",
    ]
    assert [j.name for j in discover([Path("../in/b.mp4"), folder / "b.mp4", folder])] == [
        "a",
        "b",
        "day 1/c",
        "day 1/deep/d",
    ]
    with pytest.raises(InputError, match="holds no video that is wanted"):
        discover([folder], include=["*.avi"])
    (folder / "notes.txt").write_text("# nothing\n")
    with pytest.raises(InputError, match="names no video"):
        discover([folder / "notes.txt"])


def test_one_name_never_for_two_videos(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4", "a.mkv", "A.b.mov", "sub/a.mp4", "c.mp4", "c.mp4.mov", "C.MP4")
    jobs = discover([tmp_path])
    assert {
        j.path.name: j.name
        for j in jobs
        if j.path.parent == tmp_path and not j.error and "c" not in j.name.lower()
    } == {"A.b.mov": "A.b", "a.mkv": "a.mkv", "a.mp4": "a.mp4"}
    assert len({j.name for j in jobs}) == len(jobs)
    assert "c.mp4.mov" in {j.name for j in jobs}
    if len(list(tmp_path.glob("[cC].[mM][pP]4"))) == 2:  # not on file systems where the two are one
        assert [str(j.error).count("as another's") for j in jobs if j.error] == [1]
    # two folders of the same name
    touch(tmp_path, "x/v/d.mp4", "y/v/d.mp4")
    jobs = discover([tmp_path / "x" / "v", tmp_path / "y" / "v"])
    assert [bool(j.error) for j in jobs] == [False, True]
    assert len({j.name for j in jobs}) == 2


def test_links_are_followed_once(tmp_path: Path) -> None:
    touch(tmp_path / "in", "a.mp4", "z/b.mp4")
    touch(tmp_path / "far", "c.mp4")
    (tmp_path / "in" / "itself").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "another").symlink_to(tmp_path / "in" / "z")
    (tmp_path / "in" / "far").symlink_to(tmp_path / "far")
    (tmp_path / "far" / "back").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "dead.mp4").symlink_to(tmp_path / "nowhere")
    assert [j.name for j in discover([tmp_path / "in"])] == ["a", "dead", "far/c", "z/b"]


def test_a_folder_that_cannot_be_searched_is_said_and_the_rest_go_on(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a.mp4", "locked/b.mp4", "sub/c.mp4", "locked.mp4")
    real = Path.iterdir

    def iterdir(self: Path) -> Iterator[Path]:  # root may search all folders
        if self.name == "locked":
            raise PermissionError(13, "Permission denied")
        return real(self)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    jobs = discover([tmp_path])
    assert [(j.name, bool(j.error)) for j in jobs] == [("a", False), ("locked", True), ("locked.mp4", False),
                                                       ("sub/c", False)]
    assert "locked: the folder cannot be searched (Permission denied)" in str(jobs[1].error)
    assert discover([tmp_path / "locked"])[0].error


def test_names_that_are_too_long_or_no_text(tmp_path: Path) -> None:
    assert discover([tmp_path / ("a" * 300 + ".mp4")])[0].name == "a" * 300
    name = os.fsdecode(b"b\xff.mp4")
    touch(tmp_path, name)
    assert [j.name for j in discover([tmp_path])] == [os.fsdecode(b"b\xff")]


def test_a_list_that_never_ends(tmp_path: Path) -> None:
    (tmp_path / "list.txt").symlink_to("/dev/zero")
    with pytest.raises(InputError, match="is no file but a pipe or device"):
        discover([tmp_path / "list.txt"])


def test_a_list_of_urls_and_files(tmp_path: Path) -> None:
    (tmp_path / "a b.mp4").touch()
    (tmp_path / "list.txt").write_text(
        f"memory://bucket/deep/c.mp4\nmemory://bucket/d.mp4\nfile://{tmp_path}/a%20b.mp4\n")
    assert [j.name for j in discover([storage.place(str(tmp_path / "list.txt"))], include=["*.mp4"])][:2] == [
        "memory/bucket/deep/c", "memory/bucket/d"]
    assert storage.place(f"file://{tmp_path}/a%20b.mp4") == tmp_path / "a b.mp4"


def test_lists_and_names_that_no_file_can_have(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        discover([tmp_path / ("n" * 300 + ".txt")])
    (tmp_path / "list.txt").write_text("a\0b/c.mp4\n/\nd.mp4\n")
    jobs = discover([tmp_path / "list.txt"])
    assert [job.path.name for job in jobs][-1] == "d.mp4"
    assert len(jobs) == 3


def test_single_files_that_are_not_wanted(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no video is wanted"):
        discover([tmp_path / "a.mp4"], include=["*.mkv"])
