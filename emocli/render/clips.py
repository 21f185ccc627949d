"""The moments of chosen emotions as files of their own, or one after another as a reel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emocli.emotions import CLASSES, INDEX
from emocli.media.container import file_url
from emocli.media.probe import clock_of
from emocli.render.ffmpeg import input_file, run_ffmpeg
from emocli.render.remux import on_one_clock
from emocli.render.text_overlay import TextOverlay
from emocli.storage import atomic, scratch
from emocli.timeline.types import MediaInfo, Row, Timeline

#: Seconds that a title stays on a clip of a reel.
TITLED = 2.0


@dataclass(frozen=True)
class Moment:
    """A stretch of one emotion: `start` and `end`, s, padded; the highest `confidence` in it, and its
    words."""

    start: float
    end: float
    emotion: str
    confidence: float
    text: str


def moments(timeline: Timeline, emotions: Iterable[str], *, min_confidence: float = 0.0,
            min_length: float = 0.0, pad: float = 0.0) -> list[Moment]:
    """The moments of `emotions`: rows that follow one another with the same emotion are one.  Lengths, s,
    count without padding, and padding that would overlap joins two of the same emotion."""
    wanted, runs = set(emotions), list[list[Row]]()
    for row in timeline.rows:
        if row.emotion in wanted and row.confidence >= min_confidence:
            if runs and runs[-1][-1].end == row.start and runs[-1][-1].emotion == row.emotion:
                runs[-1].append(row)
            else:
                runs.append([row])
    joined: list[Moment] = []
    for run in runs:
        if run[-1].end - run[0].start < min_length - 1e-9:
            continue
        start, end = max(0.0, run[0].start - pad), min(timeline.media.duration, run[-1].end + pad)
        text = " ".join(r.utterance.text for r in run if r.utterance)
        confidence = max(r.confidence for r in run)
        last = joined[-1] if joined else None
        if last and last.emotion == run[0].emotion and start <= last.end:
            joined[-1] = Moment(last.start, end, last.emotion, max(last.confidence, confidence),
                                f"{last.text} {text}".strip())
        else:
            joined.append(Moment(start, end, run[0].emotion, confidence, text))
    return joined


def key_times(info: MediaInfo) -> np.ndarray:
    """Times, s, of the frames that decoding can begin at."""
    return np.array([time for _, time in clock_of(info.path).keys])


def cut(info: MediaInfo, moment: Moment, target: Path, keys: np.ndarray) -> bool:
    """Write one moment; whether its packets could be copied, which is exact only where it begins at a key
    frame (or there are no frames).  Else it is encoded again."""
    frame = 1 / info.frame_rate if info.frame_rate else 0.04
    near = np.abs(keys - moment.start).min() if len(keys) else 0.0
    copied = not info.has_video or bool(near <= frame / 2)
    how = ["-c", "copy"] if copied else [
        "-c:v", "libx264", "-crf", "18", "-preset", "veryfast", "-pix_fmt", "yuv420p",
        "-c:a", "aac", "-b:a", "192k"]
    # ffmpeg seeks to the key frame before; half a frame more keeps it from taking the one before that
    start = moment.start + (frame / 2 if copied and info.has_video else 0.0)
    with scratch() as folder, atomic(target) as part:
        run_ffmpeg(["-ss", f"{start:.6f}", *input_file(on_one_clock(info, folder)),
                    "-t", f"{moment.end - moment.start:.6f}", *how, "-map", "0:v:0?", "-map", "0:a:0?",
                    "-avoid_negative_ts", "make_zero", file_url(part)], about=info.path)
    return copied


def reel(info: MediaInfo, chosen: Sequence[Moment], target: Path, *, lang: str = "en",
         text_overlay: TextOverlay | None = None) -> None:
    """Write the moments one after another, each with a title over its first seconds (moviepy)."""
    from moviepy import CompositeVideoClip, ImageClip, VideoFileClip, concatenate_videoclips

    text_overlay = text_overlay or TextOverlay()
    with scratch() as folder, atomic(target) as part, \
            VideoFileClip(file_url(on_one_clock(info, folder))) as video:
        clips = []
        for moment in chosen:
            own = CLASSES[INDEX[moment.emotion]]
            minutes, seconds = divmod(moment.start, 60)
            line = f"{own.emoji} {own.label(lang)} {moment.confidence:.0%} · {int(minutes)}:{seconds:04.1f}"
            title = text_overlay.sprite((line,), max(14, video.h // 18))
            clip = video.subclipped(moment.start, min(moment.end, video.duration))
            shown = ImageClip(title).with_duration(min(TITLED, clip.duration))
            shown = shown.with_position((video.h // 30,) * 2)
            clips.append(CompositeVideoClip([clip, shown]).with_duration(clip.duration))
        concatenate_videoclips(clips).write_videofile(
            str(part), codec="libx264", audio_codec="aac", preset="veryfast", logger=None,
            temp_audiofile=str(folder / "sound.m4a"), ffmpeg_params=["-crf", "18", "-pix_fmt", "yuv420p"])
