"""Frames a second of faces: emocli beside the `fer` package and beside the usual way of a first project.

    python bench/peers.py CLIP [--size 640x360] [--frames 150] [--out bench/results]

All see the same frames, in order, one after the other on the same machine.  `fer` runs in an environment of
its own, which this makes (it needs a package index), with its Haar detector; its models are loaded before the
clock starts. "A call a frame" searches every frame with YuNet at full size and gives each face to Keras by
itself, with the network loaded anew for every sentence of three seconds, as the projects that emocli grew out
of did.  emocli's own figure has decoding and the start of the face process in it.  Prints a table and writes
JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any

import numpy as np
from analyze import machine
from footage import RATE, encode, loop

#: What the peer's environment holds.
PEER = ("fer", "tensorflow-cpu", "opencv-contrib-python<5", "setuptools<80")
#: Seconds of a sentence, for which a first project loads its models anew.
SENTENCE = 3.0
_FER = """
import json, sys, time
import numpy as np
from fer.fer import FER
frames = np.load(sys.argv[1])
reader = FER(mtcnn=False)
reader.detect_emotions(frames[0])
began, faces = time.perf_counter(), 0
for frame in frames:
    faces += len(reader.detect_emotions(frame))
print(json.dumps({"seconds": time.perf_counter() - began, "faces": faces}))
"""
_CALL_A_FRAME = """
import json, os, sys, time
os.environ["KERAS_BACKEND"] = "tensorflow"
import numpy as np
import keras
from emocli import weights
from emocli.face.align import crop
from emocli.face.detect import YuNet
import cv2
frames = np.load(sys.argv[1])
sentence = int(sys.argv[2])
began, faces = time.perf_counter(), 0
detector = None
for number, frame in enumerate(frames):
    if number % sentence == 0:
        detector = YuNet(weights.resolve("yunet"))
        network = keras.saving.load_model(weights.resolve("face"), compile=False)
    for detection in detector.find(frame):
        face = crop(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), detection.landmarks)
        network.predict(face[None, ..., None].astype("float32"), verbose=0)
        faces += 1
print(json.dumps({"seconds": time.perf_counter() - began, "faces": faces}))
"""


def frames_of(video: Path, count: int) -> np.ndarray:
    """(n, height, width, 3) uint8 BGR."""
    import av

    with av.open(str(video)) as source:
        return np.stack([f.to_ndarray(format="bgr24") for _, f in zip(range(count), source.decode(video=0),
                                                                       strict=False)])


def child(python: str, code: str, *args: object) -> dict[str, Any]:
    """What a program prints as JSON."""
    done = subprocess.run([python, "-c", code, *map(str, args)], capture_output=True, text=True,
                          env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"})
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return dict(json.loads(done.stdout.splitlines()[-1]))


def emocli(video: Path) -> dict[str, Any]:
    """Every frame of a video through the face stage, its start included."""
    from emocli import weights
    from emocli.face.detect import YuNet
    from emocli.face.observe import observe
    from emocli.face.process import FaceProcess
    from emocli.media.frames import FrameStream, chunks
    from emocli.media.probe import probe
    from emocli.timeline.run import Run

    began, info = time.perf_counter(), probe(video)
    with FaceProcess(weights.resolve("face-litert"), device="cpu") as process:
        streams = [FrameStream(info, RATE, part) for part in chunks(info, RATE)]
        seen = observe(Run(info), streams, YuNet(weights.resolve("yunet")), process)
    return {"seconds": time.perf_counter() - began, "faces": len(seen),
            "frames": sum(s.decoded for s in streams)}


def main() -> None:
    """Measure, print, write."""
    from rich.console import Console
    from rich.table import Table

    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--frames", type=int, default=150)
    parser.add_argument("--out", type=Path, default=Path("bench/results"))
    args = parser.parse_args()
    width, height = map(int, args.size.split("x"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        encode(args.clip, folder / "base.mp4", (width, height))
        loop(folder / "base.mp4", folder / "video.mp4", args.frames / RATE / 60)
        frames = frames_of(folder / "video.mp4", args.frames)
        np.save(folder / "frames.npy", frames)
        venv.create(folder / "peer", with_pip=True)
        python = str(folder / "peer" / "bin" / "python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEER], check=True)
        runs = {"emocli": emocli(folder / "video.mp4"),
                "fer (Haar)": child(python, _FER, folder / "frames.npy"),
                "a call a frame": child(sys.executable, _CALL_A_FRAME, folder / "frames.npy",
                                        round(SENTENCE * RATE))}
    table = Table("what", "frames", "faces", "frames a second", "emocli is faster by",
                  title=f"{args.clip.name} at {args.size}; {machine()}")
    for name, figures in runs.items():
        figures["frames"] = figures.get("frames") or len(frames)
        rate = figures["frames_per_second"] = figures["frames"] / figures["seconds"]
        table.add_row(name, str(figures["frames"]), str(figures["faces"]), f"{rate:.1f}",
                      f"{runs['emocli']['frames_per_second'] / rate:.1f}")
    Console().print(table)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "peers.json").write_text(json.dumps({"machine": machine(), "clip": args.clip.name,
                                                     "size": args.size, "runs": runs}, indent=1) + "\n")


if __name__ == "__main__":
    main()
