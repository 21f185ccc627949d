"""The log of a session, read back, also where it is cut off or a stranger's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emocli.errors import InputError
from emocli.live import metrics_file
from emocli.live.metrics_file import Latency

LOAD = {"event": "load", "time": 1.0, "real_time_factor": 0.4, "queues": {"sound": 0.1},
        "lost": {"sound": 0.0}, "memory": 900, "shed": ["partials"]}
UTTERANCE = {"event": "utterance", "start": 0.5, "end": 2.0, "latency": {"activity": 0.3, "voice": 0.4}}


def log(path: Path, *records: Any) -> Path:
    path.write_bytes(b"".join(one if isinstance(one, bytes) else json.dumps(one).encode() + b"\n"
                              for one in records))
    return path


def test_a_whole_log(tmp_path: Path) -> None:
    utterances = [UTTERANCE | {"latency": {"voice": i / 100, "caption": 1.0}} for i in range(101)]
    metrics = metrics_file.read(log(
        tmp_path / "a.jsonl", {"event": "start", "source": "a"}, *utterances, UTTERANCE, LOAD,
        LOAD | {"time": 2.0, "lost": {"sound": 0.5, "frames": 3}}, {"event": "of a later version"},
        {"event": "notice", "kind": "mode", "time": 1.5, "text": "without\u001b[2J"},
        {"event": "end", "latency": {"voice": {"p50": 0.5, "p95": 0.9, "p99": 1.5, "n": 7}}}))
    assert metrics.percentiles("caption") == Latency(101, (1.0, 1.0, 1.0))
    assert metrics.percentiles("voice") == Latency(7, (0.5, 0.9, 1.5))  # as the session itself said
    assert metrics.percentiles("words") is None
    assert len(metrics.latency["voice"]) == 102
    assert metrics.latency["activity"] == [(2.0, 0.3)]
    assert metrics.loads[1].lost == {"sound": 0.5, "frames": 3}
    assert (metrics.loads[0].memory, metrics.loads[0].shed) == (900, ("partials",))
    assert metrics.notices[0].text == "without�[2J"
    assert metrics.ended
    assert not metrics.cut


def test_a_log_that_was_cut_off_anywhere_in_its_last_line(tmp_path: Path) -> None:
    last = json.dumps(UTTERANCE | {"language": "한국어"}, ensure_ascii=False).encode()
    for length in range(1, len(last)):
        metrics = metrics_file.read(log(tmp_path / "a.jsonl", LOAD, last[:length]))
        assert metrics.cut
        assert metrics.percentiles("voice") is None
    metrics = metrics_file.read(log(tmp_path / "a.jsonl", LOAD, last))  # all but the end of the line
    assert metrics.percentiles("voice") == Latency(1, (0.4, 0.4, 0.4))
    assert not metrics.cut


@pytest.mark.parametrize("bad", [
    b"nonsense\n", b"\xff\xfe\n", b"[]\n", b"{}\n", b"[" * 60_000 + b"\n", b'{"event": ["load"]}\n', b"\n",
    b'{"event": "load", "time": NaN}\n', b"9" * 60_000 + b"\n",
    LOAD | {"time": -1}, LOAD | {"time": "1"}, LOAD | {"time": True}, LOAD | {"time": 1e8},
    LOAD | {"memory": None}, LOAD | {"queues": []}, LOAD | {"queues": {"a": "b"}},
    LOAD | {"queues": {str(i): 1 for i in range(17)}}, LOAD | {"queues": {"a" * 41: 1}},
    LOAD | {"shed": "partials"}, LOAD | {"shed": [1]}, LOAD | {"shed": ["a"] * 17},
    UTTERANCE | {"end": None}, UTTERANCE | {"latency": {"voice": 1e300}}, UTTERANCE | {"latency": 3},
    {"event": "notice", "time": 1, "text": "no kind"}, {"event": "end", "latency": {"voice": {"p50": 1}}}])
def test_a_line_that_is_wrong_is_named(tmp_path: Path, bad: Any) -> None:
    with pytest.raises(InputError, match="line 2: "):
        metrics_file.read(log(tmp_path / "a.jsonl", LOAD, bad, LOAD))


def test_lines_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="line 2: too long"):
        metrics_file.read(log(tmp_path / "a.jsonl", LOAD, b" " * 2**20))
    monkeypatch.setattr(metrics_file, "MOST_LINES", 3)
    with pytest.raises(InputError, match=r"line 4: .* too many"):
        metrics_file.read(log(tmp_path / "a.jsonl", *[LOAD] * 4))


def test_nothing_to_read(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.jsonl", tmp_path, log(tmp_path / "a.jsonl"),
                 log(tmp_path / "b.jsonl", {"event": "start"})):
        with pytest.raises(InputError, match="emocli live --log"):
            metrics_file.read(path)
