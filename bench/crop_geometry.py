"""Where YuNet finds the five landmarks in FER2013's training images: the crop's template.

    python bench/crop_geometry.py DATA YUNET.onnx

Prints the median position of each landmark, px in a 48x48 image, and how many faces were found.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from emocli.face.detect import YuNet
from emocli.training.corpora import faces

#: A face is shown to the detector this many times larger, with a border a third its side.
ZOOM = 4


def main(data: Path, model: Path) -> None:
    """Measure and print."""
    detector = YuNet(model)
    images = faces.load(data, "train").images[::12]
    border = faces.TILE * ZOOM // 3
    points = []
    for image in images:
        large = cv2.resize(image, None, fx=ZOOM, fy=ZOOM, interpolation=cv2.INTER_CUBIC)
        framed = cv2.copyMakeBorder(large, border, border, border, border, cv2.BORDER_REPLICATE)
        faces_seen = detector.find(cv2.cvtColor(framed, cv2.COLOR_GRAY2BGR))
        if faces_seen:
            points.append((faces_seen[0].landmarks - border) / ZOOM)
    print(f"{len(points)} of {len(images)} found")
    print(np.round(np.median(points, axis=0), 1).tolist())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
