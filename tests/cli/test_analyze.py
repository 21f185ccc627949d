"""`emocli analyze` as a user meets it: bad input, exit codes, interrupts, no half-written files."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest
from support.media import even, tone, write
from support.runs import DEADLY, WITHOUT_WORDS, analyze, command, gone, hear_interrupts, until
from typer.main import get_command

from emocli import weights
from emocli.batch.discover import discover
from emocli.batch.plan import Plan
from emocli.cli.analyze import checked
from emocli.cli.app import app
from emocli.errors import EmocliError, UsageError
from emocli.options import AnalyzeOptions

#: A `sitecustomize.py` that is interrupted the moment that a module is imported.
INTERRUPTED = """
import os, signal, sys
class Interrupt:
    def find_spec(self, name, *more):
        if name == os.environ["INTERRUPT_AT"]:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupt())
"""


def sound(path: Path, seconds: float = 1.0) -> Path:
    return write(path, sound=tone(seconds), audio_codec="pcm_s16le")


def with_site(folder: Path, code: str) -> dict[str, str]:
    """The environment for a run that does `code` first."""
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(code)
    return {"PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])}


@pytest.mark.parametrize(("args", "code", "words"), [
    (["a.mp4", "-f", "pdf"], 2, "choose from csv, srt, vtt, ass, json, html"),
    (["a.mp4", "--face-fps", "0"], 2, "0.1 to 60"),
    (["a.mp4", "--transcript", "none.srt"], 2, "none.srt: no such subtitle file"),
    (["a.mp4", "--device", "tpu"], 2, "auto, cpu, cuda"),
    (["a.mp4", "--language", "english!"], 2, "no language code"),
    (["a.mp4", "--voice-mode", "slow"], 2, "fast, accurate, cascade, auto"),
    (["a.mp4", "--weights", "a"], 2, "as 0.6,0.4"),
    (["a.mp4", "--voice-baseline", "me.wav"], 2, "me.wav: no such recording"),
    (["a.mp4", "--voice-baseline", "S2=me.wav"], 2, "me.wav: no such recording"),
    (["a.mp4", "--speakers", "0"], 2, "1 to 20"), (["a.mp4", "--speakers", "21"], 2, "1 to 20"),
    (["a.mp4", "--speakers", "two"], 2, "auto, off, 2, 3"), (["a.mp4", "--speakers", "-1"], 2, "auto, off"),
    (["folder", "--speakers", "one.srt", "-o", "out"], 2, "belongs to one video"),
    (["a.mp4", "--combine"], 2, "give -o"), (["a.mp4", "--wait"], 2, "give -o"),
    (["memory://films/a.mp4"], 2, "give -o"),
    (["a.mp4", "-o", "out", "--engine", "slurm"], 2, "local, ray"),
    (["a.mp4", "b.mp4", "-o", "out", "--workers", "none"], 2, "auto, 1, 2"),
    (["a.mp4", "b.mp4", "--transcript", "one.srt"], 2, "belongs to one video"),
    (["folder", "--transcript", "one.srt", "-o", "out"], 2, "belongs to one video"),
    (["nowhere://a.mp4", "-o", "out"], 2, "emocli[remote]"),
    (["empty"], 3, "holds no video")])
def test_calls_that_are_wrong(args: list[str], code: int, words: str, tmp_path: Path,
                              monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one.srt").write_text("1\n00:00:00,000 --> 00:00:00,500\nI am so happy\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.mp4").touch()
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EmocliError) as raised:
        app(["analyze", *args], standalone_mode=False)
    assert raised.value.exit_code == code
    assert words.lower() in str(raised.value).lower()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["empty", "folder", "one.srt"]


def test_account_is_kept_of_many_and_with_a_folder(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).touch()
    a, b, out = tmp_path / "a.mp4", tmp_path / "b.mp4", tmp_path / "out"
    for given, folder, account in (
        ([a], None, False),
        ([a], out, False),
        ([a, b], None, False),
        ([a, b], out, True),
        ([tmp_path], out, True),
        ([tmp_path / "." / "a.mp4"], out, False),
    ):
        assert checked(Plan((), folder), discover(given), given).account is account, given
    assert checked(Plan((), out, combine=True), discover([a]), [a]).account
    spoken = AnalyzeOptions(transcript=str(a))
    assert checked(Plan((), out, spoken), discover([a]), [a])
    with pytest.raises(UsageError):
        checked(Plan((), out, spoken), discover([tmp_path], exclude=["b.*"]), [tmp_path])


def test_variables_stand_for_settings_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "VERSION",
        "ANALYZE_OVERWRITE",
        "ANALYZE_QUIET",
        "ANALYZE_OUT",
        "ANALYZE_RETRY_FAILED",
        "INIT_OVERWRITE",
    ):
        monkeypatch.setenv(f"EMOCLI_{name}", "1")
    monkeypatch.setenv("EMOCLI_ANALYZE_LANG", "ko")
    root: Any = get_command(app)
    above = root.make_context("emocli", ["analyze", "a.mp4"])
    assert above.params["version"] is False
    values = root.commands["analyze"].make_context("analyze", ["a.mp4"], parent=above).params
    assert values["lang"] == "ko"
    assert not any(values[name] for name in ("overwrite", "quiet", "out", "retry_failed"))


@pytest.mark.slow
def test_what_is_wrong_with_one_video_costs_that_video(tmp_path: Path) -> None:
    """Without -o, in one run: files that are no media, none at all, cut off, of no length; odd names; one
    that a library chokes on; and good ones."""
    folder = tmp_path / "in"
    folder.mkdir()
    sound(folder / "a.wav")
    sound(folder / "raise.wav")
    sound(folder / os.fsdecode(b"b\xff.wav"))
    sound(folder / "c.flac.wav")
    sound(folder / "c.mka").rename(folder / "c.flac")
    sound(folder / "long.wav").rename(folder / ("l" * 251 + ".wav"))
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_bytes(b"hello\n" * 99)
    cut = write(tmp_path / "whole.mp4", even(2)).read_bytes()[:-800]
    (folder / "cut.mp4").write_bytes(cut)
    with wave.open(str(folder / "zero.wav"), "wb") as zero:
        zero.setparams((1, 2, 16000, 0, "NONE", ""))
    os.mkfifo(folder / "pipe.mp4")
    (folder / "endless.mp4").symlink_to("/dev/zero")
    (folder / "itself").symlink_to(folder)
    done = analyze(*sorted(folder.glob("*.*")), folder, "-q", "-f", "csv,json", *WITHOUT_WORDS,
                   **with_site(tmp_path / "site", DEADLY))
    assert done.returncode == 5
    for name in (
        "raise.wav",
        "l" * 251,
        "empty.mp4",
        "text.mp4",
        "cut.mp4",
        "zero.wav",
        "pipe.mp4",
        "endless.mp4",
    ):
        assert f"{folder / name}" in done.stderr, name
    assert "8 of 12 inputs failed" in done.stderr
    assert sorted(Path(line).name for line in done.stdout.splitlines()) == sorted(
        f"{name}.emotions.{kind}" for name in ("a", os.fsdecode(b"b\xff"), "c", "c.flac.wav")
        for kind in ("csv", "json"))
    assert all(Path(line).is_file() for line in done.stdout.splitlines())
    assert not list(folder.glob(".emocli*"))


@pytest.mark.slow
def test_a_single_file_that_cannot_be_read(tmp_path: Path) -> None:
    done = analyze(tmp_path / "missing.mp4", "-o", tmp_path / "out")
    assert done.returncode == 3
    assert done.stderr == f"emocli: {tmp_path / 'missing.mp4'}: no such file. Check the path.\n"
    (tmp_path / "empty.mp4").touch()
    done = analyze(tmp_path / "empty.mp4", "-o", tmp_path / "out", "-v")
    assert done.returncode == 3
    assert "empty.mp4: the file is empty" in done.stderr
    assert "emocli.batch: " in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_odd_but_readable_files_in_one_run(tmp_path: Path) -> None:
    """No sound, no picture, one picture, silent sound, and a name with everything in it."""
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    write(folder / "no sound.mp4", even(1))
    write(folder / "no picture.wav", sound=tone(1), audio_codec="pcm_s16le")
    write(folder / "one.mp4", [0.0])
    write(folder / "silent.mkv", even(1), sound=np.zeros(16000, np.float32))
    write(folder / "it's \"so\" 😊 슬픔.mp4", even(1), sound=tone(1))
    done = analyze(
        folder, "-o", out, "-f", "csv,srt,vtt,json", "--faces", "--offline", "-q", "--combine", "--parquet"
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 29  # five each, batch and all as CSV and Parquet
    assert all(Path(line).is_file() for line in done.stdout.splitlines())
    tables = [path for path in out.glob("*.emotions.csv") if path.name != "all.emotions.csv"]
    assert len(tables) == 5
    for path in tables:
        frame = pd.read_csv(path)
        assert frame["start"].iloc[0] == 0
        assert "no_face" in frame["flags"].iloc[0]
    assert pd.read_csv(out / "one.emotions.csv")["end"].iloc[-1] == pytest.approx(0.04, abs=0.05)
    rows = pd.read_csv(out / "all.emotions.csv")
    assert rows["video"].nunique() == 5
    assert len(rows) == sum(len(pd.read_csv(path)) for path in tables)
    for name in ("batch", "all.emotions"):
        assert len(pd.read_parquet(out / f"{name}.parquet")) == len(pd.read_csv(out / f"{name}.csv"))
    # a second run does what has changed: a video, or the words beside one
    with (folder / "one.mp4").open("ab") as file:
        file.write(b"\0\0\0\x08free")
    (folder / "silent.srt").write_text("1\n00:00:00,000 --> 00:00:00,500\nI am so happy\n")
    again = analyze(folder, "-o", out, "-f", "csv,srt,vtt,json", "--faces", "--offline", "-q")
    assert again.returncode == 0, again.stderr
    assert {Path(line).name.split(".")[0] for line in again.stdout.splitlines()} == {"one", "silent", "batch"}
    assert "I am so happy" in (out / "silent.emotions.csv").read_text()


@pytest.mark.slow
def test_one_video_by_itself(tmp_path: Path) -> None:
    """Nothing but the results; nothing is overwritten; folders that cannot be written to; closed output."""
    path = sound(tmp_path / "a.wav")
    out = tmp_path / "out"
    done = analyze(f"{tmp_path}/./a.wav", "-o", out, *WITHOUT_WORDS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")  # silent when not on a terminal
    assert sorted(p.name for p in out.iterdir()) == ["a.emotions.csv", "a.emotions.srt"]
    (out / "a.emotions.csv").write_text("mine")
    refused = analyze(path, "-o", out, *WITHOUT_WORDS)
    assert refused.returncode == 2
    assert "--overwrite" in refused.stderr
    assert (out / "a.emotions.csv").read_text() == "mine"
    closed = subprocess.run(["/bin/sh", "-c", 'exec "$@" >&-', "sh",
                             *command(path, "-o", out, "--overwrite", "-q", *WITHOUT_WORDS)],
                            stderr=subprocess.PIPE, text=True, timeout=280)
    assert closed.returncode == 3
    assert "standard output: cannot be written to" in closed.stderr
    assert len(closed.stderr.splitlines()) == 1
    assert (out / "a.emotions.csv").read_text() != "mine"
    (tmp_path / "file").touch()
    # root may write everywhere but here
    for target in (tmp_path / "file", Path("/proc/emocli")):
        locked = analyze(path, "-o", target, *WITHOUT_WORDS)
        assert locked.returncode == 3
        assert str(target) in locked.stderr
        assert "cannot be written" in locked.stderr


@pytest.mark.slow
def test_full_disk(tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", full], capture_output=True
    ).returncode:
        pytest.skip("a small tmpfs cannot be mounted here (needs root)")
    try:
        (full / "filler").write_bytes(b"x" * 4096)
        path = sound(tmp_path / "a.wav")
        for paths in ([path], [path, sound(tmp_path / "b.wav")]):  # the second keeps account
            done = analyze(*paths, "-o", full, *WITHOUT_WORDS)
            assert done.returncode == 3
            assert "a.wav" in done.stderr or "emocli-ledger" in done.stderr
            assert any(words in done.stderr for words in ("No space left", "disk"))
            assert not [p.name for p in full.iterdir() if "emotions" in p.name]
    finally:
        subprocess.run(["umount", full], check=True)


@pytest.mark.slow
def test_damaged_weights(tmp_path: Path) -> None:
    """A package whose weights were damaged on disk leaves with 4 and writes nothing, for one video or
    several."""
    import emocli as package

    shutil.copytree(
        Path(package.__file__).parent, tmp_path / "emocli", ignore=shutil.ignore_patterns("_weights")
    )
    shutil.copytree(weights.folder(), tmp_path / "weights")
    (tmp_path / "weights" / "fusion.safetensors").write_bytes(b"damaged")
    a, b = sound(tmp_path / "a.wav"), sound(tmp_path / "b.wav")
    for paths in ([a], [a, b]):
        done = analyze(*paths, cwd=tmp_path, PYTHONPATH=str(tmp_path))
        assert done.returncode == 4
        assert "fusion.safetensors" in done.stderr
    assert not list(tmp_path.glob("*.emotions.csv"))


@pytest.mark.slow
def test_no_network_and_an_empty_cache(tmp_path: Path, demo: Path) -> None:
    done = analyze(demo, "-o", tmp_path / "out", "-f", "json", "--face-fps", "0.1",
                   EMOCLI_CACHE=str(tmp_path / "cache"), EMOCLI_WEIGHTS_MIRROR="http://127.0.0.1:9")
    assert done.returncode == 0, done.stderr
    document = json.loads((tmp_path / "out" / "demo.emotions.json").read_text())
    assert document["provenance"]["detector"] == "mtcnn"
    assert "mtcnn" in document["notes"][0]
    assert document["tracks"]


@pytest.mark.parametrize("module", ["socket", "typer", "emocli.options", "rich", "emocli.cli.analyze"])
def test_an_interrupt_at_the_start(module: str, tmp_path: Path) -> None:
    environment = with_site(tmp_path, INTERRUPTED) | {"INTERRUPT_AT": module}
    done = subprocess.run(command(tmp_path / "missing.mp4"), capture_output=True, text=True, timeout=280,
                          env=os.environ | environment, preexec_fn=hear_interrupts)
    assert (done.returncode, done.stderr) == (130, "emocli: interrupted\n")


@pytest.fixture(scope="module")
def long_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("long")
    sound(folder / "a.wav")
    return write(folder / "long.mkv", even(100, 5), sound=tone(100), options={"preset": "ultrafast"},
                 pictures=lambda i: np.random.default_rng(i % 7).integers(0, 255, (240, 320, 3), np.uint8))


@pytest.mark.slow
@pytest.mark.parametrize("several", [False, True])
def test_an_interrupt_leaves_nothing_behind_but_what_is_done(
    long_video: Path, tmp_path: Path, several: bool
) -> None:
    """Once the face process is there, which is after the first of several, a sound, is done."""
    out, temporary = tmp_path / "out", tmp_path / "tmp"
    temporary.mkdir()
    with subprocess.Popen(
        command(
            long_video.parent if several else long_video,
            "-o",
            out,
            "--workers",
            "1" if several else "auto",
            "--face-fps",
            "10",
            *WITHOUT_WORDS,
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"TMPDIR": str(temporary)},
        preexec_fn=hear_interrupts,
    ) as run:
        parent = psutil.Process(run.pid)

        def face_processes() -> list[psutil.Process]:
            return [p for p in parent.children(recursive=True) if "emocli.face.worker" in p.cmdline()]

        until(face_processes)
        children = parent.children(recursive=True)
        os.killpg(run.pid, signal.SIGINT)
        said = run.communicate(timeout=280)[1]
        assert (run.returncode, said) == (130, "emocli: interrupted\n")
    assert gone(children)
    assert not list(temporary.iterdir())
    assert {p.name for p in out.rglob("*.emotions.*")} == (
        {"a.emotions.csv", "a.emotions.srt"} if several else set())
    assert several or not out.exists()


@pytest.mark.slow
def test_a_killed_parent_leaves_no_orphan(tmp_path: Path, demo: Path) -> None:
    run = psutil.Popen(command(demo, "-o", tmp_path / "out"), stderr=subprocess.DEVNULL)
    children = until(lambda: run.children(recursive=True))
    run.kill()
    run.wait()
    assert gone(children)


def test_version() -> None:
    import emocli

    done = subprocess.run(
        [sys.executable, "-m", "emocli", "--version"], capture_output=True, text=True, timeout=280
    )
    assert done.stdout == f"emocli {emocli.__version__}\n"
