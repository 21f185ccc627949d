"""Make the films of real people, `tears.mp4` and `his_girl_friday.mp4`, each with its subtitles beside it.
The pictures of the clips they come from are copied as they are.

    apt-get install espeak-ng
    pip install "emocli[test]"
    python examples/make_films.py FOLDER      # with WolfgangLanger_Pexels.mp4 and his_girl_friday.mp4

Who made the clips, and what may be done with them: README.md.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import pysubs2

HERE = Path(__file__).parent
RATE = 22050
#: Of the voice-over of `tears.mp4`: start in seconds, what is said, and espeak-ng's pitch and words a minute.
VOICE_OVER = (
    (1.2, "I miss her so much.", 35, 130),
    (15.0, "She is back! I am so happy!", 70, 170),
)
#: Of `his_girl_friday.mp4`, by ear after a first draft by Whisper: start and end in seconds, the words.
DIALOGUE = (
    (0.0, 0.85, "Hello, Hildy!"),
    (0.9, 1.25, "Hi!"),
    (1.3, 2.9, "Tell me, is the lord of the universe in?"),
    (3.0, 4.25, "Yes, in a bad humor."),
    (4.45, 5.9, "Somebody must have stolen the crown jewels."),
)


def speech(seconds: float) -> tuple[np.ndarray, list[tuple[float, float, str]]]:
    """The voice-over as (n,) int16 at RATE, and each line's start, end and text."""
    import soundfile

    track, lines = np.zeros(round(seconds * RATE), np.int16), []
    with tempfile.TemporaryDirectory() as folder:
        for number, (start, text, pitch, speed) in enumerate(VOICE_OVER):
            path = Path(folder) / f"{number}.wav"
            subprocess.run(["espeak-ng", "-v", "en-us+f3", "-p", str(pitch), "-s", str(speed),
                            "-w", str(path), text], check=True)
            sound, _ = soundfile.read(path, dtype="int16")
            first = round(start * RATE)
            track[first:first + len(sound)] = sound[:len(track) - first]
            lines.append((start, min(seconds, start + len(sound) / RATE), text))
    return track, lines


def with_voice_over(clip: Path, film: Path) -> list[tuple[float, float, str]]:
    """Write a clip's pictures with the voice-over; returns its lines."""
    with av.open(str(clip)) as source, av.open(str(film), "w", options={"movflags": "+faststart"}) as target:
        pictures = source.streams.video[0]
        assert source.duration
        track, lines = speech(source.duration / av.time_base)
        video = target.add_stream_from_template(pictures)
        audio = target.add_stream("aac", rate=RATE, layout="mono")
        audio.bit_rate = 48000
        for packet in source.demux(pictures):
            if packet.dts is not None:
                packet.stream = video
                target.mux(packet)
        for at in range(0, len(track), 1024):
            frame = av.AudioFrame.from_ndarray(track[None, at:at + 1024], format="s16", layout="mono")
            frame.sample_rate, frame.pts = RATE, at
            target.mux(audio.encode(frame))
        target.mux(audio.encode(None))
    return lines


def subtitles(lines: Sequence[tuple[float, float, str]], path: Path) -> None:
    """Write lines as SubRip."""
    file = pysubs2.SSAFile()
    file.events = [pysubs2.SSAEvent(start=round(start * 1000), end=round(end * 1000), text=text)
                   for start, end, text in lines]
    file.save(str(path))


def main() -> None:
    """Write both films and their subtitles beside this file."""
    parser = argparse.ArgumentParser(description="Make the films of real people from their clips.")
    parser.add_argument("folder", type=Path, help="where the clips lie")
    folder = parser.parse_args().folder
    lines = with_voice_over(folder / "WolfgangLanger_Pexels.mp4", HERE / "tears.mp4")
    subtitles(lines, HERE / "tears.srt")
    shutil.copyfile(folder / "his_girl_friday.mp4", HERE / "his_girl_friday.mp4")
    subtitles(DIALOGUE, HERE / "his_girl_friday.srt")


if __name__ == "__main__":
    main()
