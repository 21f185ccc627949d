"""An RTSP server of a few lines, which sends raw sound over the connection that asks for it."""

from __future__ import annotations

import re
import socketserver
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from support.servers import running

#: What it offers: mono int16, big endian, 16 kHz (RFC 3551).
DESCRIPTION = (b"v=0\r\ns=talk\r\nt=0 0\r\nm=audio 0 RTP/AVP 97\r\na=rtpmap:97 L16/16000/1\r\n"
               b"a=control:sound\r\n")
#: Samples of a packet.
AT_ONCE = 320
#: Called once the sound of a connection, numbered from 0, may be sent; its end is the connection's.
Play = Callable[["Connection", int], None]


class Connection:
    """Where sound can be sent."""

    def __init__(self, write: Callable[[bytes], Any]) -> None:
        self._write, self._packets = write, 0

    def send(self, samples: np.ndarray) -> None:
        """Whole packets of samples (n,) float32, one after another (RFC 2326, 10.12)."""
        for packet in (samples * 32767).astype(">i2").reshape(-1, AT_ONCE):
            header = struct.pack("!BBHII", 0x80, 97, self._packets, self._packets * AT_ONCE, 1)
            data = header + packet.tobytes()
            self._write(struct.pack("!cBH", b"$", 0, len(data)) + data)
            self._packets += 1


@contextmanager
def serving(play: Play) -> Iterator[str]:
    """A server that plays what `play` sends; its address."""
    numbers = iter(range(10**6))

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while request := self.rfile.readline():
                count = b""
                while (line := self.rfile.readline()).strip():
                    if match := re.match(rb"CSeq: *(\d+)", line, re.IGNORECASE):
                        count = match[1]
                self._answer(request.split()[0], count)
                if request.startswith(b"PLAY"):
                    play(Connection(self.wfile.write), next(numbers))
                    return

        def _answer(self, method: bytes, count: bytes) -> None:
            size = len(DESCRIPTION)
            more = {b"DESCRIBE": b"Content-Type: application/sdp\r\nContent-Length: %d\r\n" % size,
                    b"SETUP": b"Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n",
                    b"OPTIONS": b"Public: DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"}.get(method, b"")
            body = DESCRIPTION if method == b"DESCRIBE" else b""
            self.wfile.write(b"RTSP/1.0 200 OK\r\nCSeq: %s\r\n%s\r\n%s" % (count, more, body))

    with running(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)) as port:
        yield f"rtsp://127.0.0.1:{port}/talk"
