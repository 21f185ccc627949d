"""Many videos: finding them, keeping account, and losing nothing whatever dies."""

from __future__ import annotations

import csv
import importlib.util
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
from support.media import even, tone, write

from emocli import storage
from emocli.analyzer import Analyzer
from emocli.batch import runner, worker
from emocli.batch.discover import discover
from emocli.batch.ledger import FILE, Ledger
from emocli.errors import InputError, OutputError, UsageError
from emocli.options import AnalyzeOptions
from emocli.outputs.base import OutputOptions

WITHOUT_WORDS = ["--transcript", "none"]
#: Makes workers of videos called so die, hang or run out of memory inside the analysis, as native code may.
DEADLY = """
import os, resource, signal, time
from emocli import analyzer
real = analyzer.Analyzer.analyze
def analyze(self, path, progress=lambda stage, share: None):
    if "segv" in path.name:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "hang" in path.name:
        time.sleep(1000)
    if "raise" in path.name:
        raise MemoryError("no memory is left")
    return real(self, path, progress)
analyzer.Analyzer.analyze = analyze
"""


def emocli(*args: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "emocli", "analyze", *map(str, args)], capture_output=True, text=True,
                          env=os.environ | environment, timeout=240)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("tiny") / "a.mp4", even(0.6), sound=tone(0.6))


def copies(tiny: Path, folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        # What follows the last box does not matter to mp4, but makes the content differ.
        (folder / name).write_bytes(tiny.read_bytes() + b"\0\0\0\x0cfree" + number.to_bytes(4, "big"))
    return folder


def lines(out: Path) -> dict[str, dict[str, str]]:
    with (out / "batch.csv").open(newline="") as file:
        return {Path(row["video"]).name: row for row in csv.DictReader(file)}


def whole(out: Path, names: list[str]) -> None:
    """Every result is there once, whole, and nothing else is."""
    there = {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file() and "sqlite" not in p.name}
    assert there == {f"{n}.emotions.{ending}" for n in names for ending in ("csv", "srt")} | {
        "batch.csv", "emocli-batch.lock"}
    for name in names:
        frame = pd.read_csv(out / f"{name}.emotions.csv")
        assert frame["start"].iloc[0] == 0
        assert (frame["end"].to_numpy()[:-1] == frame["start"].to_numpy()[1:]).all()


def test_trees_lists_and_patterns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b.mp4", "a.MKV", "day 1/c.mov", "day 1/deep/d.wav", ".hidden.mp4", ".git/e.mp4", "notes.txt", "f.x"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).touch()
    folder = tmp_path / "in"
    assert [j.name for j in discover([folder])] == ["a", "b", "day 1/c", "day 1/deep/d"]
    assert [j.name for j in discover([folder], include=["*.mp4", "day 1/*"], exclude=["*.wav"])] == ["b", "day 1/c"]
    shutil.copytree(folder / "day 1", tmp_path / "other")
    assert [j.name for j in discover([folder / "day 1", tmp_path / "other"])] == [
        "day 1/c", "day 1/deep/d", "other/c", "other/deep/d"]
    (folder / "notes.txt").write_text("# what to look at\nb.mp4\n\nday 1/c.mov\n")
    assert [(j.path, j.name) for j in discover([folder / "notes.txt", folder / "b.mp4"])] == [
        (folder / "b.mp4", "b"), (folder / "day 1/c.mov", "day 1/c")]
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")  # results must not leave the output folder by way of ".."
    one, other = Path("../in/b.mp4"), tmp_path / "other" / "c.mov"
    assert [j.name for j in discover([one, other])] == ["in/b", "other/c"]
    with pytest.raises(InputError, match="holds no video that is wanted"):
        discover([folder], include=["*.avi"])
    (folder / "notes.txt").write_text("# nothing\n")
    with pytest.raises(InputError, match="names no video"):
        discover([folder / "notes.txt"])


def test_equal_stems_keep_their_endings(tmp_path: Path) -> None:
    for name in ("a.mp4", "a.mkv", "A.b.mov", "sub/a.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [j.name for j in discover([tmp_path])] == ["A.b", "a.mkv", "a.mp4", "sub/a"]
    (tmp_path / "A.MP4").touch()
    if len(list(tmp_path.glob("[aA].[mM][pP]4"))) == 2:  # not on file systems where the two are one
        with pytest.raises(InputError, match="as another's"):
            discover([tmp_path])


def test_the_ledger_keeps_account(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        ledger.plan([("a", Path("a.mp4"), "1"), ("b", Path("b.mp4"), "2")])
        ledger.begin("a")
        assert ledger.counts() == {"running": 1, "waiting": 1}
        assert [ledger.died("a"), ledger.died("a")] == [1, 2]
        ledger.fail("a", "it died")
        ledger.finish("b", seconds=1.5, duration=3.0, summary={"emotion": "fear"}, outputs=["b.csv"])
    with Ledger(tmp_path) as ledger:
        assert ledger.get("c") is None
        done = ledger.get("b")
        assert done
        assert (done.status, done.summary, done.outputs, done.duration) == ("done", {"emotion": "fear"}, ["b.csv"], 3)
        assert [(e.name, e.error) for e in ledger.entries("failed")] == [("a", "it died")]
        ledger.plan([("a", Path("a.mp4"), "1"), ("b", Path("b.mp4"), "3")])
        assert ledger.died("a") == 1  # a new run counts anew
        ledger.fail("b", "it is broken now")
        failed = ledger.get("b")
        assert failed
        assert (failed.seconds, failed.duration, failed.summary, failed.outputs) == (None, None, {}, [])
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / FILE).write_bytes(b"no database" * 100)
    with pytest.raises(OutputError, match="cannot be used"):
        Ledger(tmp_path / "other")


@pytest.mark.slow
def test_a_tree_is_mirrored_and_a_second_run_does_what_is_left(tiny: Path, tmp_path: Path) -> None:
    folder, out = copies(tiny, tmp_path / "in", "a.mp4", "a.mov", "sub/b.mp4"), tmp_path / "out"
    (folder / "broken.mp4").write_text("no video")
    found = emocli(folder, "-o", out, "--combine", "--parquet", *WITHOUT_WORDS)
    assert found.returncode == 5
    assert "broken.mp4" in found.stderr
    assert "1 of 4 inputs failed" in found.stderr
    first = lines(out)
    assert [first[n]["status"] for n in ("a.mp4", "a.mov", "b.mp4", "broken.mp4")] == ["done"] * 3 + ["failed"]
    rows = pd.read_csv(out / "all.emotions.csv")
    assert rows["video"].nunique() == 3
    assert len(rows) == sum(len(pd.read_csv(p)) for p in out.rglob("*.emotions.csv") if p.name != "all.emotions.csv")
    for name in ("batch", "all.emotions"):
        assert len(pd.read_parquet(out / f"{name}.parquet")) == len(pd.read_csv(out / f"{name}.csv"))

    def written() -> dict[str, int]:
        return {p.name: p.stat().st_mtime_ns for p in out.rglob("*.emotions.csv") if p.name != "all.emotions.csv"}

    before = written()
    (folder / "broken.mp4").touch()
    again = emocli(folder, "-o", out, *WITHOUT_WORDS)
    assert again.returncode == 5  # it is still there, and still broken
    assert written() == before
    with (folder / "a.mov").open("ab") as file:
        file.write(b"\0\0\0\x08free")
    assert emocli(folder, "-o", out, *WITHOUT_WORDS).returncode == 5
    after = written()
    assert {name for name in after if after[name] != before[name]} == {"a.mov.emotions.csv"}
    shutil.copyfile(tiny, folder / "broken.mp4")
    (folder / "sub" / "b.srt").write_text("1\n00:00:00,000 --> 00:00:00,500\nI am so happy\n")
    assert emocli(folder, "-o", out, "--retry-failed").returncode == 0  # other options: all of it
    assert not {name for name, at in after.items() if written()[name] == at}
    assert lines(out)["broken.mp4"]["status"] == "done"


@pytest.mark.slow
def test_videos_that_kill_their_worker_fail_and_the_rest_go_on(tiny: Path, tmp_path: Path) -> None:
    folder = copies(tiny, tmp_path / "in", "a.mp4", "b.segv.mp4", "c.hang.mp4", "d.raise.mp4", "e.mp4")
    (tmp_path / "deadly").mkdir()
    (tmp_path / "deadly" / "sitecustomize.py").write_text(DEADLY)
    found = emocli(folder, "-o", tmp_path / "out", "--timeout", 6, "--workers", 2, *WITHOUT_WORDS,
                   PYTHONPATH=str(tmp_path / "deadly"))
    assert found.returncode == 5, found.stderr
    told = lines(tmp_path / "out")
    assert [told[n]["status"] for n in sorted(told)] == ["done", "failed", "failed", "failed", "done"]
    assert "signal 11" in told["b.segv.mp4"]["error"]
    assert "2 times" in told["b.segv.mp4"]["error"]
    assert "--timeout 6" in told["c.hang.mp4"]["error"]
    assert "no memory is left" in told["d.raise.mp4"]["error"]
    # They are left alone until asked for, and then they can be well again.
    assert emocli(folder, "-o", tmp_path / "out", *WITHOUT_WORDS).returncode == 5
    assert emocli(folder, "-o", tmp_path / "out", "--retry-failed", *WITHOUT_WORDS).returncode == 0
    whole(tmp_path / "out", ["a", "b.segv", "c.hang", "d.raise", "e"])


@pytest.mark.slow
def test_two_runs_at_once(tiny: Path, tmp_path: Path) -> None:
    folder, out = copies(tiny, tmp_path / "in", *(f"{i}.mp4" for i in range(6))), tmp_path / "out"
    first = subprocess.Popen([sys.executable, "-m", "emocli", "analyze", folder, "-o", out, *WITHOUT_WORDS],
                             stdout=subprocess.DEVNULL)
    until(lambda: (out / FILE).exists())
    second = emocli(folder, "-o", out, *WITHOUT_WORDS)
    assert second.returncode == 2
    assert "another run is working on this folder" in second.stderr
    patient = emocli(folder, "-o", out, "--wait", *WITHOUT_WORDS)
    assert patient.returncode == first.wait(60) == 0
    whole(out, [str(i) for i in range(6)])


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nothing_is_lost_whatever_is_killed(tiny: Path, tmp_path: Path) -> None:
    """30 rounds: parent, worker or face process, killed at a random moment; then a run to the end."""
    names = [f"{'sub/' * (i % 2)}{i}" for i in range(12)]
    folder, out = copies(tiny, tmp_path / "in", *(f"{n}.mp4" for n in names)), tmp_path / "out"
    chance = random.Random(2026)
    command = [sys.executable, "-m", "emocli", "analyze", folder, "-o", out, "--workers", "2", *WITHOUT_WORDS]
    killed = {"parent": 0, "child": 0}
    for _ in range(30):
        for name in chance.sample(names, 4):  # so that there is always something to do
            for path in out.glob(f"{name}.emotions.*"):
                path.unlink()
        run = psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.2, 4.0))
        family = run.children(recursive=True) if run.is_running() else []
        victim = chance.choice([run, *family])
        killed["parent" if victim is run else "child"] += 1
        try:
            victim.kill()
        except psutil.NoSuchProcess:
            pass
        if victim is run:
            assert not psutil.wait_procs(family, timeout=10)[1]
        assert run.wait(120) in (0, -signal.SIGKILL, 5)
        for table in out.rglob("*.emotions.csv"):  # what is there is whole
            assert pd.read_csv(table)["end"].iloc[-1] == pytest.approx(0.6, abs=0.1)
    assert min(killed.values()) > 2
    assert emocli(folder, "-o", out, "--retry-failed", *WITHOUT_WORDS).returncode == 0
    whole(out, names)
    with Ledger(out) as ledger:
        assert ledger.counts() == {"done": len(names)}


def test_a_list_of_urls_and_files(tmp_path: Path) -> None:
    (tmp_path / "a b.mp4").touch()
    (tmp_path / "list.txt").write_text(f"memory://bucket/deep/c.mp4\nmemory://bucket/d.mp4\nfile://{tmp_path}/a%20b.mp4\n")
    assert [j.name for j in discover([storage.place(str(tmp_path / "list.txt"))], include=["*.mp4"])][:2] == [
        "memory/bucket/deep/c", "memory/bucket/d"]
    assert storage.place(f"file://{tmp_path}/a%20b.mp4") == tmp_path / "a b.mp4"


@pytest.mark.slow
def test_a_store_in_memory(tiny: Path) -> None:
    """The worker's own function, because such a store is seen by one process only."""
    source = storage.place("memory://videos/day/a.mp4")
    source.parent.mkdir(parents=True)
    source.write_bytes(tiny.read_bytes())
    source.with_suffix(".srt").write_text("1\n00:00:00,000 --> 00:00:00,500\nI am so happy\n")
    jobs = discover([storage.place("memory://videos")])
    assert [(str(j.path), j.name) for j in jobs] == [("memory://videos/day/a.mp4", "day/a")]
    files = {"csv": "memory://out/day/a.emotions.csv", "srt": "memory://out/day/a.emotions.srt"}
    with Analyzer(AnalyzeOptions(offline=True)) as analyzer:
        said = worker.answer(analyzer, {"path": str(source), "files": files}, OutputOptions(), lambda message: None)
        lost = worker.answer(analyzer, {"path": "memory://videos/b.mp4", "files": files}, OutputOptions(),
                             lambda message: None)
    assert said["kind"] == "done", said
    assert lost["kind"] == "failed"
    assert "cannot be fetched" in lost["error"]
    assert sorted(p.name for p in storage.place("memory://out/day").iterdir()) == ["a.emotions.csv", "a.emotions.srt"]
    assert "I am so happy" in storage.place(files["csv"]).read_text()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An S3 bucket on loopback."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "a",
                        "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    import s3fs

    s3fs.S3FileSystem(skip_instance_cache=True).mkdir("films")
    yield "s3://films"
    server.stop()


@pytest.mark.slow
def test_a_bucket_in_and_a_bucket_out(bucket: str, tiny: Path, tmp_path: Path) -> None:
    import s3fs

    store = s3fs.S3FileSystem(skip_instance_cache=True)
    for name in ("a.mp4", "sub/b.mp4"):
        store.put_file(str(tiny), f"films/in/{name}")
    (tmp_path / "a.srt").write_text("1\n00:00:00,000 --> 00:00:00,500\nI am so happy\n")
    store.put_file(str(tmp_path / "a.srt"), "films/in/a.srt")
    state = {"XDG_STATE_HOME": str(tmp_path)}
    found = emocli(f"{bucket}/in", "-o", f"{bucket}/out", "--combine", **state)
    assert found.returncode == 0, found.stderr
    store.invalidate_cache()
    names = {"a.emotions.csv", "a.emotions.srt", "sub/b.emotions.csv", "sub/b.emotions.srt", "batch.csv",
             "all.emotions.csv"}
    assert {p.removeprefix("films/out/") for p in store.find("films/out")} == names
    assert "I am so happy" in store.read_text("films/out/a.emotions.csv")
    assert store.read_text("films/out/batch.csv").count("done") == 2
    before = store.info("films/out/a.emotions.csv")["LastModified"]
    store.put_file(str(tiny), "films/in/c.mp4")
    assert emocli(f"{bucket}/in", "-o", f"{bucket}/out", **state).returncode == 0
    store.invalidate_cache()
    assert store.info("films/out/a.emotions.csv")["LastModified"] == before
    assert store.exists("films/out/c.emotions.csv")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_ray_nodes_and_one_dies(tiny: Path, tmp_path: Path) -> None:
    """60 videos on two nodes; one is killed in the middle; all are done, none is done twice."""
    names = [f"{i:02d}" for i in range(60)]
    folder, out = copies(tiny, tmp_path / "in", *(f"{n}.mp4" for n in names)), tmp_path / "out"
    cluster = subprocess.Popen([sys.executable, "-c", CLUSTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               text=True)
    assert cluster.stdin
    assert cluster.stdout
    try:
        address = next(line.split()[1] for line in cluster.stdout if line.startswith("address"))
        run = subprocess.Popen([sys.executable, "-m", "emocli", "analyze", folder, "-o", out, "--engine", "ray",
                                "--ray-address", address, *WITHOUT_WORDS])
        until(lambda: len(list(out.glob("*.srt"))) > 15, 120)
        assert len(list(out.glob("*.srt"))) < 50
        print("kill", file=cluster.stdin, flush=True)
        assert run.wait(240) == 0
    finally:
        cluster.stdin.close()
        cluster.wait(60)
    whole(out, names)
    with Ledger(out) as ledger:
        assert ledger.counts() == {"done": 60}
        deaths = [e.deaths for e in ledger.entries()]
    assert max(deaths) <= 1


#: A Ray cluster of two nodes, one of which is killed when a line is read.
CLUSTER = """
from ray.cluster_utils import Cluster
small = {"num_cpus": 2, "object_store_memory": 100 << 20, "memory": 2 << 30}
cluster = Cluster(initialize_head=True, head_node_args=small | {"include_dashboard": False})
second = cluster.add_node(**small)
cluster.wait_for_nodes()
print("address", cluster.address, flush=True)
input()
cluster.remove_node(second, allow_graceful=False)
try:
    input()
except EOFError:
    cluster.shutdown()
"""


def test_what_cannot_be_gathered_is_said_before_the_work(tiny: Path, tmp_path: Path,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = discover([copies(tiny, tmp_path / "in", "a.mp4", "b.mp4")])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for asked, words in (({"combine": True, "formats": ["srt"]}, "add csv"), ({"parquet": True}, "emocli.parquet")):
        with pytest.raises(UsageError, match=f"(?i){words}"):
            runner.run(runner.Plan(jobs, tmp_path / "out", **asked))
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_one_video_is_no_batch_however_it_is_written(tiny: Path, tmp_path: Path) -> None:
    shutil.copyfile(tiny, tmp_path / "a.mp4")
    for number, name in enumerate((tmp_path / "." / "a.mp4", f"{tmp_path}/./a.mp4")):
        out = tmp_path / f"out{number}"
        assert emocli(name, "-o", out, *WITHOUT_WORDS).returncode == 0
        assert sorted(p.name for p in out.iterdir()) == ["a.emotions.csv", "a.emotions.srt"]


def test_no_cluster(tiny: Path, tmp_path: Path) -> None:
    found = emocli(copies(tiny, tmp_path / "in", "a.mp4"), "-o", tmp_path / "out", "--engine", "ray",
                   "--ray-address", "127.0.0.1:1", *WITHOUT_WORDS)
    assert found.returncode == 1
    assert "docs/cluster.md" in found.stderr


def until(holds: object, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.slow
def test_an_interrupt_leaves_what_is_done(tiny: Path, tmp_path: Path) -> None:
    folder, out = copies(tiny, tmp_path / "in", *(f"{i}.mp4" for i in range(8))), tmp_path / "out"
    run = psutil.Popen([sys.executable, "-m", "emocli", "analyze", folder, "-o", out, "--workers", "1", *WITHOUT_WORDS],
                       stderr=subprocess.PIPE, start_new_session=True,
                       preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
    until(lambda: list(out.glob("*.srt")))
    family = run.children(recursive=True)
    run.send_signal(signal.SIGINT)
    assert run.wait(20) == 130
    assert not psutil.wait_procs(family, timeout=10)[1]
    before = {p: p.stat().st_mtime_ns for p in out.glob("*.srt")}
    assert emocli(folder, "-o", out, *WITHOUT_WORDS).returncode == 0
    whole(out, [str(i) for i in range(8)])
    assert np.mean([p.stat().st_mtime_ns == at for p, at in before.items()]) >= (len(before) - 1) / len(before)
