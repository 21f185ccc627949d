"""One clock for all streams of a file, made from the stamps of its packets and nothing else.

Stamps restart (parts of a transport stream joined to one), jump ahead, repeat or run back; headers claim any
length. As ffmpeg's `dts_delta_threshold` does, but with the whole file in view, each stream is cut into runs
of stamps that rise without a gap that its container could not hold; runs are laid one after another, those of
sound and pictures that belong together by the same offset, so that both stay together.  The clock starts at
the first stamp (never before 0 of a file whose sound is primed with negative ones), so that an m2ts that
begins at an hour starts at 0 and a stream that begins late stays late.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

#: Seconds without a packet of any stream that a file may hold; of a transport or program stream, whose
#: players must see a clock reference every 0.1 s, less (ffmpeg's own figure).
LONGEST_GAP, LONGEST_TRANSPORT_GAP = 60.0, 10.0
TRANSPORT = ("mpegts", "mpeg")
#: Seconds after its decoding at which a packet may be shown (slides come out of order, too).
LATEST = 600.0
#: Seconds by which a stamp may lie before an earlier one without being a new beginning.
BACK = 0.5
#: Packets by which pictures may come out of order, a generous bound on what codecs do.
REORDERED = 32
#: A file lasts no longer than SPARE s and SPARSE times what its packets say they hold, each at most 1 s (a
#: muted call in Opus sends 20 ms every 400); gaps of one that claims to are closed beyond SHORTER_GAPS, s.
SPARE, SPARSE, SHORTER_GAPS = 1800.0, 30.0, (1.0, 0.05)
#: Seconds that a packet of sound holds at most where it does not say.
LONGEST_SOUND = 0.1
#: No recording breaks off more often; one that does is made up, and would cost without end.
MOST_RUNS = 20_000
BREAKS = f"its time stamps break off more than {MOST_RUNS:,} times"
#: Notes of one kind are not repeated without end.
NOTES = 3

#: From which packet number of a stream on how many ticks are added to stamps.
Steps = tuple[tuple[int, int], ...]


@dataclass
class PacketLog:
    """What a pass over a file wrote down of one stream's packets, in ticks of `unit` s.

    `stamps` rise with the packets: of decoding, or of presentation where a container knows no others and
    `reorders` says that these come out of order.  `shown` are those of presentation, `lasts` claimed
    durations, and `numbers` the packets' numbers in the whole file.  Sound and pictures are `steady`,
    subtitles are not.  `byte_rate` is that of sound as samples (bytes a second), else 0.
    """

    unit: float
    steady: bool = True
    reorders: bool = False
    stamps: array[int] = field(default_factory=lambda: array("q"))
    shown: array[int] = field(default_factory=lambda: array("q"))
    lasts: array[int] = field(default_factory=lambda: array("q"))
    numbers: array[int] = field(default_factory=lambda: array("q"))
    byte_rate: float = 0.0
    sound: bool = False
    bytes: int = 0

    def add(self, packet: Any, place: int) -> None:
        """Write a packet down; one without any stamp follows the one before."""
        pts, dts, lasts = packet.pts, packet.dts, packet.duration or 0
        first, second = (pts, dts) if self.reorders else (dts, pts)
        stamp = first if first is not None else second
        if stamp is None:
            if not packet.size:
                return  # the mark of the end
            stamp = min(self.stamps[-1] + self.lasts[-1], 2**62) if self.stamps else 0
        self.bytes += packet.size
        self.stamps.append(stamp)
        self.shown.append(stamp if pts is None else pts)
        self.lasts.append(lasts)
        self.numbers.append(place)

    def seconds(self) -> np.ndarray:
        """The stamps (n,) in s."""
        return np.frombuffer(self.stamps, np.int64) * self.unit if self.stamps else np.zeros(0)

    def held(self) -> float:
        """Seconds that the packets can hold: samples by their bytes, else as they say, none more than 1."""
        if self.byte_rate:
            return self.bytes / self.byte_rate
        lasts = np.frombuffer(self.lasts, np.int64) * self.unit
        unsaid = LONGEST_SOUND if self.sound else 1.0
        return float(np.where(lasts > 0, np.minimum(lasts, 1.0), unsaid).sum())

    def durations(self, gap: float) -> np.ndarray:
        """How long each packet lasts, s (n,); claims of more than `gap` s count as the usual."""
        lasts = np.frombuffer(self.lasts, np.int64) * self.unit
        steps = np.diff(np.sort(self.seconds()))
        usual = float(np.median(steps)) if len(steps) else 0.04
        return np.where((lasts > 0) & (lasts <= gap), lasts, min(usual, 1.0))

    def rate(self, claimed: float) -> float:
        """Packets a second: as claimed, unless they come at less than half of that."""
        steps = np.diff(np.sort(self.seconds()))
        usual = float(np.median(steps)) if len(steps) else 0.0
        return 1 / usual if usual > 0 and claimed > 2 / usual else claimed

    def late(self) -> np.ndarray:
        """By how much, s, each packet is shown after its stamp (n,)."""
        return np.frombuffer(self.shown, np.int64) * self.unit - self.seconds()


@dataclass(frozen=True)
class Clock:
    """How the stamps of one file lead to seconds.

    The clock shows 0 at `zero`, s of the container's own stamps, and `duration` at the end of the last
    packet. `corrections` says for each stream that needs them, by its index, from which packet number on how
    many ticks are added; a file with any is read from its start without seeking.  `keys` (n, 2) are the
    pictures that decoding can begin at: ticks to seek to, and their times, s.  `gap` is the longest that was
    let through.  `claimed` says that the container's own account of its length is the same within 1 s.
    """

    zero: float = 0.0
    duration: float = 0.0
    gap: float = LONGEST_GAP
    corrections: Mapping[int, Steps] = field(default_factory=dict)
    keys: tuple[tuple[int, float], ...] = ()
    notes: tuple[str, ...] = ()
    claimed: bool = True

    @property
    def seekable(self) -> bool:
        """Whether stamps are those that the container seeks by."""
        return not self.corrections

    def correct(self, packet: Any, stream: int, number: int) -> None:
        """Put a packet, that number of a stream, on the clock (which still begins at `zero`)."""
        steps = self.corrections.get(stream)
        if steps is None:
            return
        ticks = steps[max(0, bisect_right(steps, number, key=lambda step: step[0]) - 1)][1]
        pts, dts, unit = packet.pts, packet.dts, float(packet.time_base)
        if pts is not None and dts is not None and abs(pts - dts) * unit > LATEST:
            pts = dts
        for name, stamp in (("pts", pts), ("dts", dts)):
            if stamp is not None:
                setattr(packet, name, max(-2**62, min(2**62, stamp + ticks)))


@dataclass
class _Run:
    """Packets of a stream from number `first` on, `place` in the file, whose stamps rise from `start` to
    `end`, s; the last of them has been shown at `shown`."""

    first: int
    place: int
    start: float
    end: float
    shown: float


class _Lane:
    """The runs of one stream while they are laid on the clock."""

    def __init__(self, log: PacketLog, gap: float, zero: float) -> None:
        self.runs, self.end, self.begun = _runs(log, gap), zero, False
        self.next, self.offset = 0, 0.0
        self.offsets: list[float] = []
        self.spans: list[tuple[float, float]] = []

    @property
    def coming(self) -> _Run | None:
        return self.runs[self.next] if self.next < len(self.runs) else None

    def lay(self, offset: float) -> None:
        run = self.runs[self.next]
        self.offset, self.end, self.begun = offset, run.end + offset, True
        self.offsets.append(offset)
        self.spans.append((run.start + offset, self.end))
        self.next += 1


def _runs(log: PacketLog, gap: float) -> list[_Run]:
    stamps, lag = log.seconds(), REORDERED if log.reorders else 0
    ends, late = stamps + log.durations(gap), log.late()
    shown = ends + np.where(abs(late) <= LATEST, late, 0.0)
    top = np.maximum.accumulate(stamps)
    before = top[:max(0, len(top) - 1 - lag)]
    if not (np.any(stamps[1 + lag:] < before - BACK) or np.any(np.diff(top) > gap)):
        firsts = [0]
    else:
        firsts, highest, settled, values = [0], stamps[0], stamps[0], stamps.tolist()
        for number in range(1, len(values)):
            stamp = values[number]
            settled = max(settled, values[max(firsts[-1], number - 1 - lag)])
            if stamp < settled - BACK or stamp > highest + gap:
                firsts.append(number)
                if len(firsts) > MOST_RUNS:
                    raise ValueError(BREAKS)
                highest = settled = stamp
            highest = max(highest, stamp)
    spans = zip(firsts, [*firsts[1:], len(stamps)], strict=True)
    return [_Run(a, log.numbers[a], float(stamps[a:b].min()), float(ends[a:b].max()), float(shown[a:b].max()))
            for a, b in spans]


def _covered(lanes: Sequence[_Lane], lane: _Lane, until: float, gap: float) -> bool:
    """Whether the other streams go on from where a stream ended until a time, so that its gap is real."""
    at = lane.end
    for start, end in sorted(span for other in lanes if other is not lane for span in other.spans[-8:]):
        if start <= at + gap:
            at = max(at, end)
    return until <= at + gap


def _fits(lanes: Sequence[_Lane], lane: _Lane, run: _Run, offset: float, gap: float) -> bool:
    start = run.start + offset
    earliest = lane.end - (BACK if lane.begun else gap)
    return start >= earliest and (start <= lane.end + gap or _covered(lanes, lane, start, gap))


def _offset(lanes: Sequence[_Lane], lane: _Lane, run: _Run, gap: float) -> tuple[float, bool]:
    """Where a run goes, and whether that is a new offset: as the stream was if that will do, else as another
    stream that has passed the same place, or as before an outlier; else after all that belongs to what
    ended."""
    others = [other for other in lanes if other is not lane and other.begun]
    current = lane.offset if lane.begun else max(others, key=lambda o: o.end).offset if others else 0.0
    if _fits(lanes, lane, run, current, gap):
        return current, False
    known = [*(o.offset for o in others), *lane.offsets[-8:]]
    fitting = [offset for offset in known if _fits(lanes, lane, run, offset, gap)]
    if fitting:
        return min(fitting, key=lambda offset: abs(run.start + offset - lane.end)), False
    offset = lane.end - run.start
    for other in others:
        also = other.coming
        if also and abs(also.start - run.start) <= gap and not _fits(lanes, other, also, other.offset, gap):
            offset = max(offset, other.end - also.start)
    return offset, True


def _align(logs: Mapping[int, PacketLog], gap: float, zero: float) -> tuple[dict[int, _Lane], list[str]]:
    """The streams' runs laid on one clock, in the order of the file, and notes of the first joins."""
    lanes = {index: _Lane(log, gap, zero) for index, log in logs.items() if log.steady and log.stamps}
    together, notes, joins = list(lanes.values()), list[str](), 0
    if sum(len(lane.runs) for lane in together) > MOST_RUNS:
        raise ValueError(BREAKS)
    in_order = sorted(((run.place, lane) for lane in together for run in lane.runs), key=lambda pair: pair[0])
    for _, lane in in_order:
        run = lane.coming
        assert run is not None
        offset, new = _offset(together, lane, run, gap)
        joins += new
        if new and joins <= NOTES:
            jump = run.start + (lane.offset if lane.begun else 0.0) - lane.end
            notes.append(f"time stamps {'jump ahead' if jump > 0 else 'run back'} by {abs(jump):.1f} s at "
                         f"{run.start + offset - zero:.1f} s; what follows is joined to what was before")
        lane.lay(offset)
    if joins > NOTES:
        notes.append(f"time stamps break off {joins - NOTES} times more")
    return lanes, notes


def _steps(log: PacketLog, lane: _Lane) -> Steps:
    """A stream's corrections in ticks; empty where there is nothing to correct."""
    laid = zip(lane.runs, lane.offsets, strict=True)
    steps = tuple((run.first, round(offset / log.unit)) for run, offset in laid)
    return steps if any(ticks for _, ticks in steps) or np.abs(log.late()).max() > LATEST else ()


def _carried(log: PacketLog, guide: PacketLog, steps: Steps) -> Steps:
    """The corrections of a stream with gaps of its own (subtitles): those of another at the same place in the
    file."""
    turns = [(guide.numbers[first], round(ticks * guide.unit / log.unit)) for first, ticks in steps]
    return tuple((bisect_right(log.numbers, place - 1), ticks) for place, ticks in turns)


def make_clock(logs: Mapping[int, PacketLog], container: str, start: float, length: float = 0.0, *,
               video: int | None = None, keys: Sequence[int] = ()) -> Clock:
    """The clock of a file, from the logs of its streams by their index.

    `start`, s, is the first stamp by the container's own account, believed if the packets are near it,
    and `length`, s, its length by that; `keys` are the numbers of those packets of stream `video` that
    decoding can begin at.  Raises `ValueError` where no clock can be made of the stamps.
    """
    transport = container.startswith(TRANSPORT)
    steady = {index: log for index, log in logs.items() if log.steady and log.stamps}
    if not steady:
        return Clock()
    gap = LONGEST_TRANSPORT_GAP if transport else LONGEST_GAP
    first = min(min(log.shown[:REORDERED]) * log.unit for log in steady.values())
    zero = start if abs(start - first) <= gap else first
    zero = zero if transport else max(0.0, zero)
    longest = SPARE + SPARSE * max(log.held() for log in steady.values())
    for gap in (gap, *SHORTER_GAPS):  # noqa: B020
        lanes, notes = _align(steady, gap, zero)
        duration = max(run.shown + offset for lane in lanes.values()
                       for run, offset in zip(lane.runs, lane.offsets, strict=True)) - zero
        if duration <= longest:
            break
    else:
        if any(log.byte_rate for log in steady.values()):  # others' claims of their packets may be mistaken
            raise ValueError(f"its packets are far too small for the {duration:,.0f} s of its time stamps")
    corrections = {index: steps for index, lane in lanes.items() if (steps := _steps(logs[index], lane))}
    if corrections:
        guide = max(corrections, key=lambda index: len(corrections[index]))
        corrections |= {index: _carried(log, logs[guide], corrections[guide]) for index, log in logs.items()
                        if not log.steady and log.stamps}
    return Clock(zero, max(0.0, duration), gap, corrections,
                 _key_times(logs[video], corrections.get(video, ()), keys, zero) if video in steady else (),
                 tuple(notes), abs(length - duration) <= 1.0)


def _key_times(log: PacketLog, steps: Steps, keys: Sequence[int],
               zero: float) -> tuple[tuple[int, float], ...]:
    firsts = [first for first, _ in steps]
    added = [steps[max(0, bisect_right(firsts, number) - 1)][1] if steps else 0 for number in keys]
    times = [(log.shown[number], (log.shown[number] + ticks) * log.unit - zero)
             for number, ticks in zip(keys, added, strict=True)]
    return tuple(sorted(times, key=lambda key: key[1]))
