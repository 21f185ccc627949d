"""How well speakers are told apart: diarization error on dialogues of unheard actors and on meetings.

The error is `pyannote.metrics`': time that is missed, invented or another's, as a share of the speech; COLLAR
seconds around each true edge are not counted (half of it on each side).  Speech is found by emocli's own
speech activity, as in an analysis without words, and what that misses or invents is part of the error.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emocli.media.audio import SAMPLE_RATE, Sound
from emocli.options import AnalyzeOptions
from emocli.speakers.diarizer import Diarizer
from emocli.speakers.turns import Turn
from emocli.timeline.run import Run
from emocli.timeline.types import MediaInfo
from emocli.training.corpora import dialogues
from emocli.training.corpora.dialogues import Dialogue
from emocli.transcript import activity
from emocli.weights import manifest

#: Seconds around a true edge that are not counted; dialogues of each number of speakers; and the seed that
#: composes them.
COLLAR, EACH, SEED = 0.25, 10, 2026
#: Kinds of error that `pyannote.metrics` tells apart, as it names them and as we do.
_KINDS = {"missed detection": "missed", "false alarm": "invented", "confusion": "confused"}


@dataclass(frozen=True)
class Diarized:
    """What was made of a dialogue: turns with the number of speakers `estimated`, and with the true one
    (`oracle`), the processor seconds that it took, and the seconds of speech."""

    dialogue: Dialogue
    estimated: Sequence[Turn]
    oracle: Sequence[Turn]
    seconds: float
    speech: float

    @property
    def right_number(self) -> bool:
        """Whether the number was estimated right."""
        return len({turn.speaker for turn in self.estimated}) == self.dialogue.speakers


def evaluate(data: Path, *, each: int = EACH) -> dict[str, Any]:
    """Figures on dialogues, monologues and meetings, of speakers that nothing was learnt or chosen on."""
    diarizer, permissive = Diarizer(AnalyzeOptions()), Diarizer(AnalyzeOptions(commercial=True))
    voices = dialogues.voices(data, ("test",))
    talks = dialogues.dialogues(voices, each, SEED)
    main_way, other_way = zip(*diarize([diarizer, permissive], talks), strict=True)
    results = {"dialogues": main_way,
               "one speaker in every mood": [t for t, in diarize([diarizer], dialogues.alone(voices, SEED))],
               "meetings (AMI)": [t for t, in diarize([diarizer], dialogues.meetings(data))],
               "dialogues, --commercial": other_way}
    sets = {name: figures(those) for name, those in results.items()}
    everything = [t for those in (main_way, results["meetings (AMI)"]) for t in those]
    main, *others = sets
    return sets[main] | {
        "set": main, "sets": {name: sets[name] for name in others}, "collar": COLLAR,
        "bytes": sum(manifest()[name].size for name in diarizer.names),
        "seconds_per_second": sum(t.seconds for t in everything) / sum(t.speech for t in everything)}


def diarize(diarizers: Sequence[Diarizer], talks: Iterable[Dialogue]) -> Iterator[list[Diarized]]:
    """Tell the speakers of each dialogue apart, as an analysis would; all diarizers take the windows of the
    first."""
    for talk in talks:
        seconds = len(talk.samples) / SAMPLE_RATE
        with Sound() as sound:
            sound.append((talk.samples * 32767).round().astype(np.int16))
            utterances = activity.find(sound)
            run, began = Run(MediaInfo(Path(talk.name), seconds, False, True)), time.process_time()
            windows = diarizers[0].listen(run, sound, utterances)
            speech, results = sum(u.end - u.start for u in utterances), []
            for diarizer in diarizers:
                estimated, took = diarizer.turns(windows), time.process_time() - began
                oracle = diarizer.turns(windows, talk.speakers)
                results.append(Diarized(talk, estimated, oracle, took, speech))
            yield results


def figures(results: Sequence[Diarized]) -> dict[str, Any]:
    """The errors of several dialogues together, with the number of speakers estimated and with the true one,
    and the share of dialogues of which it was estimated right."""
    return {"n": len(results), "right_number": sum(r.right_number for r in results) / max(1, len(results)),
            "estimated": _error([(r.dialogue, r.estimated) for r in results]),
            "oracle": _error([(r.dialogue, r.oracle) for r in results])}


def _error(pairs: Iterable[tuple[Dialogue, Sequence[Turn]]]) -> dict[str, float]:
    from pyannote.core import Annotation, Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate

    metric, sums = DiarizationErrorRate(collar=COLLAR), Counter[str]()
    for number, (dialogue, turns) in enumerate(pairs):
        truth, said = Annotation(uri=str(number)), Annotation(uri=str(number))
        for track, (start, end, who) in enumerate(dialogue.turns):
            truth[Segment(start, end), track] = who
        for track, turn in enumerate(turns):
            said[Segment(turn.start, turn.end), track] = turn.speaker
        whole = Timeline([Segment(0, len(dialogue.samples) / SAMPLE_RATE)])
        sums.update(dict(metric(truth, said, uem=whole, detailed=True)))
    parts = {ours: float(sums[theirs] / max(1e-9, sums["total"])) for theirs, ours in _KINDS.items()}
    return {"error": sum(parts.values())} | parts
