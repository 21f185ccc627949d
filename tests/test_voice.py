"""Voice features and the reader."""

from pathlib import Path

import numpy as np
import pytest
from media import tone, write

from emocli.media.audio import decode
from emocli.media.probe import probe
from emocli.timeline.types import Segment, Utterance
from emocli.voice.features import BANDS, COLUMNS, LONGEST, normalise, pad, speaker_statistics, spectrogram, trim
from emocli.voice.reader import VoiceReader
from emocli.weights import manifest, resolve


def test_quiet_ends_are_cut_and_the_middle_left() -> None:
    loud, quiet = tone(1), 1e-4 * tone(0.5, 300)
    found = trim(np.concatenate([quiet, loud, quiet, loud, quiet]))
    assert len(found) / 16000 == pytest.approx(2.5, abs=0.15)
    assert len(trim(np.zeros(16000, np.float32))) == 0
    assert len(trim(np.zeros(0, np.float32))) == 0


def test_spectrogram_shows_pitch_and_level() -> None:
    low, high = spectrogram(tone(1, 200)), spectrogram(tone(1, 400))
    assert low.shape[1] == COLUMNS
    assert np.nanmedian(high[:, BANDS]) - np.nanmedian(low[:, BANDS]) == pytest.approx(1, abs=0.05)  # an octave
    assert spectrogram(0.1 * tone(1, 200))[:, :BANDS].max() == pytest.approx(low[:, :BANDS].max() - 20, abs=0.5)


def test_a_speakers_gain_is_taken_out() -> None:
    random = np.random.default_rng(0)
    speech = [tone(1, f) * random.uniform(0.5, 1) for f in (180, 220, 260)]
    prior = speaker_statistics([spectrogram(s) for s in speech])
    one, half = ([spectrogram(g * s) for s in speech] for g in (1.0, 0.5))
    a, b = (normalise(m[0], speaker_statistics(m, prior)) for m in (one, half))
    assert a == pytest.approx(b, abs=0.05)


def test_statistics_without_speech_are_the_prior() -> None:
    prior = (np.arange(COLUMNS, dtype=np.float32), np.ones(COLUMNS, np.float32))
    assert speaker_statistics([], prior)[0] is prior[0]


def test_long_speech_is_read_from_its_middle_and_padding_is_zero() -> None:
    long = np.ones((LONGEST + 100, COLUMNS), np.float32)
    kept = normalise(long, (np.zeros(COLUMNS), np.ones(COLUMNS)))
    assert len(kept) == LONGEST
    batch, lengths = pad([kept, kept[:10]])
    assert batch.shape[1] % 8 == 0
    assert list(lengths) == [LONGEST, 10]
    assert not batch[1, 10:].any()


@pytest.mark.slow
def test_reader(tmp_path: Path) -> None:
    reader = VoiceReader(resolve("voice"), temperature=manifest()["voice"].temperature)
    sound = np.concatenate([np.zeros(16000, np.float32), tone(2, 220), np.zeros(16000, np.float32)])
    path = write(tmp_path / "a.wav", sound=sound, audio_codec="pcm_s16le")
    *_, (_, stream) = decode(probe(path))
    with stream:
        found = reader.read([Segment(0, 1), Segment(1, 3, Utterance(1, 3)), Segment(3, 4, Utterance(3, 4))], stream)
    assert [r.present for r in found] == [False, True, False]
    assert found[1].scores is not None
    assert found[1].scores.sum() == pytest.approx(1, abs=1e-5)
    assert (found[0].reason, found[2].reason) == ("nobody speaks", "the sound is silent here")


@pytest.mark.slow
def test_a_clip_reads_the_same_in_any_company() -> None:
    reader = VoiceReader(resolve("voice"))
    random = np.random.default_rng(0)
    mels = [random.normal(size=(n, COLUMNS)).astype(np.float32) for n in (40, 96, 301)]
    together = reader.logits(mels)[1]
    alone = np.concatenate([reader.logits([m])[1] for m in mels])
    assert together == pytest.approx(alone, abs=0.35)  # padding reaches a few frames through the convolutions
    assert (together.argmax(1) == alone.argmax(1)).all()
