"""Who may see the overlay, and who not."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from support.sessions import captioned, partial

from emocli.errors import UsageError
from emocli.live.broadcast import SUBSCRIBERS
from emocli.live.overlay import CONNECTIONS, Overlay

STREAM = "text/event-stream; charset=utf-8"


@pytest.fixture
def overlay() -> Iterator[Overlay]:
    with Overlay(heartbeat=0.05) as served:
        yield served


def where(overlay: Overlay) -> tuple[str, int]:
    return "127.0.0.1", urlsplit(overlay.url).port or 0


def get(overlay: Overlay, path: str, *, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(*where(overlay), timeout=60)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=named)
    return connection.getresponse()


def at(overlay: Overlay, name: str = "") -> str:
    return urlsplit(overlay.url).path + name


def messages(stream: http.client.HTTPResponse) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Number, kind and data of each event; a comment counts as one."""
    fields: dict[str, str] = {}
    for line in iter(stream.readline, b""):
        name, _, value = line.decode().strip().partition(":")
        if line != b"\n":
            fields[name] = value.strip()
            continue
        if fields.keys() & {"event", ""}:
            yield fields.get("id", ""), fields.get("event", "comment"), json.loads(fields.get("data", "{}"))
        fields = {}


def next_of(stream: Iterator[tuple[str, str, dict[str, object]]], kind: str) -> dict[str, object]:
    return next(data for _, found, data in stream if found == kind)


def test_the_page_and_what_it_needs(overlay: Overlay) -> None:
    for name, kind in (("", "text/html"), ("overlay.css", "text/css"), ("overlay.js", "text/javascript"),
                       ("?lang=ko", "text/html")):
        answer = get(overlay, at(overlay, name))
        assert (answer.status, answer.headers["Content-Type"]) == (200, f"{kind}; charset=utf-8")
        assert len(answer.read()) == int(answer.headers["Content-Length"]) > 100
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    assert get(overlay, at(overlay, "other")).status == 404
    assert get(overlay, at(overlay, "../broadcast.py")).status == 404


@pytest.mark.parametrize("path", ["/", "//", "/events", "/overlay.js", "/x/", "/x/events", "/%00/", "*",
                                  "http://[", "/é/"])
def test_no_token_no_captions(overlay: Overlay, path: str) -> None:
    overlay(captioned(text="secret"))
    host, port = where(overlay)
    with closing(socket.create_connection((host, port), timeout=60)) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: line.recv(4096), b""))
    assert answer.split()[1] == b"403"
    assert b"secret" not in answer


def test_most_of_a_token_is_none(overlay: Overlay) -> None:
    token = at(overlay).strip("/")
    assert len(token) >= 43  # 256 bits
    for wrong in (token[:-1], token + "a", token.swapcase()):
        assert get(overlay, f"/{wrong}/").status == 403
    with Overlay() as other:
        assert at(other) != at(overlay)


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1", "127.0.0.1:1", "localhost",
                                  "127.0.0.1.nip.io:{}", "[::1]:{}", "evil@127.0.0.1:{}", ""])
def test_another_host_is_refused(overlay: Overlay, host: str) -> None:
    _, port = where(overlay)
    assert get(overlay, at(overlay, "events"), Host=host.format(port)).status == 403
    assert get(overlay, at(overlay, "events"), Host=f"localhost:{port}").status == 200


def test_only_this_machine_is_listened_to(overlay: Overlay) -> None:
    assert overlay.url.startswith("http://127.0.0.1:")
    with pytest.raises(ConnectionRefusedError):  # another address of the same machine
        socket.create_connection(("127.0.0.2", where(overlay)[1]), timeout=60)


def test_only_reading_is_answered(overlay: Overlay) -> None:
    for method in ("POST", "OPTIONS", "PUT", "DELETE", "HEAD"):
        assert get(overlay, at(overlay), method=method).status == 501


def test_two_clients_one_of_whom_leaves(overlay: Overlay) -> None:
    first, second = (get(overlay, at(overlay, "events")) for _ in range(2))
    assert first.headers["Content-Type"] == STREAM
    one, two = messages(first), messages(second)
    for stream in (one, two):
        assert len(next_of(stream, "classes")["classes"]) == 7  # type: ignore[arg-type]
    overlay(partial("오늘"))
    overlay(captioned(text="오늘 좋네요", speaker="S1"))
    for stream in (one, two):
        assert next_of(stream, "partial")["text"] == "오늘"
        said = next_of(stream, "caption")
        assert (said["text"], said["speaker"], said["emotion"]) == ("오늘 좋네요", "S1", 0)
    first.close()
    overlay(captioned(text="more"))
    assert next_of(two, "caption")["text"] == "more"


def test_silence_is_filled_with_comments(overlay: Overlay) -> None:
    stream = messages(get(overlay, at(overlay, "events")))
    assert [next_of(stream, "comment") for _ in range(3)] == [{}, {}, {}]


def test_a_client_that_comes_again_gets_what_it_missed(overlay: Overlay) -> None:
    for i in range(4):
        overlay(captioned(text=str(i)))
    for last, expected in (("2", "2"), ("", "0"), ("nonsense", "0"), ("-1", "0"), ("9" * 5000, "0")):
        stream = messages(get(overlay, at(overlay, "events"), Last_Event_ID=last))
        assert next_of(stream, "caption")["text"] == expected


def test_more_readers_than_there_is_room_for(overlay: Overlay) -> None:
    streams = [get(overlay, at(overlay, "events")) for _ in range(SUBSCRIBERS)]
    assert {stream.status for stream in streams} == {200}
    assert get(overlay, at(overlay, "events")).status == 503
    for stream in streams:
        stream.close()
    while get(overlay, at(overlay, "events")).status == 503:  # until the next heartbeat finds one gone
        pass


def test_connections_that_ask_nothing_are_bounded(overlay: Overlay) -> None:
    idle = [socket.create_connection(where(overlay), timeout=60) for _ in range(CONNECTIONS)]
    with closing(socket.create_connection(where(overlay), timeout=60)) as refused:
        assert refused.recv(1) == b""
    overlay(captioned(text="goes on"))
    for line in idle:
        line.close()
    while True:
        try:
            assert get(overlay, at(overlay)).status == 200
            break
        except (ConnectionError, http.client.HTTPException):  # until the others were seen to be closed
            continue


def test_a_client_that_takes_nothing_holds_up_nobody(overlay: Overlay) -> None:
    asleep = get(overlay, at(overlay, "events"))
    for i in range(3000):  # 6 MB, more than a connection holds
        overlay(captioned(text=f"{i} {'x' * 2000}"))
    stream = messages(get(overlay, at(overlay, "events"), Last_Event_ID="2999"))
    assert str(next_of(stream, "caption")["text"]).startswith("2999 ")
    asleep.close()


def test_the_end_is_told() -> None:
    with Overlay() as overlay:
        stream = messages(get(overlay, at(overlay, "events")))
        next_of(stream, "classes")
    assert next_of(stream, "end") == {}
    with pytest.raises(ConnectionRefusedError):
        get(overlay, at(overlay))


@pytest.mark.slow
@pytest.mark.shared
def test_from_sound_to_the_page(clips: Path) -> None:
    command = [sys.executable, "-m", "emocli", "live", clips / "jfk.flac"]
    with subprocess.Popen([*command, "--fast", "--no-words", "--overlay"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr
        assert run.stdout
        address = next(line for line in run.stderr if "http://127.0.0.1:" in line).split()[-1]
        with urlopen(f"{address}events", timeout=120) as stream:
            kinds = [kind for _, kind, _ in messages(stream) if kind != "comment"]
        captions = run.stdout.read().splitlines()
    assert run.returncode == 0
    assert kinds[-1] == "end"
    assert kinds.count("caption") == len(captions) > 2
    assert all(re.search(r"\[[a-z]+\]$", caption) for caption in captions)


def test_a_port_that_is_taken(overlay: Overlay) -> None:
    with pytest.raises(UsageError, match="--port"):
        Overlay(where(overlay)[1])
