"""Where somebody speaks."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from support.media import sound_of

from emocli.transcript import activity


def test_activity_from_probabilities() -> None:
    speech = np.zeros(300, np.float32)
    speech[50:100] = 0.9  # 1.6 s to 3.2 s
    speech[60:65] = 0.1  # a breath
    speech[200:203] = 0.9  # too short to be speech
    spoken = activity.utterances(speech, 9.6)
    assert len(spoken) == 1
    assert spoken[0].start == pytest.approx(1.6 - activity.PAD, abs=0.01)
    assert spoken[0].end == pytest.approx(3.2 + activity.PAD, abs=0.01)


def test_endless_speech_is_cut() -> None:
    spoken = activity.utterances(np.ones(32 * 60, np.float32), 61.44)
    assert len(spoken) >= 4
    assert all(u.end - u.start <= activity.LONGEST + 1 for u in spoken)


@pytest.mark.slow
def test_the_same_answers_as_the_package_gives(demo: Path) -> None:
    """The network's parts are called for many steps at once, in blocks of any length."""
    import torch
    from silero_vad import load_silero_vad

    sound, vad = sound_of(demo), load_silero_vad()
    whole = len(sound) // activity.STEP * activity.STEP
    with torch.no_grad():
        wanted = [float(vad(torch.from_numpy(sound[i:i + activity.STEP]), 16000))
                  for i in range(0, whole, activity.STEP)]
    edges = [0, 300, 700, 40_000, 123_456, len(sound)]
    found = activity.probabilities((a / 16000, sound[a:b]) for a, b in pairwise(edges))
    assert found == pytest.approx(wanted, abs=1e-3)
    assert found.max() > 0.9
    assert found.min() < 0.1
    assert len(activity.probabilities([])) == 0


@pytest.mark.slow
@pytest.mark.shared
def test_it_does_not_matter_how_the_sound_comes_in_blocks(clips: Path) -> None:
    samples = sound_of(clips / "jfk.flac")
    whole = activity.probabilities([(0.0, samples)])
    assert len(whole) == len(samples) // activity.STEP
    assert whole.max() > 0.9
    assert whole.min() < 0.1
    pieces = [(at / 16000, samples[at:at + 7001]) for at in range(0, len(samples), 7001)]
    np.testing.assert_allclose(activity.probabilities(pieces), whole, atol=1e-4)


@pytest.mark.slow
@pytest.mark.shared
def test_speech_of_a_recording(clips: Path) -> None:
    with activity.listen(clips / "jfk.flac") as speech:
        assert 3 <= len(speech.utterances) <= 8
        assert sum(u.end - u.start for u in speech.utterances) > 6
        assert len(speech.sound.read(1, 2)) == 16000
