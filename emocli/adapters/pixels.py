"""From crops of faces to what an image classifier of a bare file takes: shape, channels, range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emocli.adapters.card import Card
from emocli.errors import WeightsError

#: Sides of pictures that are believed, px.
SIDES = (8, 1024)


@dataclass(frozen=True)
class Pixels:
    """Side in px, 1 channel or 3, whether channels come first, and the range that 0..255 becomes."""

    size: int
    channels: int
    first: bool
    low: float
    high: float

    @property
    def colour(self) -> bool:
        """Whether crops are to be RGB."""
        return self.channels == 3

    def __call__(self, crops: np.ndarray) -> np.ndarray:
        """Crops uint8 -> (n, size, size, channels) float32, or (n, channels, size, size)."""
        if not self.colour:
            crops = crops[..., None]
        if self.first:
            crops = np.moveaxis(crops, -1, 1)
        return crops.astype(np.float32) * ((self.high - self.low) / 255) + self.low


def pixels_of(subject: str, shape: Sequence[int | None], card: Card,
              usual: tuple[float, float] = (0, 1)) -> Pixels:
    """What a shape without the batch asks for; `usual` is the range where the card says none.  Raises
    `WeightsError` for what is no picture of a face."""
    first = len(shape) == 3 and shape[-1] not in (1, 3) and shape[0] in (1, 3)
    sides = (shape[1:] if first else shape[:2]) if len(shape) == 3 else ()
    channels = (shape[0] if first else shape[2]) if len(shape) == 3 else None
    known = {side for side in sides if side is not None}
    size = known.pop() if known else card.size
    if known or channels not in (1, 3) or size is None or not SIDES[0] <= size <= SIDES[1]:
        taken = " x ".join("?" if side is None else str(side) for side in shape)
        raise WeightsError(subject, f"takes inputs of {taken}, which are no square pictures, grey or RGB",
                           "give an image classifier; write size = 64 into its card if it leaves that open")
    return Pixels(size, int(channels), first, *(card.range or usual))
