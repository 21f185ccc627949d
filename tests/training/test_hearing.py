"""What the ear hears of corpora, kept in a folder."""

from pathlib import Path

import numpy as np
import pytest

from emocli.encoders.whisper_encoder import FEATURES
from emocli.training import hearing


@pytest.mark.slow
def test_kept_numbers_are_the_same_and_need_no_hearing(tiny: Path, tmp_path: Path,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = hearing.hear(tiny, "emodb", 1, tmp_path)
    monkeypatch.setattr(hearing.whisper_encoder, "load", lambda path: None)
    again = hearing.hear(tiny, "emodb", 1, tmp_path)
    assert np.array_equal(fresh.features, again.features)
    assert fresh.features.shape == (hearing.COPIES, 30, FEATURES)
    assert np.abs(fresh.features[0] - fresh.features[1]).max() > 0.1
    assert set(fresh.splits) == {"train", "dev", "test"}
    with pytest.raises(AttributeError):  # another seed wants other conditions, and there is no ear
        hearing.hear(tiny, "emodb", 2, tmp_path)


@pytest.mark.slow
def test_a_speaker_is_heard_slower_and_faster(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[list[int]] = []

    class Ear:
        def features(self, sounds: list[np.ndarray]) -> np.ndarray:
            lengths.append([len(sound) for sound in sounds])
            return np.zeros((len(sounds), FEATURES), np.float32)

    monkeypatch.setattr(hearing.whisper_encoder, "load", lambda path: Ear())
    heard = hearing.hear(tiny, "emodb", 1)
    clean, *_, slow, fast = map(np.array, lengths)
    assert np.all(slow > clean)
    assert np.all(fast < clean)
    for who in set(heard.speakers):
        shares = (slow / clean)[heard.speakers == who]
        assert np.ptp(shares) < 0.01  # one speed a speaker
    assert np.ptp(slow / clean) > 0.01


def test_recordings_are_of_one_speaker_and_of_about_as_many_clips() -> None:
    speakers = np.repeat(["a", "b"], [100, 10])
    clean, made_up, slow = (hearing.recordings_of(speakers, 1, copy) for copy in (0, 1, 3))
    assert len(set(clean)) == len(set(slow)) == 2
    for number in set(made_up):
        assert len(set(speakers[made_up == number])) == 1
    counts = np.unique(made_up[:100], return_counts=True)[1]
    assert counts.max() == hearing.SHARING
    assert len(counts) == 5
    assert not np.array_equal(made_up, hearing.recordings_of(speakers, 2, 1))
