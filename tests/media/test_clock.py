"""The clock, from stamps alone."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from emocli.media.clock import Clock, PacketLog, make_clock


@dataclass
class Packet:
    """What a clock looks at, in ms."""

    dts: int | None
    pts: int | None
    duration: int = 40
    size: int = 1
    time_base: float = 1e-3


def log_of(stamps: Sequence[int | None], places: Sequence[int] | None = None, *, steady: bool = True,
           reorders: bool = False, late: int = 0) -> PacketLog:
    log = PacketLog(1e-3, steady=steady, reorders=reorders)
    for number, stamp in enumerate(stamps):
        pts = None if stamp is None else stamp + late
        log.add(Packet(None if reorders else stamp, pts), places[number] if places else number)
    return log


def corrected(clock: Clock, stream: int, stamps: Sequence[int]) -> list[int]:
    packets = [Packet(stamp, stamp) for stamp in stamps]
    for number, packet in enumerate(packets):
        clock.correct(packet, stream, number)
    return [packet.pts or 0 for packet in packets]


EVEN = list(range(0, 4000, 40))


def test_healthy_stamps_need_no_correction() -> None:
    clock = make_clock({0: log_of(EVEN), 1: log_of(EVEN)}, "mov", 0.0, 4.0)
    assert clock.seekable
    assert clock.claimed
    assert (clock.zero, clock.duration, clock.notes) == (0.0, 4.0, ())


@pytest.mark.parametrize(("container", "start", "zero"), [("mpegts", 3600.0, 3600.0), ("mov", 1e9, 0.0)])
def test_the_start_is_the_packets_own(container: str, start: float, zero: float) -> None:
    stamps = [3_600_000 + stamp for stamp in EVEN] if container == "mpegts" else EVEN
    clock = make_clock({0: log_of(stamps)}, container, start)
    assert (clock.zero, clock.duration) == (zero, pytest.approx(4.0))


@pytest.mark.parametrize("jump", [-4000, -3_999_000, 1_000_000_000, 100_000])
def test_parts_follow_one_another(jump: int) -> None:
    """Sound and frames jump together; sound had ended 0.2 s before, and both stay together."""
    frames, sound = [*EVEN, *(4000 + s + jump for s in EVEN)], [*EVEN[:-5], *(4000 + s + jump for s in EVEN)]
    logs = {0: log_of(frames, range(0, 400, 2)), 1: log_of(sound, range(1, 390, 2))}
    clock = make_clock(logs, "mpegts", 0.0)
    assert clock.duration == pytest.approx(8.0)
    assert len(clock.notes) == 1
    assert corrected(clock, 0, frames) == list(range(0, 8000, 40))
    assert corrected(clock, 1, sound) == [*EVEN[:-5], *range(4000, 8000, 40)]


def test_an_outlier_moves_nothing_else() -> None:
    stamps = [*EVEN[:50], 10**12, *EVEN[51:]]
    clock = make_clock({0: log_of(stamps)}, "matroska", 0.0)
    assert clock.duration == pytest.approx(4.0)
    assert corrected(clock, 0, stamps) == EVEN


def test_a_gap_that_the_other_stream_bears_out_stays() -> None:
    minutes = list(range(0, 300_000, 40))
    slides = [0, 200_000, 299_000]
    logs = {0: log_of(slides, [0, 10_000, 14_950]), 1: log_of(minutes, range(1, 7501))}
    clock = make_clock(logs, "mpegts", 0.0)
    assert clock.seekable
    assert clock.notes == ()
    alone = make_clock({0: log_of(slides)}, "mpegts", 0.0)
    assert alone.duration < 20
    assert len(alone.notes) == 2


@pytest.mark.parametrize("step", [59_000, 2**31])
def test_length_follows_what_packets_hold(step: int) -> None:
    clock = make_clock({0: log_of([i * step for i in range(5000)])}, "mov", 0.0)
    assert clock.duration <= 1800 + 10 * 5000 * 0.04
    assert len(clock.notes) == 4


def test_frames_out_of_order_are_no_jump() -> None:
    """B-frames in Matroska, which has no stamps of decoding, also at a very uneven rate."""
    shown = [0, 9000, 40, 80, 4000, 20_000, 9040, 12_000, 15_000]
    clock = make_clock({0: log_of(shown, reorders=True)}, "matroska", 0.0)
    assert clock.seekable
    back = [*EVEN, *EVEN]
    clock = make_clock({0: log_of(back, reorders=True)}, "matroska", 0.0)
    assert clock.duration == pytest.approx(8.0)
    assert corrected(clock, 0, back) == list(range(0, 8000, 40))


def test_subtitles_follow_the_sound() -> None:
    sound = [*EVEN, *EVEN]
    logs = {0: log_of(sound, [*range(0, 100), *range(101, 201)]),
            2: log_of([2000, 2000], [50, 160], steady=False)}
    clock = make_clock(logs, "mpegts", 0.0)
    assert corrected(clock, 2, [2000, 2000]) == [2000, 6000]


def test_key_frames_are_on_the_clock() -> None:
    stamps = [*EVEN, *EVEN]
    clock = make_clock({0: log_of(stamps, late=80)}, "mpegts", 0.08, video=0, keys=[0, 50, 100, 150])
    assert [time for _, time in clock.keys] == pytest.approx([0, 2, 4, 6])


def test_random_stamps_stay_bounded() -> None:
    rng = np.random.default_rng(0)
    lengths = []
    for _ in range(20):
        stamps = np.array(EVEN)
        flips = rng.integers(0, len(stamps), 30)
        stamps[flips] = rng.integers(-2**62, 2**62, len(flips))
        clock = make_clock({0: log_of(stamps.tolist()), 1: log_of(EVEN)}, "mov", float(rng.normal() * 1e9))
        lengths.append(clock.duration)
        assert min(corrected(clock, 0, stamps.tolist())) >= -60_000
    assert lengths
    assert max(lengths) < 60


def test_stamps_all_over_the_place_cost_little() -> None:
    stamps = np.random.default_rng(0).integers(0, 864_000_000, 200_000).tolist()
    logs, began = {0: log_of(stamps), 1: log_of(stamps)}, time.process_time()
    with pytest.raises(ValueError, match="break off more than 20,000 times"):
        make_clock(logs, "matroska", 0.0)
    assert time.process_time() - began < 2


def test_samples_last_no_longer_than_their_bytes_say() -> None:
    log = log_of(range(0, 8_000_000, 40))
    assert make_clock({0: log}, "matroska", 0.0).duration == pytest.approx(8000)
    log.byte_rate = 32000.0
    with pytest.raises(ValueError, match="too small for the 8,000 s"):
        make_clock({0: log}, "matroska", 0.0)
    log.bytes = 200_000 * 1280
    assert make_clock({0: log}, "matroska", 0.0).duration == pytest.approx(8000)
