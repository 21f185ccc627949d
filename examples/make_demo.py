"""Make `demo.mp4` and `demo.srt`: a public-domain portrait with small motion, and espeak-ng's voice.

The portrait is NASA's of Eileen Collins, as scikit-image ships it.  The voice is made, so the
demo shows what emocli writes, not how well it hears.

    apt-get install espeak-ng
    pip install "emocli[test]"
    python examples/make_demo.py
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
SIZE, RATE, LENGTH = 360, 25, 16.0
#: Start in seconds, what is said, and espeak-ng's pitch, words a minute and amplitude.
LINES = (
    (1.0, "I got the job! I am so happy, this is wonderful!", 80, 190, 150),
    (6.2, "But my old friend is gone. I miss her, and I am so sad today.", 30, 120, 90),
    (13.4, "The train leaves at nine.", 50, 160, 110),
)


def portrait(time: float) -> np.ndarray:
    """The picture at `time` seconds: a slow drift and zoom, (SIZE, SIZE, 3) uint8 RGB."""
    import cv2
    from skimage import data

    zoom = 1.35 + 0.10 * np.sin(time * 0.7)
    centre_x, centre_y = 224 + 6 * np.sin(time * 1.1), 140 + 4 * np.cos(time * 0.9)
    matrix = np.array([[zoom, 0, SIZE / 2 - zoom * centre_x], [0, zoom, SIZE * 0.45 - zoom * centre_y]])
    return np.asarray(cv2.warpAffine(data.astronaut(), matrix, (SIZE, SIZE), borderMode=cv2.BORDER_REFLECT))


def speech(folder: Path) -> tuple[np.ndarray, int, list[tuple[float, float, str]]]:
    """All lines in one track, float (n,), its rate, and each line's start, end and text."""
    import soundfile

    track, rate, times = np.zeros(0), 22050, []
    for number, (start, text, pitch, speed, loud) in enumerate(LINES):
        path = folder / f"{number}.wav"
        subprocess.run(["espeak-ng", "-v", "en-us+f3", "-p", str(pitch), "-s", str(speed), "-a", str(loud),
                        "-w", str(path), text], check=True)
        sound, rate = soundfile.read(path)
        if not len(track):
            track = np.zeros(round(LENGTH * rate))
        first = round(start * rate)
        track[first:first + len(sound)] += sound[: len(track) - first]
        times.append((start, min(LENGTH, start + len(sound) / rate), text))
    return track, rate, times


def main() -> None:
    """Write both files beside this one."""
    import pysubs2
    from moviepy import AudioArrayClip, VideoClip

    with tempfile.TemporaryDirectory() as folder:
        track, rate, times = speech(Path(folder))
    clip = VideoClip(portrait, duration=LENGTH)
    clip = clip.with_audio(AudioArrayClip(np.stack([track, track], 1), fps=rate))
    clip.write_videofile(str(HERE / "demo.mp4"), fps=RATE, codec="libx264", audio_codec="aac",
                         audio_bitrate="64k", preset="slow", logger=None,
                         ffmpeg_params=["-crf", "27", "-pix_fmt", "yuv420p"])
    subtitles = pysubs2.SSAFile()
    subtitles.events = [pysubs2.SSAEvent(start=round(start * 1000), end=round(end * 1000), text=text)
                        for start, end, text in times]
    subtitles.save(str(HERE / "demo.srt"))


if __name__ == "__main__":
    main()
