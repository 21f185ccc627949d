"""A page with the captions, for OBS or a second screen, served to this machine alone.

Any page in a browser, and any user of this machine, can reach a port on 127.0.0.1.  So the address holds a
random token, which is compared in constant time; the Host header must be ours (a name that somebody lets
point to 127.0.0.1 is refused: DNS rebinding); no other origin may read or frame anything; connections,
subscribers and what waits for each are bounded, and none of them can make the engine wait.
"""

from __future__ import annotations

import hmac
import re
import secrets
import sys
import threading
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from socketserver import TCPServer
from typing import Any

from emocli.errors import UsageError
from emocli.live.broadcast import END, Broadcast
from emocli.live.events import Event

HOST = "127.0.0.1"
#: Connections at once.
CONNECTIONS = 32
#: Seconds: silence after which a comment is sent, so that who has gone is noticed; how long one may take to
#: ask or to take what is sent; how long all are given to leave at the end; between looks for that end.
HEARTBEAT, PATIENCE, FAREWELL, POLL = 15.0, 10.0, 0.2, 0.1
#: Milliseconds after which a page that was cut off comes again.
RETRY = 2000
_PARTS = {"": ("overlay.html", "text/html"), "overlay.css": ("overlay.css", "text/css"),
          "overlay.js": ("overlay.js", "text/javascript")}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                               "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin"}


@cache
def _part(name: str) -> bytes:
    return files("emocli.live.page").joinpath(name).read_bytes()


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version, sys_version = "emocli", ""
    timeout = PATIENCE

    def do_GET(self) -> None:  # so the standard library calls it
        token, _, name = self.path.partition("?")[0].removeprefix("/").partition("/")
        if not self._own_host() or not hmac.compare_digest(token.encode(), self.server.token.encode()):
            self._answer(403, b"This address is not valid. emocli prints the right one when it starts.\n")
        elif name == "events":
            self._events()
        elif name in _PARTS:
            part, kind = _PARTS[name]
            self._answer(200, _part(part), kind)
        else:
            self._answer(404, b"There is no such page.\n")

    def _own_host(self) -> bool:
        port = self.server.server_port
        return self.headers.get_all("Host") in ([f"{HOST}:{port}"], [f"localhost:{port}"])

    def _answer(self, status: int, body: bytes, kind: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def end_headers(self) -> None:
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def _events(self) -> None:
        last = self.headers.get("Last-Event-ID", "")
        broadcast = self.server.broadcast
        subscriber = broadcast.subscribe(int(last) if re.fullmatch(r"[0-9]{1,9}", last) else 0)
        if subscriber is None:
            self._answer(503, b"Too many pages are open.\n")
            return
        try:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream; charset=utf-8")
            self.end_headers()
            self.wfile.write(f"retry: {RETRY}\n\n".encode())
            data: bytes | None = b""
            while data != END and not subscriber.dropped:
                data = subscriber.next(self.server.heartbeat)
                self.wfile.write(data or b":\n\n")
        finally:
            broadcast.unsubscribe(subscriber)

    def log_message(self, *_: Any) -> None:
        """Say nothing: the terminal is full of captions, and addresses hold the token."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = CONNECTIONS

    def __init__(self, port: int, heartbeat: float) -> None:
        self.token, self.heartbeat = secrets.token_urlsafe(32), heartbeat
        self.broadcast, self._free = Broadcast(), threading.BoundedSemaphore(CONNECTIONS)
        super().__init__((HOST, port), _Handler)

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # HTTPServer's own asks for a name of this machine, which may take long
        self.server_name, self.server_port = HOST, self.server_address[1]

    def verify_request(self, request: Any, client_address: Any) -> bool:
        return self._free.acquire(blocking=False)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):  # that is who has gone, which is no fault
            super().handle_error(request, client_address)


class Overlay:
    """A sink that shows each event on a page at `url`, whose `port` is any free one if 0; a context manager.

    Raises `UsageError` when the port is taken.
    """

    def __init__(self, port: int = 0, *, heartbeat: float = HEARTBEAT) -> None:
        try:
            self._server = _Server(port, heartbeat)
        except OSError as error:
            raise UsageError(f"--port {port}", f"cannot be listened at ({error.strerror or error})",
                             "give another, or leave --port out for any that is free") from error
        self.url = f"http://{HOST}:{self._server.server_port}/{self._server.token}/"

    def __enter__(self) -> Overlay:
        threading.Thread(target=self._server.serve_forever, args=(POLL,), name="emocli-overlay",
                         daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._server.broadcast.end(FAREWELL)
        self._server.shutdown()
        self._server.server_close()

    def __call__(self, event: Event) -> None:
        """Show an event."""
        self._server.broadcast(event)
