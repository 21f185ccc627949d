"""Both libraries with the real weights of Whisper `base`, which `.ci/run` fetches where it can."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from support.media import sound_of, tone

from emocli.media.audio import decode
from emocli.media.probe import probe
from emocli.timeline.run import StoppedError
from emocli.transcript import activity
from emocli.transcript.faster import FasterWhisper
from emocli.transcript.recognition import recognize
from emocli.transcript.recognizer import Drafter, Recognizer
from emocli.transcript.torch_whisper import TorchWhisper

pytestmark = [pytest.mark.slow, pytest.mark.shared]
#: A folder with `faster-whisper-base/` and `whisper/base.pt`.
BASE = Path(os.environ.get("EMOCLI_WHISPER", "whisper"))
LIBRARIES: dict[str, tuple[str, Callable[[Path], Recognizer]]] = {
    "faster": ("faster-whisper-base", FasterWhisper), "openai": ("whisper/base.pt", TorchWhisper),
    "brief": ("faster-whisper-base", partial(FasterWhisper, brief=True))}


@pytest.fixture(scope="module", params=["faster", "brief", pytest.param("openai", marks=pytest.mark.long)])
def recognizer(request: pytest.FixtureRequest) -> Recognizer:
    name, make = LIBRARIES[request.param]
    if not (BASE / name).exists():
        pytest.skip(f"wants the weights of Whisper base, and {BASE / name} is not there (set EMOCLI_WHISPER)")
    return make(BASE / name)


def test_a_speech_has_its_words_at_their_times(recognizer: Recognizer, clips: Path) -> None:
    *_, (_, sound) = decode(probe(clips / "jfk.flac"))
    with sound:
        speech = activity.find(sound)
        said = list(recognize(recognizer, sound, speech))
        duration = sound.duration
    text = " ".join(u.text for u in said).lower()
    assert "ask not what your country can do for you" in text.replace(",", "")
    assert {u.language for u in said} == {"en"}
    words = [word for u in said for word in u.words]
    assert len(words) == 22
    assert all(0 <= a.start <= b.start and a.end <= duration for a, b in pairwise(words))
    late = [min(abs(part.start - word.start) for word in words) for part in speech]
    assert len(late) >= 3
    assert np.median(late) < 0.2


def test_the_words_so_far(recognizer: Recognizer, clips: Path) -> None:
    if not isinstance(recognizer, Drafter):
        pytest.skip("has no quick way")
    samples = sound_of(clips / "jfk.flac")
    for end, last in ((2.3, "americans"), (10.8, "for your country")):
        text, language = recognizer.draft(samples[:round(end * 16_000)], "auto")
        assert text.lower().replace(",", "").rstrip(".").startswith("and so my fellow americans")
        assert text.lower().rstrip(".").endswith(last)
        assert language == "en"


def test_what_is_no_speech_invents_no_words(recognizer: Recognizer) -> None:
    noise = np.random.default_rng(0).normal(0, 0.01, 16000 * 4).astype(np.float32)
    for samples in (noise, tone(4), np.zeros(64000, np.float32)):
        class Sound:
            duration = 4.0

            def read(self, start: float, end: float, samples: np.ndarray = samples) -> np.ndarray:
                return samples[round(start * 16000):round(end * 16000)]

        speech = activity.utterances(activity.probabilities([(0.0, samples)]), 4.0)
        assert not list(recognize(recognizer, Sound(), speech))  # type: ignore[arg-type]


def test_it_stops_when_it_is_told(recognizer: Recognizer) -> None:
    def stop() -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        recognizer.recognize([tone(2)], "en", stop)
