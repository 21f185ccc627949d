"""From a sound and its utterances to utterances with speakers, whatever is heard in it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from support.media import tone

from emocli.errors import InputError
from emocli.media.audio import SAMPLE_RATE, Sound
from emocli.options import AnalyzeOptions
from emocli.speakers.diarizer import Diarizer
from emocli.timeline.run import Run, StoppedError
from emocli.timeline.types import MediaInfo, Utterance, Word
from emocli.training.corpora import dialogues

RANDOM = np.random.default_rng(0)
Hear = Callable[[np.ndarray], tuple[Run, Sound]]


@pytest.fixture
def hear() -> Iterator[Hear]:
    opened: list[Sound] = []

    def hear(samples: np.ndarray) -> tuple[Run, Sound]:
        sound = Sound()
        opened.append(sound)
        sound.append((np.clip(samples, -1, 1) * 32767).astype(np.int16))
        return Run(MediaInfo(Path("talk.wav"), sound.duration, False, True)), sound

    yield hear
    for sound in opened:
        sound.close()


def every(seconds: float, length: float) -> list[Utterance]:
    return [Utterance(at, at + length) for at in np.arange(0, seconds, length).tolist()]


def crowd() -> np.ndarray:
    """Harmonic voices of many pitches at once."""
    voices = [tone(6, hertz) * 0.1 for hertz in (95, 120, 150, 190, 230, 301)]
    return sum(voices) + RANDOM.normal(0, 0.01, 6 * SAMPLE_RATE)


SOUNDS = {"one word": (tone(0.4), [Utterance(0, 0.4)]), "no speech": (tone(2), []),
          "a blink of sound": (tone(2), [Utterance(0, 1.0), Utterance(1.0, 1.001)]),
          "music": (tone(8), every(8, 2)), "noise": (RANDOM.normal(0, 0.2, 8 * SAMPLE_RATE), every(8, 2)),
          "everybody at once": (crowd(), every(6, 3)),
          "silence": (np.zeros(8 * SAMPLE_RATE), every(8, 2)),
          "speech beyond the sound's end": (tone(2), [Utterance(0, 2), Utterance(5, 9)]),
          "one long stretch": (tone(65), [Utterance(0, 65), Utterance(65, 65.2)])}


@pytest.mark.slow
@pytest.mark.parametrize("wanted", ["auto", "1", "2", "10"])
@pytest.mark.parametrize("name", SOUNDS)
def test_any_sound_has_a_result(name: str, wanted: str, hear: Hear) -> None:
    samples, utterances = SOUNDS[name]
    run, sound = hear(samples)
    made = Diarizer(AnalyzeOptions(speakers=wanted)).assign(run, sound, utterances)
    named = list(dict.fromkeys(u.speaker for u in made if u.speaker))
    assert named == [f"S{i + 1}" for i in range(len(named))]
    assert len(named) <= (10 if wanted == "auto" else int(wanted))
    assert sum(u.end - u.start for u in made) == pytest.approx(sum(u.end - u.start for u in utterances))


@pytest.mark.parametrize(("wanted", "count", "speakers"), [
    ("off", 2, ["", ""]), ("1", 2, ["S1", "S1"]), ("auto", 1, ["S1"]), ("auto", 0, [])])
def test_what_needs_no_listening(wanted: str, count: int, speakers: list[str], hear: Hear) -> None:
    run, sound = hear(tone(2))
    said = every(2, 1)[:count]
    made = Diarizer(AnalyzeOptions(speakers=wanted)).assign(run, sound, said)
    assert [u.speaker for u in made] == speakers
    assert not run.weights


def test_somebody_elses_turns(tmp_path: Path, hear: Hear) -> None:
    path = tmp_path / "talk.rttm"
    path.write_text("".join(f"SPEAKER talk 1 {at} 1.0 <NA> <NA> {who} <NA> <NA>\n"
                            for at, who in enumerate(["zoe", "adam"])))
    run, sound = hear(tone(6))
    said = [Utterance(0.1, 1.9, "hi there", (Word(0.1, 0.9, "hi"), Word(1.1, 1.9, "there"))), Utterance(5, 6)]
    made = Diarizer(AnalyzeOptions(speakers=str(path))).assign(run, sound, said)
    assert [(u.text, u.speaker) for u in made] == [("hi", "S1"), ("there", "S2"), ("", "")]
    assert run.details["speakers"] == "S1 is zoe, S2 is adam"
    assert any("talk.rttm" in note for note in run.notes)
    path.write_text("WEBVTT")
    with pytest.raises(InputError, match=r"talk\.rttm"):
        Diarizer(AnalyzeOptions(speakers=str(path))).assign(run, sound, said)


@pytest.mark.slow
def test_a_stopped_run_stops_listening(hear: Hear) -> None:
    run, sound = hear(tone(8))
    run.stop(RuntimeError("enough"))
    with pytest.raises(StoppedError):
        Diarizer(AnalyzeOptions()).assign(run, sound, every(8, 2))


@pytest.mark.slow
def test_progress_and_provenance(hear: Hear) -> None:
    told: list[tuple[str, float]] = []
    _, sound = hear(tone(8))
    run = Run(MediaInfo(Path("talk.wav"), 8, False, True), lambda stage, share: told.append((stage, share)))
    Diarizer(AnalyzeOptions()).assign(run, sound, every(8, 2))
    assert {stage for stage, _ in told} == {"speakers"}
    assert [share for _, share in told] == sorted(share for _, share in told)
    assert told[-1][1] == 1
    assert set(run.weights) == {"speaker", "speaker-plda"}
    assert run.weights["speaker"]["licence"] == "Apache-2.0"


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize("commercial", [False, True])
def test_a_composed_dialogue_is_told_apart(commercial: bool, data: Path, hear: Hear) -> None:
    voices = dialogues.voices(data, ("dev",), ("ravdess", "emodb"))
    talk = dialogues.compose(voices, ["ravdess19", "emodb14"], np.random.default_rng(0), seconds=60)
    run, sound = hear(talk.samples)
    utterances = [Utterance(start, end) for start, end, _ in talk.turns]
    made = Diarizer(AnalyzeOptions(speakers="2", commercial=commercial)).assign(run, sound, utterances)
    names = {turn[2]: "" for turn in talk.turns}
    right = 0.0
    for u in made:
        who = next(who for start, end, who in talk.turns if start <= (u.start + u.end) / 2 <= end)
        names[who] = names[who] or u.speaker
        right += (u.end - u.start) * (names[who] == u.speaker)
    assert sorted(names.values()) == ["S1", "S2"]
    assert right > 0.85 * sum(u.end - u.start for u in made)


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.long
def test_ten_speakers_and_one_of_a_second(data: Path, hear: Hear) -> None:
    voices = dialogues.voices(data, ("train", "dev", "test"), ("emodb",))
    talk = dialogues.compose(voices, sorted(voices), np.random.default_rng(1), seconds=90)
    run, sound = hear(talk.samples)
    utterances = [Utterance(start, end) for start, end, _ in talk.turns]
    utterances[-1] = Utterance(utterances[-1].start, utterances[-1].start + 1.0)
    found = {u.speaker for u in Diarizer(AnalyzeOptions()).assign(run, sound, utterances)}
    assert 4 <= len(found) <= 14
    given = {u.speaker for u in Diarizer(AnalyzeOptions(speakers="10")).assign(run, sound, utterances)}
    assert 8 <= len(given) <= 10
