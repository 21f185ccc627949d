"""Putting a session together: which models it reads with, and what it may give up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from emocli import weights
from emocli.face.reader import FaceReader
from emocli.fusion.head import Fusion
from emocli.live import shedding
from emocli.live.engine import FOLLOWED, READ, Engine, Readers
from emocli.live.faces import LiveFaces
from emocli.live.rows import RowReader
from emocli.live.shedding import LoadShedder
from emocli.live.sources import Source
from emocli.live.speakers import LiveSpeakers
from emocli.live.voice import LiveVoice
from emocli.live.words import LiveWords, has_smaller
from emocli.options import VOICE_MODES, AnalyzeOptions
from emocli.text.reader import TextReader
from emocli.timeline.run import Run
from emocli.timeline.types import MediaInfo
from emocli.voice.model import load

#: Pictures a second that are looked at under load.
SLOWER = 1.0


@contextmanager
def session(source: Source, options: AnalyzeOptions, *, words: bool = True,
            partials: bool = True) -> Iterator[Engine]:
    """An engine with all its models; `words` says whether Whisper is asked, `partials` whether for an
    utterance that goes on, too.

    A source that nobody follows is read as an analysis reads it; another with the small voice model before
    the large one, and with what the shedder allows.  Raises `WeightsError` when weights of ours are
    missing; without Whisper's there are no words, with a note.
    """
    # two threads that import parts of scipy at once can find it half made
    import scipy.optimize  # noqa: F401

    steps = _steps(source, options, words=words, partials=partials)
    shedder = LoadShedder(steps) if source.followed else None

    def allows(step: str) -> bool:
        return shedder is None or shedder.allows(step)

    run = _LiveRun(MediaInfo(Path("live"), 0.0, has_video=source.pictures, has_audio=True))
    voice = LiveVoice(load(VOICE_MODES["fast"]) if source.followed else None, load(VOICE_MODES["accurate"]),
                      headroom=lambda: allows(shedding.LARGE_VOICE))
    voice.warm_up()
    reader = FaceReader(options) if source.pictures else None
    faces = LiveFaces(lambda samples: reader.follow(run, samples), usual=options.face_fps, waits=source.waits,
                      slow_down=lambda: None if allows(shedding.PICTURES) else SLOWER,
                      note=run.note) if reader else None
    whisper = LiveWords(run, options, brief=source.followed,
                        small=lambda: not allows(shedding.LARGE_WHISPER)) if words else None
    rows = RowReader(run, TextReader(options), Fusion(weights.resolve("fusion")), voice, whisper, faces,
                     LiveSpeakers() if options.speakers != "off" else None,
                     spoken_language=options.language, exactly=not source.followed)
    engine = Engine(source, Readers(
        voice, rows.rows, quiet=rows.last, draft=rows.draft, prepare=rows.prepare, faces=faces,
        words=(lambda: allows(shedding.WORDS)) if words else lambda: True),
        pace=FOLLOWED if source.followed else READ, shedder=shedder, memory=resident)
    run.tell = engine.note
    try:
        yield engine
    finally:
        if faces:
            faces.close()
        if reader:
            reader.close()


class _LiveRun(Run):
    """A run whose notes are told at once."""

    tell: Callable[[str], None] | None = None

    def note(self, text: str) -> None:
        """As `Run.note`."""
        super().note(text)
        if self.tell:
            self.tell(text)


def _steps(source: Source, options: AnalyzeOptions, *, words: bool, partials: bool) -> list[str]:
    """What this session has to give up."""
    there = {shedding.PARTIALS: words and partials,
             shedding.PICTURES: source.pictures and options.face_fps > SLOWER,
             shedding.LARGE_VOICE: True, shedding.LARGE_WHISPER: words and has_smaller(options),
             shedding.WORDS: words}
    return [step for step, is_there in there.items() if is_there]


def resident() -> int:
    """Bytes of memory of this process and its children."""
    import psutil

    own = psutil.Process()
    total = int(own.memory_info().rss)
    for child in own.children(recursive=True):
        with suppress(psutil.Error):
            total += int(child.memory_info().rss)
    return total
