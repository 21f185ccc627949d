"""Text with emoji over frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emocli.errors import InputError
from emocli.render import text_overlay
from emocli.render.text_overlay import TextOverlay, alpha_blend


def test_text_overlay_with_and_without_fonts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(text_overlay, "_installed", dict)
    plain = TextOverlay()
    sprite = plain.sprite(("sad 😢",), 20)
    assert sprite.shape[2] == 4
    assert sprite[..., :3].max() == 255
    assert any("--emoji-font" in note for note in plain.notes)
    plain.sprite(("슬픔",), 20)
    assert any("--font" in note for note in plain.notes)
    (tmp_path / "a.ttf").write_bytes(b"no font")
    with pytest.raises(InputError, match="is no font"):
        TextOverlay(font=str(tmp_path / "a.ttf"))


def test_emoji_are_drawn_in_colour() -> None:
    overlay = TextOverlay()
    if overlay.notes:
        pytest.skip("wants a font with colour emoji (apt install fonts-noto-color-emoji)")
    sprite = overlay.sprite(("😊",), 40, back=(0, 0, 0, 0)).astype(int)
    assert (np.abs(sprite[..., 0] - sprite[..., 2])[sprite[..., 3] > 200] > 80).mean() > 0.5  # yellow


def test_laying_over_an_edge() -> None:
    image = np.zeros((10, 10, 3), np.uint8)
    sprite = np.full((4, 4, 4), 255, np.uint8)
    for x, y in ((-2, -2), (8, 8), (20, 0), (0, -9)):
        alpha_blend(image, sprite, x, y)
    assert int((image[..., 0] > 0).sum()) == 8
    sprite[..., :] = (200, 100, 0, 128)
    alpha_blend(image, sprite, 4, 4)
    assert image[5, 5].tolist() == pytest.approx([0, 50, 100], abs=1)  # RGB over BGR
