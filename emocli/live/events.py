"""What happens in a live session, as the engine tells it to terminal, overlay, files and log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from emocli.timeline.types import Reading, Row, Utterance


@dataclass(frozen=True)
class Partial:
    """An utterance that goes on: the words so far, which later ones may correct."""

    utterance: Utterance


@dataclass(frozen=True)
class Tagged:
    """An utterance whose voice is read, and, once its words are known, its row; an utterance of several
    sentences has a row each.

    `spoken` is the monotonic time, s, at which its last sound was heard, and `latency` says how many seconds
    after that each stage was done: "activity" (it was known that the utterance had ended), "voice", and with
    the row "words" and "fused".
    """

    utterance: Utterance
    voice: Reading
    row: Row | None = None
    spoken: float = 0.0
    latency: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Quiet:
    """Rows in which nobody speaks, told when the next utterance has its row, or at the end; `end` of the last
    is then the session's."""

    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Notice:
    """Something the reader should know, at `time` s of the source: `kind` is "mode" (load was shed or taken
    on again), "lost" (sound or pictures were not read), "stalled", "resumed" or "note"."""

    kind: str
    time: float
    text: str


@dataclass(frozen=True)
class Load:
    """How the session keeps up, about once a second, at `time` s of the source.

    `real_time_factor` is processing time by time of the source; `queues` says how much waits, by queue
    (s of sound, pictures, utterances); `lost` what was not read since the start (`sound` s, `frames`, and
    `words`, of utterances); `memory` is resident bytes of all processes; `shed` names what is switched off,
    in the order in which it was.
    """

    time: float
    real_time_factor: float
    queues: dict[str, float] = field(default_factory=dict)
    lost: dict[str, float] = field(default_factory=dict)
    memory: int = 0
    shed: tuple[str, ...] = ()


Event = Partial | Tagged | Quiet | Notice | Load
#: What takes events: a view, a file, the log.
Sink = Callable[[Event], None]
