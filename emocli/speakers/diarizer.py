"""Who speaks: every utterance gets its speaker, one in which several speak is divided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from emocli import weights
from emocli.options import MOST_SPEAKERS, AnalyzeOptions, speaker_count, torch_device
from emocli.plaintext import printable
from emocli.speakers.rttm import read_rttm
from emocli.speakers.turns import Turn, divide, in_order, smooth

if TYPE_CHECKING:
    from emocli.media.audio import Sound
    from emocli.speakers.clustering import Likeness
    from emocli.speakers.encoder import SpeakerEncoder
    from emocli.timeline.run import Run
    from emocli.timeline.types import Utterance

#: Weights of the encoder, and what learnt which of its numbers are mood; the second for `--commercial`.
ENCODER, LIKENESS, PERMISSIVE = "speaker", "speaker-plda", "speaker-plda-permissive"
#: Seconds of a window.
SECONDS = 1.6
#: Seconds; of a longer stretch windows are read in parts, so that memory stays flat.
PART = 30.0
#: Root mean square below which sound is silence (-60 dB of full scale), which is nobody's voice.
SILENT = 1e-3


@dataclass(frozen=True)
class Windows:
    """n windows of utterances in order of time: start and end in s (n, 2), and their embeddings (n, d)."""

    utterances: Sequence[Utterance]
    times: np.ndarray
    embeddings: np.ndarray


class Diarizer:
    """Tells speakers apart as the options say; keeps its models for many videos.

    Raises `WeightsError` when its weights are missing or damaged.
    """

    def __init__(self, options: AnalyzeOptions) -> None:
        self._wanted, self._device = options.speakers, options.device
        self.names = (ENCODER, PERMISSIVE if options.commercial else LIKENESS)
        self._models: tuple[SpeakerEncoder, Likeness] | None = None

    def assign(self, run: Run, sound: Sound, utterances: Sequence[Utterance]) -> list[Utterance]:
        """Utterances with `speaker` S1, S2, ... in order of speech, divided where another begins to speak.

        Raises `InputError` when the options name an RTTM file that cannot be read.
        """
        if self._wanted == "off" or not utterances:
            return list(utterances)
        count = speaker_count(self._wanted)
        one_voice = len(utterances) == 1 and utterances[0].end - utterances[0].start < 2 * SECONDS
        if count == 1 or (self._wanted == "auto" and one_voice):
            return [replace(utterance, speaker="S1") for utterance in utterances]
        with run.stage("telling speakers apart"):
            if self._wanted != "auto" and count is None:
                return self._read(run, Path(self._wanted), utterances)
            made, _ = in_order(divide(utterances, self.turns(self.listen(run, sound, utterances), count)))
        run.uses("numpy", "safetensors", "scipy", "torch", weights=weights.record(*self.names))
        return made

    def listen(self, run: Run, sound: Sound, utterances: Sequence[Utterance]) -> Windows:
        """The windows of all utterances that are loud enough to have a voice."""
        times: list[tuple[float, float]] = []
        encoder, _ = self._load()

        def pieces() -> Iterator[np.ndarray]:
            for utterance in utterances:
                for start, piece in loud_windows(encoder, sound, utterance):
                    times.append((start, min(utterance.end, start + SECONDS)))
                    yield piece
                run.progress("speakers", utterance.end)

        embeddings = encoder.embed(pieces())
        run.progress("speakers", run.info.duration)
        return Windows(utterances, np.array(times).reshape(-1, 2), embeddings)

    def turns(self, windows: Windows, count: int | None = None) -> list[Turn]:
        """Who speaks when, inside the utterances: `count` speakers, or as many as are heard."""
        from emocli.speakers.clustering import cluster

        speakers = cluster(self._load()[1], windows.embeddings, count, most=MOST_SPEAKERS)
        return smooth(list(turns_of(windows, speakers)))

    def _read(self, run: Run, path: Path, utterances: Sequence[Utterance]) -> list[Utterance]:
        turns = read_rttm(path, run.info.path.stem)
        made, names = in_order(divide(utterances, smooth(turns)))
        run.details["speakers"] = ", ".join(f"{own} is {printable(name)}" for name, own in names.items())
        if any(not u.speaker for u in made):
            run.note(f"{path.name} says of some speech not whose it is")
        return made

    def _load(self) -> tuple[SpeakerEncoder, Likeness]:
        if self._models is None:
            from emocli.speakers.clustering import Likeness
            from emocli.speakers.encoder import SpeakerEncoder

            encoder, likeness = map(weights.resolve, self.names)
            self._models = SpeakerEncoder(encoder, torch_device(self._device)), Likeness.load(likeness)
        return self._models


def loud_windows(encoder: SpeakerEncoder, sound: Sound,
            utterance: Utterance) -> Iterator[tuple[float, np.ndarray]]:
    """The start, s, and the mel energies of each window of an utterance that is loud enough to have a
    voice."""
    start = utterance.start
    while start < utterance.end:
        rest = utterance.end - start
        end = utterance.end if rest < 2 * PART else start + PART
        samples = sound.read(start, end)
        if len(samples) and float(np.sqrt(np.mean(samples**2))) > SILENT:
            yield from ((start + at, piece) for at, piece in encoder.windows(samples))
        start = end


def turns_of(windows: Windows, speakers: np.ndarray) -> Iterator[Turn]:
    """The turns inside utterances: a window stands for the time that is nearest to its middle."""
    middles = windows.times.mean(1) if len(windows.times) else np.zeros(0)
    for utterance in windows.utterances:
        first, last = np.searchsorted(middles, (utterance.start, utterance.end))
        own = middles[first:last]
        edges = [utterance.start, *(own[1:] + own[:-1]) / 2, utterance.end]
        for who, start, end in zip(speakers[first:last], edges, edges[1:], strict=False):
            yield Turn(float(start), float(end), str(who))
