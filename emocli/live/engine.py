"""From sound that is still coming to rows: each utterance is read when it has ended, the voice first."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from scipy.special import softmax

from emocli import weights
from emocli.errors import WeightsError
from emocli.fusion.head import Fusion
from emocli.live.events import Tagged
from emocli.media.audio import Sound
from emocli.options import VOICE_MODES, AnalyzeOptions
from emocli.text.reader import TextReader
from emocli.timeline.flags import flags_of
from emocli.timeline.run import UNHEARD, Run
from emocli.timeline.types import MediaInfo, Reading, Row, Segment, Utterance
from emocli.transcript.activity import Segmenter, SpeechStream
from emocli.transcript.asr import Transcriber
from emocli.voice.described import VoiceModel
from emocli.voice.model import audible, load
from emocli.voice.small_model import UNSURE

#: Seconds: silence that ends an utterance, and the longest utterance.
SILENCE, LONGEST = 0.3, 12.0
#: Utterances that tell how the speaker usually talks.
REMEMBERED = 200


class LiveVoice:
    """Reads each utterance against those before it; `large` is asked where `small` is unsure, and always
    where there is no small one.  Unlike `Cascade`, which has all utterances at hand, it describes each
    once."""

    def __init__(self, small: VoiceModel | None, large: VoiceModel) -> None:
        self._models = [model for model in (small, large) if model]
        self._heard: list[deque[np.ndarray]] = [deque(maxlen=REMEMBERED) for _ in self._models]

    def read(self, samples: np.ndarray) -> Reading:
        """A reading of one utterance's sound (n,) at 16 kHz; absent where it is silent."""
        if not len(samples):
            return Reading("voice", reason=UNHEARD)
        for model, heard in zip(self._models, self._heard, strict=True):
            described = model.describe(samples)
            features, logits = model.answer([described], list(heard))
            heard.append(described)
            scores = softmax(logits[0])
            if scores.max() >= UNSURE:
                break
        return Reading("voice", features[0], logits[0], scores, quality=1.0)


class Engine:
    """Keeps the models; `words` says whether Whisper is asked.  Raises `WeightsError` when weights of ours
    are missing; without Whisper's there are no words, and `note` is told why.  `heard` is how much sound
    there was, s."""

    def __init__(self, options: AnalyzeOptions, *, words: bool = True, dynamic: bool = True,
                 note: Callable[[str], None] = lambda text: None) -> None:
        small = load(VOICE_MODES["fast"]) if dynamic else None
        self._voice = LiveVoice(small, load(VOICE_MODES["accurate"]))
        self._text, self._fusion = TextReader(options), Fusion(weights.resolve("fusion"))
        self._transcriber = Transcriber(options) if words else None
        self._note, self.heard = note, 0.0

    def run(self, sounds: Iterable[Sound]) -> Iterator[Tagged]:
        """Each utterance twice: when its voice is read, and with its row; closes the sound at the end."""
        stream, segmenter = SpeechStream(), Segmenter(SILENCE, LONGEST)
        sound, self.heard = None, 0.0
        try:
            for sound in sounds:
                block, self.heard = sound.read(self.heard, sound.duration), sound.duration
                for utterance in segmenter.feed(stream.feed(block)):
                    yield from self._read(sound, utterance)
            if sound is not None:
                for utterance in segmenter.finish(self.heard):
                    yield from self._read(sound, utterance)
        finally:
            if sound is not None:
                sound.close()

    def _read(self, sound: Sound, utterance: Utterance) -> Iterator[Tagged]:
        voice = self._voice.read(audible(utterance, sound))
        yield Tagged(utterance, voice)
        said = self._words(sound, utterance)
        (text,) = self._text.read([said], said.language)
        segment, readings = Segment(said.start, said.end, said), {
            "face": Reading("face", reason="the source has no pictures"), "voice": voice, "text": text}
        (scores,) = self._fusion.scores([readings])
        yield Tagged(said, voice, Row(said.start, said.end, said, scores, readings,
                                      flags_of(segment, scores, readings)))

    def _words(self, sound: Sound, utterance: Utterance) -> Utterance:
        """The utterance with what Whisper hears in it."""
        if self._transcriber is None:
            return utterance
        info = MediaInfo(Path("live"), sound.duration, has_video=False, has_audio=True)
        try:
            parts = self._transcriber.transcribe(Run(info), sound, [utterance])
        except WeightsError as error:
            self._note(f"no words: {error}")
            self._transcriber = None
            return utterance
        if not parts:
            return utterance
        return Utterance(utterance.start, utterance.end, " ".join(p.text for p in parts),
                         tuple(w for p in parts for w in p.words), parts[0].language, "whisper")
