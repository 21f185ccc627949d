"""The protocol of child processes: messages and arrays, ends, logs."""

from __future__ import annotations

import logging
import os
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from emocli import child

#: Says what it is sent, twice over; "log" logs it, "print" prints it, "leave" ends with it.
ECHO = """
import logging, sys
from emocli import child
channel = child.parent()
child.forward_logs(channel, logging.INFO)
channel.send({"kind": child.READY})
while True:
    message, arrays = channel.receive()
    if message["text"] == "log":
        logging.getLogger("emocli.echo").debug("not this")
        logging.getLogger("emocli.echo").info("said %s", "something")
    if message["text"] == "print":
        print("noise")
    if message["text"] == "leave":
        sys.exit("enough of it")
    channel.send({"text": message["text"] * 2}, [array * 2 for array in arrays])
"""


@pytest.fixture
def echo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> child.Child:
    (tmp_path / "echo_child.py").write_text(ECHO)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    return child.Child("echo_child")


def test_messages_arrays_noise_and_logs(echo: child.Child, caplog: pytest.LogCaptureFixture) -> None:
    assert echo.receive()[0]["kind"] == child.READY
    echo.send({"text": "슬\udcff"}, [np.arange(6.0).reshape(2, 3), np.zeros(0, np.uint8)])
    message, (first, second) = echo.receive()
    assert message["text"] == "슬\udcff슬\udcff"
    np.testing.assert_array_equal(first, 2 * np.arange(6.0).reshape(2, 3))
    assert second.size == 0
    for text in ("print", "log"):
        echo.send({"text": text})
    assert echo.receive()[0]["text"] == "printprint"
    with caplog.at_level(logging.INFO, "emocli"):
        logged = echo.receive()[0]
        assert logged["kind"] == child.LOG
        child.relay_log(logged, "worker 3")
    assert caplog.messages == ["worker 3: said something"]
    assert echo.receive()[0]["text"] == "loglog"
    echo.close()


def test_ends_are_told(echo: child.Child) -> None:
    echo.receive()
    echo.send({"text": "leave"})
    with pytest.raises(child.ChildEndedError):
        echo.receive()
    assert echo.last_words() == "ended with code 1 (enough of it)"
    with pytest.raises(child.ChildEndedError):
        echo.send({"text": "are you there?"})
    echo.close()


def test_all_are_killed(echo: child.Child) -> None:
    echo.receive()
    child.kill_all()
    assert "signal 9" in echo.last_words()
    echo.close()
    assert echo not in child.RUNNING


def test_a_strangers_folder_is_not_imported_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "queue.py").write_text("raise SystemExit('a stranger was here')")
    monkeypatch.chdir(tmp_path)
    with closing(child.Child("emocli.batch.worker")) as process:
        process.send({})
        with pytest.raises(child.ChildEndedError):
            process.receive()
        assert "a stranger was here" not in process.last_words()
