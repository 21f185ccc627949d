"""Streams over a server on this machine that cuts off, is silent, comes back and ends; stamps that jump."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from support import rtsp
from support.media import even, tone, write
from support.servers import running

from emocli.errors import InputError, UsageError
from emocli.live.events import Notice
from emocli.live.intake import Block, Item, Missed
from emocli.live.streams import AHEAD, PAUSES, StampClock, from_address, shown
from emocli.media.frames import Sample

Answer = Callable[[BaseHTTPRequestHandler, int], None]


class Clock:
    """Time passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """A server that answers each request, numbered, in its own way; its address."""
    numbers = iter(range(10**6))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self, next(numbers))

        def log_message(self, *given: object) -> None:
            """Say nothing."""

    with running(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield f"http://127.0.0.1:{port}/live.ts"


def send(request: BaseHTTPRequestHandler, data: bytes, length: int | None = None) -> None:
    request.send_response(200)
    request.send_header("Content-Type", "video/mp2t")
    if length:
        request.send_header("Content-Length", str(length))
    request.end_headers()
    request.wfile.write(data)


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Four seconds of pictures and of a tone, as a transport stream."""
    path = write(tmp_path_factory.mktemp("stream") / "a.ts", even(4), sound=tone(4))
    return path.read_bytes()


def seconds(items: list[Item]) -> float:
    return sum(item.seconds for item in items if isinstance(item, Block | Missed))


def test_a_stream_that_cuts_off_returns_and_ends(stream: bytes) -> None:
    def answer(request: BaseHTTPRequestHandler, number: int) -> None:
        if number in (0, 3):
            send(request, stream)
        else:
            request.send_error(404)

    clock = Clock()
    with serving(answer) as address:
        items = list(from_address(address, 2.0, now=clock.now, sleep=clock.sleep))
    notices = [(i, item) for i, item in enumerate(items) if isinstance(item, Notice)]
    assert [item.kind for _, item in notices] == ["stalled", "resumed", "stalled", "note"]
    (gap,) = [item.seconds for item in items if isinstance(item, Missed)]
    assert gap == pytest.approx(sum(PAUSES[:3]), abs=0.3)
    first, second = notices[0][0], notices[1][0]
    assert seconds(items[:first]) == pytest.approx(4.0, abs=0.2)
    assert seconds(items) == pytest.approx(8.0 + gap, abs=0.4)
    pictures = [item.time for item in items if isinstance(item, Sample)]
    assert len(pictures) == pytest.approx(16, abs=2)
    assert pictures == sorted(pictures)
    before = [item.time for item in items[:first] if isinstance(item, Sample)]
    after = [item.time for item in items[second:] if isinstance(item, Sample)]
    assert max(before) < 4.2
    assert min(after) == pytest.approx(4.0 + gap, abs=0.6)


def test_a_server_that_falls_silent(stream: bytes) -> None:
    done = threading.Event()

    def answer(request: BaseHTTPRequestHandler, number: int) -> None:
        if number == 0:
            send(request, stream[:len(stream) // 2])
            done.wait(60)
        else:
            request.send_error(404)

    clock = Clock()
    with serving(answer) as address:
        items = []
        for item in from_address(address, now=clock.now, sleep=clock.sleep, stall=0.3):
            items.append(item)
            if isinstance(item, Notice):
                done.set()
    assert [item.kind for item in items if isinstance(item, Notice)] == ["stalled", "note"]
    assert 1.0 < seconds(items) < 3.0


def test_rtsp_that_falls_silent_returns_and_ends() -> None:
    silent = threading.Event()

    def play(connection: rtsp.Connection, number: int) -> None:
        if number < 2:
            connection.send(tone(2.0))
        if number == 0:
            assert silent.wait(60)

    clock = Clock()
    with rtsp.serving(play) as address:
        items = []
        for item in from_address(address, now=clock.now, sleep=clock.sleep, stall=2):
            items.append(item)
            if isinstance(item, Notice):
                silent.set()
    kinds = [item.kind for item in items if isinstance(item, Notice)]
    assert kinds == ["stalled", "resumed", "stalled", "note"]
    (gap,) = [item.seconds for item in items if isinstance(item, Missed)]
    assert seconds(items) == pytest.approx(4.0 + gap, abs=0.1)


def test_a_file_at_an_address_ends_and_is_played_in_time(tmp_path: Path) -> None:
    """Not faster than it would be heard, but for what a server may have kept."""
    data = write(tmp_path / "a.wav", sound=tone(20), audio_codec="pcm_s16le").read_bytes()
    clock = Clock()
    with serving(lambda request, number: send(request, data, len(data))) as address:
        items = list(from_address(address, now=clock.now, sleep=clock.sleep))
    assert not [item for item in items if not isinstance(item, Block)]
    assert seconds(items) == pytest.approx(20.0, abs=0.05)
    assert clock.time == pytest.approx(20.0 - AHEAD, abs=0.5)


def test_a_rate_that_changes_within_a_stream(tmp_path: Path) -> None:
    """Parts of 16 and 48 kHz joined: the tone stays the same, no time is lost."""
    parts = [write(tmp_path / "a.ts", sound=tone(2), audio_codec="mp2").read_bytes(), louder(tmp_path)]
    with serving(lambda request, number: send(request, b"".join(parts)) if not number
                 else request.send_error(404)) as address:
        clock = Clock()
        items = list(from_address(address, now=clock.now, sleep=clock.sleep))
    whole = np.concatenate([item.samples for item in items if isinstance(item, Block)]) / 32768
    assert len(whole) / 16_000 == pytest.approx(4.0, abs=0.25)
    for start in (8_000, len(whole) - 16_000):
        spectrum = np.abs(np.fft.rfft(whole[start:start + 8_000]))
        assert spectrum.argmax() * 2 == pytest.approx(440, abs=4)


def louder(folder: Path) -> bytes:
    """Two seconds of the tone at 48 kHz in the same kind of stream."""
    import av

    with av.open(str(folder / "b.ts"), "w") as out:
        stream = out.add_stream("mp2", rate=48_000, layout="mono")
        samples = (0.3 * 32767 * np.sin(2 * np.pi * 440 * np.arange(96_000) / 48_000)).astype(np.int16)
        for first in range(0, len(samples), 1_152):
            frame = av.AudioFrame.from_ndarray(samples[None, first:first + 1_152], "s16", "mono")
            frame.sample_rate, frame.pts = 48_000, first
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return (folder / "b.ts").read_bytes()


@pytest.mark.parametrize(("address", "kind"), [
    ("ftp://127.0.0.1/a.ts", UsageError), ("concat://a", UsageError),
    ("http://127.0.0.1:9/a.ts", InputError)])
def test_addresses_that_cannot_be_heard(address: str, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=r"127\.0\.0\.1|concat"):
        list(from_address(address))


def test_a_playlist_is_not_followed(tmp_path: Path) -> None:
    asked = []

    def answer(request: BaseHTTPRequestHandler, number: int) -> None:
        asked.append(request.path)
        send(request, b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nother.ts\n#EXT-X-ENDLIST\n")

    with serving(answer) as address, pytest.raises(InputError):
        list(from_address(address.replace(".ts", ".m3u8")))
    assert set(asked) == {"/live.m3u8"}


def test_secrets_are_not_shown() -> None:
    assert shown("rtsp://me:secret@10.0.0.7:554/cam?token=secret") == "rtsp://10.0.0.7:554/cam"


def test_stamps_that_jump_keep_sound_and_pictures_together() -> None:
    clock, expected, apart = StampClock(), 0.0, []
    for number in range(1_000):
        shift = 0.0 if number < 400 else -7_200.0 if number < 700 else 90_000.0
        at = number * 0.04
        sound = clock.time(0, 100.0 + at + shift, expected)
        # the pictures' stamps jump some packets later than the sound's
        late = 0.0 if number < 403 else -7_200.0 if number < 705 else 90_000.0
        picture = clock.time(1, 100.0 + at - 0.1 + (shift if late == shift else late), expected)
        apart.append(sound - picture)
        expected = at
        assert sound == pytest.approx(at, abs=0.3)
    assert np.allclose(apart[-200:], 0.1, atol=0.15)
    assert np.allclose(apart[:400], 0.1, atol=1e-6)
