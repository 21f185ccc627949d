"""A bucket in and a bucket out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.runs import analyze

pytestmark = pytest.mark.slow


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


def test_a_bucket_in_and_a_bucket_out(bucket: str, tiny: Path, tmp_path: Path) -> None:
    import s3fs

    store = s3fs.S3FileSystem(skip_instance_cache=True)
    for name in ("a.mp4", "sub/b.mp4"):
        store.put_file(str(tiny), f"films/in/{name}")
    (tmp_path / "a.srt").write_text("1\n00:00:00,000 --> 00:00:00,500\nI am so happy\n")
    store.put_file(str(tmp_path / "a.srt"), "films/in/a.srt")
    (tmp_path / "tmp").mkdir()
    environment = {"XDG_STATE_HOME": str(tmp_path), "TMPDIR": str(tmp_path / "tmp")}
    done = analyze(f"{bucket}/in", "-o", f"{bucket}/out", "--combine", **environment)
    assert done.returncode == 0, done.stderr
    store.invalidate_cache()
    names = {"a.emotions.csv", "a.emotions.srt", "sub/b.emotions.csv", "sub/b.emotions.srt", "batch.csv",
             "all.emotions.csv"}
    assert {p.removeprefix("films/out/") for p in store.find("films/out")} == names
    assert "I am so happy" in store.read_text("films/out/a.emotions.csv")
    assert store.read_text("films/out/batch.csv").count("done") == 2
    before = store.info("films/out/a.emotions.csv")["LastModified"]
    for name in ("c.mp4", "d.mp4"):
        store.put_file(str(tiny), f"films/in/{name}")
    store.pipe_file("films/out/c.emotions.srt", b"mine")
    refused = analyze(f"{bucket}/in", "-o", f"{bucket}/out", **environment)
    assert refused.returncode == 5
    assert "exists already" in refused.stderr
    store.invalidate_cache()
    assert store.info("films/out/a.emotions.csv")["LastModified"] == before
    assert store.exists("films/out/d.emotions.csv")
    assert store.read_text("films/out/c.emotions.srt") == "mine"
    assert not list((tmp_path / "tmp").iterdir())
