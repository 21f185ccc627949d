"""What is opened: media files, and nothing that they or their names point to."""

import os
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from support.media import even, tone, write
from support.videos import of_video

from emocli.errors import EmocliError, InputError
from emocli.media.container import opened
from emocli.media.probe import probe
from emocli.outputs.base import OutputOptions
from emocli.render.ffmpeg import input_file, run_ffmpeg
from emocli.render.mux import mux


@pytest.mark.parametrize(("name", "content", "cause"), [
    ("missing.mp4", None, "no such file"), ("empty.mp4", b"", "empty"),
    ("text.mp4", b"hello there\n" * 50, "not a media file")])
def test_unreadable(tmp_path: Path, name: str, content: bytes | None, cause: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=cause) as caught:
        probe(path)
    assert caught.value.exit_code == 3
    assert name in str(caught.value)


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    """The address of a web server, and what was asked of it."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *args: object) -> None:
            pass

    with socketserver.TCPServer(("127.0.0.1", 0), Answer) as serving:
        thread = threading.Thread(target=serving.serve_forever, daemon=True)
        thread.start()
        yield f"127.0.0.1:{serving.server_address[1]}", asked
        serving.shutdown()
        thread.join()


def test_a_folder_named_as_an_address_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                  server: tuple[str, list[str]]) -> None:
    address, asked = server
    monkeypatch.chdir(tmp_path)
    path = Path("http:") / address / "a.mp4"
    path.parent.mkdir(parents=True)
    write(tmp_path / "a.mp4", even(1), sound=tone(1)).rename(path)
    assert probe(path).duration == pytest.approx(1, abs=0.1)
    mux(of_video(path), tmp_path / "a.mkv", OutputOptions())
    assert asked == []


@pytest.mark.parametrize("content", [
    "ffconcat version 1.0\nfile secret.mp4\n",
    "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n",
    "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.mp4\n#EXT-X-ENDLIST\n",
    "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=a\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n"
    "a=rtpmap:96 H264/90000\n"])
@pytest.mark.parametrize("name", ["list.mp4", "list.m3u8", "list.sdp", "%d.jpg"])
def test_lists_of_other_files_are_no_media(tmp_path: Path, name: str, content: str,
                                           server: tuple[str, list[str]]) -> None:
    address, asked = server
    write(tmp_path / "secret.mp4", even(1))
    path = tmp_path / name
    path.write_text(content.replace("{url}", f"http://{address}/a.ts"))
    with pytest.raises(InputError, match="not a media file"):
        probe(path)
    with pytest.raises(EmocliError):
        run_ffmpeg([*input_file(path), str(tmp_path / "out.mkv")], about=path)
    assert asked == []


def test_pipes_devices_and_strange_names_are_refused_unopened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "zero.mp4").symlink_to("/dev/zero")
    (tmp_path / "loop.mp4").symlink_to(tmp_path / "loop.mp4")
    for name, cause in (("pipe.mp4", "a pipe"), ("zero.mp4", "a device"), ("loop.mp4", "cannot be opened"),
                        ("n" * 300 + ".mp4", "cannot be opened"), ("nul\0.mp4", "cannot be opened")):
        with pytest.raises(InputError, match=cause):
            probe(tmp_path / name)


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.mp4"))
    write(tmp_path / "a.mp4", even(1)).rename(path)
    assert probe(path).duration == pytest.approx(1, abs=0.1)


def test_errors_of_libraries_become_ours(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", even(1))
    with pytest.raises(InputError, match="cannot be read"), opened(path) as container:
        container.seek(10**15, stream=container.streams.video[0], any_frame=True, backward=False)
    with pytest.raises(ZeroDivisionError), opened(path):
        _ = 1 / 0
