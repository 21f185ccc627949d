"""Child processes and the one protocol that all of them speak: the face network, the workers of a batch.

A child is `python -m MODULE ARGUMENTS`, a program of its own rather than `multiprocessing`'s spawn, which
would run a user's unguarded script again.  A message is a JSON object and any number of numpy arrays; it
travels on the child's standard input and output, and whatever a library prints goes to a log instead.  A
child says `{"kind": "ready"}` once its models are loaded, answers `{"kind": "failed", "error": ...}` where a
request fails, and leaves when its input ends, so that it never outlives its parent.  What it logs may be
forwarded to the parent's log.
"""

from __future__ import annotations

import io
import json
import logging
import os
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

READY, FAILED, LOG = "ready", "failed", "log"
#: Children of this process that are running.
RUNNING: set[Child] = set()
#: The folder that holds this package where it is not installed, as in a checkout.
_CHECKOUT = "" if "site-packages" in __file__ else str(Path(__file__).parents[1])
#: Lengths in bytes of the JSON and of the arrays that follow it.
_HEAD = struct.Struct("<II")
#: Seconds for a child whose pipe is closed to end by itself.
_GRACE = 10.0
#: Characters of a child's log that an error repeats.
_LAST_WORDS = 200


class ChildEndedError(Exception):
    """The process at the other end has gone."""


class Channel:
    """Messages over two pipes; several threads may send."""

    def __init__(self, incoming: IO[bytes], outgoing: IO[bytes]) -> None:
        self._incoming, self._outgoing, self._lock = incoming, outgoing, threading.Lock()

    def send(self, message: Mapping[str, Any], arrays: Sequence[np.ndarray] = ()) -> None:
        """Send one message; raises `ChildEndedError` when nobody is there to hear it."""
        blob = io.BytesIO()
        if arrays:
            import numpy as np

            for array in arrays:
                np.save(blob, array, allow_pickle=False)
        text = json.dumps({**message, "arrays": len(arrays)}).encode()
        try:
            with self._lock:
                self._outgoing.write(_HEAD.pack(len(text), blob.tell()) + text + blob.getvalue())
                self._outgoing.flush()
        except (OSError, ValueError) as error:
            raise ChildEndedError from error

    def receive(self) -> tuple[dict[str, Any], list[np.ndarray]]:
        """Wait for one message; raises `ChildEndedError` when the other side has gone."""
        try:
            text_size, blob_size = _HEAD.unpack(self._read(_HEAD.size))
            message, blob = json.loads(self._read(text_size)), io.BytesIO(self._read(blob_size))
        except (OSError, ValueError) as error:
            raise ChildEndedError from error
        if not message["arrays"]:
            return message, []
        import numpy as np

        return message, [np.load(blob, allow_pickle=False) for _ in range(message["arrays"])]

    def _read(self, size: int) -> bytes:
        data = self._incoming.read(size)
        if len(data) < size:
            raise ChildEndedError
        return data


class Child(Channel):
    """The parent's side.  Starting returns at once; `close` ends the child, whatever it is doing."""

    def __init__(self, module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self._log = tempfile.TemporaryFile(prefix="emocli-")
        path = os.pathsep.join(filter(None, (_CHECKOUT, os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            # -P: modules in the current folder, which may be a stranger's, are not to be imported
            [sys.executable, "-P", "-m", module, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", **(environment or {})})
        RUNNING.add(self)
        assert self._process.stdin
        assert self._process.stdout
        super().__init__(self._process.stdout, self._process.stdin)

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End the child at once; its own children follow when their pipes close."""
        self._process.kill()

    def last_words(self) -> str:
        """How a child that has ended did so, with the last line of its log; one that has not is killed."""
        if self.alive:
            try:
                self._process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                self._process.kill()
        code = self._process.wait()
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        return f"{how} ({lines[-1][:_LAST_WORDS] if lines else 'it said nothing'})"

    def close(self) -> None:
        """Kill the child and let go of its pipes."""
        self._process.kill()
        self._process.wait()
        RUNNING.discard(self)
        for pipe in (self._process.stdin, self._log):
            if pipe:
                with suppress(OSError):
                    pipe.close()


def parent() -> Channel:
    """The child's side: call once, first thing.  Ctrl-C is left to the parent."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get between the messages
    return Channel(sys.stdin.buffer, outgoing)


def kill_all() -> None:
    """End every child of this process, when there is no time to do it in order."""
    for child in list(RUNNING):
        child.kill()


class _Forwarder(logging.Handler):
    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self._channel = channel

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(ChildEndedError):
            self._channel.send({"kind": LOG, "name": record.name, "level": record.levelno,
                                "text": self.format(record)})


def forward_logs(channel: Channel, level: int) -> None:
    """The child's side: send what emocli logs, from `level` on, to the parent."""
    log = logging.getLogger("emocli")
    log.setLevel(level)
    log.propagate = False
    log.addHandler(_Forwarder(channel))


def relay_log(message: Mapping[str, Any], source: str) -> None:
    """The parent's side: log what a child, called `source`, has forwarded."""
    logging.getLogger(message["name"]).log(message["level"], "%s: %s", source, message["text"])
