"""What reading costs: parameters, and items a second on one core, measured in a process of its own.

`python -m emocli.training.throughput MODALITY DATA` keeps to one hardware thread (on Linux) and prints JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emocli.errors import EmocliError
from emocli.options import EAR, HEARD_BY_EAR, TEXT_MODES, VOICE_MODES
from emocli.weights import manifest, resolve

if TYPE_CHECKING:
    import numpy as np

    from emocli.voice.described import VoiceModel

#: Items that are read for the figure.
FACES, CLIPS, SENTENCES, SEGMENTS = 1280, 60, 2000, 2100
#: Bytes of a number in memory, whatever the file holds.
_FLOAT = 4


def measure(modality: str, data: Path) -> dict[str, Any]:
    """"items_per_second" of the shipped reader, features included, and for the voice "modes": what each way
    costs.

    Raises `EmocliError` when the other process fails.
    """
    alone = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    done = subprocess.run([sys.executable, "-m", "emocli.training.throughput", modality, str(data)],
                          check=False, env=os.environ | alone, capture_output=True, text=True)
    if done.returncode:
        message = done.stderr.strip().splitlines() or ["no word of why"]
        raise EmocliError("the measurement of speed", f"ended with {done.returncode}: {message[-1]}",
                          "run `emocli doctor`")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def parameters(name: str) -> int:
    """How many numbers an entry of the manifest has learnt, its buffers included."""
    path = resolve(name)
    if path.suffix != ".safetensors":
        return _keras_parameters(path)
    import numpy as np
    from safetensors import safe_open

    with safe_open(path, "numpy") as tensors:
        return int(sum(np.prod(tensors.get_slice(k).get_shape()) for k in tensors.keys()  # noqa: SIM118
                       if not k.endswith(".scale")))


def _keras_parameters(path: Path) -> int:
    """Count the numbers in a `.keras` archive without starting Keras."""
    import io
    import zipfile

    import h5py
    import numpy as np

    from emocli.training.half_precision import WEIGHTS

    total = 0

    def count(_: str, item: Any) -> None:
        nonlocal total
        if isinstance(item, h5py.Dataset) and "optimizer" not in item.name:
            total += int(np.prod(item.shape))

    with zipfile.ZipFile(path) as archive, h5py.File(io.BytesIO(archive.read(WEIGHTS))) as tree:
        tree.visititems(count)
    return total


def _face(data: Path) -> dict[str, Any]:
    import numpy as np

    from emocli.face.process import FaceProcess
    from emocli.training.corpora import faces
    from emocli.training.predictions import FACE_BATCH

    images = faces.load(data, "public_test").images[:FACES]
    views = np.concatenate([images, images[:, :, ::-1]])
    with FaceProcess(resolve("face-litert"), device="cpu") as process:
        process.classify(images[:FACE_BATCH]).result()

        def read() -> None:
            calls = [process.classify(views[i:i + FACE_BATCH]) for i in range(0, len(views), FACE_BATCH)]
            for call in calls:
                call.result()

        return {"items_per_second": _rate(read, len(images))}


def _voice(data: Path) -> dict[str, Any]:
    import numpy as np

    from emocli.training.corpora import speech
    from emocli.voice.features import SAMPLE_RATE, trim
    from emocli.voice.model import load

    sounds = [trim(c.samples) for c in islice(speech.read(data, "ravdess", "dev"), CLIPS)]
    figures: dict[str, Any] = {"modes": {}}
    for mode, names in VOICE_MODES.items():
        reader = load(names)
        described = [reader.describe(sound) for sound in sounds]
        rate = _rate(partial(_read_sounds, reader, sounds), len(sounds))
        network = _rate(partial(reader.answer, described), len(sounds))
        read = {*names, *([EAR] if set(names) & set(HEARD_BY_EAR) else [])}
        figures["modes"][mode] = {"ms": 1e3 / rate, "network_ms": 1e3 / network,
                                  "bytes": sum(manifest()[n].size for n in read),
                                  "memory_bytes": _FLOAT * sum(map(parameters, read))}
        if mode == "accurate":
            seconds = float(np.sum([len(sound) for sound in sounds])) / SAMPLE_RATE
            figures |= {"items_per_second": rate, "seconds_a_second": len(sounds) / rate / seconds}
    return figures


def _read_sounds(reader: VoiceModel, sounds: list[np.ndarray]) -> None:
    reader.answer([reader.describe(sound) for sound in sounds])


def _text(data: Path) -> dict[str, Any]:
    from emocli.text.model import load
    from emocli.training.corpora import texts

    sentences = {lang: texts.load(data, f"goemotions_{lang}", "dev").texts[:SENTENCES]
                 for lang in ("en", "ko")}
    figures: dict[str, Any] = {"modes": {}}
    for mode, names in TEXT_MODES.items():
        reader = load(names)
        slowest = min(_rate(partial(reader.logits, of_it, lang), len(of_it))
                      for lang, of_it in sentences.items())
        figures["modes"][mode] = {"ms": 1e3 / slowest, "bytes": sum(manifest()[n].size for n in names)}
        if mode == "accurate":
            figures["items_per_second"] = slowest
    return figures


def _fusion(data: Path) -> dict[str, Any]:
    import torch

    from emocli.fusion.head import Fusion

    head = Fusion(resolve("fusion")).head
    inputs = torch.randn(SEGMENTS, 3, 7).log_softmax(2), torch.ones(SEGMENTS, 3)

    def read() -> None:
        with torch.inference_mode():
            head(*inputs)

    return {"items_per_second": _rate(read, SEGMENTS)}


def _rate(read: Callable[[], object], items: int) -> float:
    """Items a second: the best of three runs, the first of which also warms up."""
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        read()
        best = min(best, time.perf_counter() - began)
    return items / best


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    on_one_core = {"face": _face, "voice": _voice, "text": _text, "fusion": _fusion}[sys.argv[1]]
    print(json.dumps(on_one_core(Path(sys.argv[2]))))
