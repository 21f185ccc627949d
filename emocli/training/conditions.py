"""Conditions under which a voice is recorded, made up at random: the room, the noise, the microphone, the
line, the codec, the speed.  What a network learns of a clean studio alone, it forgets anywhere else."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import signal

from emocli.media.audio import SAMPLE_RATE
from emocli.training import corruptions

#: How often each part of a condition is there at all.
OFTEN = {"speed": 0.35, "room": 0.5, "tilt": 0.6, "noise": 0.65, "band": 0.3, "codec": 0.35, "clip": 0.08}
#: Bounds of: the speed; seconds in which a room's echo falls by 60 dB; dB of direct sound above the echo; dB
#: of speech above noise; dB an octave that a microphone tilts; dB of gain; libsndfile's level of compression.
SPEED, ECHO, DIRECT, NOISE_DB = (0.88, 1.12), (0.15, 0.9), (-2.0, 15.0), (3.0, 25.0)
TILT, GAIN, LEVEL = (-2.5, 2.5), (-14.0, 8.0), (0.3, 0.99)
#: Pass bands in Hz: a telephone's, a cheap microphone's, an old recorder's.
BANDS = ((300.0, 3400.0), (150.0, 5500.0), (80.0, 4000.0))
#: How often noise is of each kind: most is made by other people who talk.
NOISES = {"white": 0.2, "pink": 0.15, "babble": 0.5, "hum": 0.15}
CODECS = (("MP3", "MPEG_LAYER_III"), ("OGG", "OPUS"))


@dataclass(frozen=True)
class Condition:
    """One way of being recorded; a part that is None or 0 is not there."""

    speed: float = 1.0
    room: np.ndarray | None = None
    tilt: float = 0.0
    noise: str = ""
    noise_db: float = 0.0
    band: tuple[float, float] | None = None
    codec: tuple[str, str] | None = None
    level: float = 0.5
    clip: float = 0.0
    gain: float = 0.0


def draw(random: np.random.Generator) -> Condition:
    """A condition at random."""
    there = {name: random.random() < share for name, share in OFTEN.items()}
    noise = str(random.choice(list(NOISES), p=list(NOISES.values())))
    return Condition(
        speed=float(random.uniform(*SPEED)) if there["speed"] else 1.0,
        room=echo(random) if there["room"] else None,
        tilt=float(random.uniform(*TILT)) if there["tilt"] else 0.0,
        noise=noise if there["noise"] else "", noise_db=float(random.uniform(*NOISE_DB)),
        band=BANDS[random.integers(len(BANDS))] if there["band"] else None,
        codec=CODECS[random.integers(len(CODECS))] if there["codec"] else None,
        level=float(random.uniform(*LEVEL)), clip=float(random.uniform(0.3, 0.8)) if there["clip"] else 0.0,
        gain=float(random.uniform(*GAIN)))


def echo(random: np.random.Generator) -> np.ndarray:
    """The impulse response of a made-up room: the direct sound, and after up to 10 ms coloured noise that
    dies away (Polack 1988)."""
    falls, direct = random.uniform(*ECHO), random.uniform(*DIRECT)
    time = np.arange(int(falls * SAMPLE_RATE)) / SAMPLE_RATE
    tail = random.standard_normal(len(time)) * 10 ** (-3 * time / falls)
    tail = signal.lfilter([1 - (dull := random.uniform(0, 0.7))], [1, -dull], tail)
    tail[:int(random.uniform(0.001, 0.01) * SAMPLE_RATE)] = 0
    tail /= np.sqrt(np.sum(tail**2)) * 10 ** (direct / 20)
    tail[0] = 1.0
    return np.asarray(tail, np.float32)


def record(samples: np.ndarray, how: Condition, random: np.random.Generator,
           others: Sequence[np.ndarray]) -> np.ndarray:
    """(n,) float32 sound at 16 kHz as it is recorded in that way; `others` are the clips that babble."""
    sound = at_speed(samples, how.speed)
    if how.room is not None:
        sound = signal.fftconvolve(sound, how.room)[:len(sound) + SAMPLE_RATE // 10]
    if how.tilt:
        sound = _tilted(sound, how.tilt)
    if how.noise:
        sound = _noisy(sound, how, random, others)
    if how.band:
        sound = signal.sosfilt(signal.butter(4, how.band, "bandpass", fs=SAMPLE_RATE, output="sos"), sound)
    sound *= 10 ** (how.gain / 20)
    if how.clip:
        top = how.clip * np.abs(sound).max(initial=1e-9)
        sound = sound.clip(-top, top)
    sound = sound.clip(-1, 1).astype(np.float32)
    return _coded(sound, how.codec, how.level) if how.codec else sound


def at_speed(samples: np.ndarray, speed: float) -> np.ndarray:
    """Sound (n,) as if it were played so many times as fast: shorter and higher above 1."""
    return np.asarray(signal.resample_poly(samples.astype(np.float64), 100, round(100 * speed)))


def _noisy(sound: np.ndarray, how: Condition, random: np.random.Generator,
           others: Sequence[np.ndarray]) -> np.ndarray:
    if how.noise in corruptions.NOISES:
        return corruptions.add_noise(sound, how.noise, how.noise_db, random, others)
    if how.noise == "pink":
        noise = _tilted(random.standard_normal(len(sound)), -3.0)
    else:
        time, low = np.arange(len(sound)) / SAMPLE_RATE, random.choice((50.0, 60.0))
        noise = sum(np.sin(2 * np.pi * low * k * time + random.uniform(0, 6.3)) / k for k in range(1, 9))
        noise = noise + 0.2 * _tilted(random.standard_normal(len(sound)), -4.0)
    gain = np.sqrt(np.mean(sound**2) / (np.mean(noise**2) + 1e-12) / 10 ** (how.noise_db / 10))
    return np.asarray(sound + gain * noise)


def _tilted(sound: np.ndarray, slope: float) -> np.ndarray:
    """`slope` dB an octave around 1 kHz, from 60 Hz up."""
    hertz = np.maximum(np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE), 60)
    return np.fft.irfft(np.fft.rfft(sound) * (hertz / 1000) ** (slope / 6.02), len(sound))


def _coded(sound: np.ndarray, codec: tuple[str, str], level: float) -> np.ndarray:
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, sound, SAMPLE_RATE, format=codec[0], subtype=codec[1], compression_level=level)
    file.seek(0)
    return np.asarray(soundfile.read(file, dtype="float32")[0])
