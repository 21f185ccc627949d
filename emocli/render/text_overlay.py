"""Text with emoji as sprites to lay over a video (Pillow)."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from emocli.errors import InputError

#: Where systems keep fonts.
FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts",
           "/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts", "C:/Windows/Fonts")
#: Fonts that hold colour emoji, and fonts that hold Latin letters and Hangul, the best first.
EMOJI = ("NotoColorEmoji.ttf", "Apple Color Emoji.ttc", "seguiemj.ttf")
TEXT = ("NotoSansCJK-Regular.ttc", "NotoSansKR-Regular.ttf", "NotoSansKR-Regular.otf", "NanumGothic.ttf",
        "AppleSDGothicNeo.ttc", "malgun.ttf", "NotoSans-Regular.ttf", "DejaVuSans.ttf", "Arial.ttf",
        "arial.ttf")
#: Bitmap emoji come in one size, px: Noto's and Apple's.
STRIKES = (109, 160, 137)


@cache
def _installed() -> dict[str, Path]:
    fonts: dict[str, Path] = {}
    for folder in map(Path, map(os.path.expanduser, FOLDERS)):
        for path in folder.rglob("*.[to]t[fc]") if folder.is_dir() else ():
            fonts.setdefault(path.name, path)
    return fonts


def _is_emoji(character: str) -> bool:
    return 0x1F300 <= ord(character) <= 0x1FAFF


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    run = ""
    for character in text:
        if run and _is_emoji(run[-1]) != _is_emoji(character):
            yield run, _is_emoji(run[-1])
            run = ""
        run += character
    if run:
        yield run, _is_emoji(run[-1])


@dataclass
class TextOverlay:
    """Draws text; `font` and `emoji_font` are files, or empty to look for known ones.

    `notes` names what is missing, with the next step.  Raises `InputError` for a file that is no font.
    """

    font: str = ""
    emoji_font: str = ""
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        installed = _installed()
        self._text = self.font or str(next((installed[n] for n in TEXT if n in installed), ""))
        self._emoji = self.emoji_font or str(next((installed[n] for n in EMOJI if n in installed), ""))
        self._sprites: dict[tuple[Any, ...], np.ndarray] = {}
        for path in filter(None, (self.font, self.emoji_font)):
            self._open(path, STRIKES if path == self.emoji_font else (20,))
        if not self._emoji:
            hint = ": apt install fonts-noto-color-emoji" if sys.platform.startswith("linux") else ""
            self.notes.append("emoji are left out: no font with colour emoji was found. Install Noto Color "
                              f"Emoji{hint}, or give --emoji-font")

    def _open(self, path: str, sizes: Iterable[int]) -> Any:
        from PIL import ImageFont

        for size in sizes:
            try:
                return ImageFont.truetype(path, size)
            except OSError as error:
                problem = error
        raise InputError(path, f"is no font that can be drawn with ({problem})",
                         "give a .ttf, .otf or .ttc file")

    def _letters(self, size: int, text: str) -> Any:
        from PIL import ImageFont

        if self._text:
            return self._open(self._text, (size,))
        if any(ord(c) > 0x24F and not _is_emoji(c) for c in text):
            note = ("letters beyond Latin cannot be drawn: no font was found. Install Noto Sans CJK or Nanum "
                    "Gothic, or give --font")
            if note not in self.notes:
                self.notes.append(note)
        return ImageFont.load_default(size)

    def sprite(self, lines: tuple[str, ...], size: int, *, back: tuple[int, int, int, int] = (0, 0, 0, 170),
               colour: tuple[int, int, int] = (255, 255, 255), centred: bool = False) -> np.ndarray:
        """Lines of text, letters `size` px high, on a field of colour `back`: (height, width, 4) uint8
        RGBA."""
        key = (lines, size, back, colour, centred)
        if key not in self._sprites:
            if len(self._sprites) > 2000:
                self._sprites.clear()
            self._sprites[key] = self._draw(*key)
        return self._sprites[key]

    def _draw(self, lines: tuple[str, ...], size: int, back: tuple[int, int, int, int],
              colour: tuple[int, int, int], centred: bool) -> np.ndarray:
        from PIL import Image, ImageDraw

        font = self._letters(size, "".join(lines))
        runs = [[(run, emoji) for run, emoji in _runs(line) if self._emoji or not emoji] for line in lines]
        widths = [sum(self._width(font, run, emoji, size) for run, emoji in line) for line in runs]
        step, edge = round(size * 1.3), round(size * 0.3)
        image = Image.new("RGBA", (max([*widths, 1]) + 2 * edge, step * len(lines) + edge), back)
        pen = ImageDraw.Draw(image)
        for number, (line, width) in enumerate(zip(runs, widths, strict=True)):
            x, y = (edge + (max(widths) - width) // 2 if centred else edge), edge // 2 + number * step
            for run, emoji in line:
                if emoji:
                    for character in run:
                        drawn = self._drawn_emoji(character, size)
                        image.alpha_composite(drawn, (x, y + (step - drawn.height) // 2))
                        x += drawn.width
                else:
                    pen.text((x, y + step // 2), run, font=font, fill=(*colour, 255), anchor="lm")
                    x += self._width(font, run, emoji, size)
        return np.asarray(image)

    def _width(self, font: Any, run: str, emoji: bool, size: int) -> int:
        return sum(self._drawn_emoji(c, size).width for c in run) if emoji else round(font.getlength(run))

    def _drawn_emoji(self, character: str, size: int) -> Any:
        from PIL import Image, ImageDraw

        font = self._open(self._emoji, STRIKES)
        left, top, right, bottom = map(int, font.getbbox(character))
        image = Image.new("RGBA", (max(1, right - left), max(1, bottom - top)))
        ImageDraw.Draw(image).text((-left, -top), character, font=font, embedded_color=True)
        high = round(size * 1.15)
        scaled = max(1, round(image.width * high / image.height)), high
        return image.resize(scaled, Image.Resampling.LANCZOS)


def alpha_blend(image: np.ndarray, sprite: np.ndarray, x: int, y: int) -> None:
    """Blend an RGBA sprite over a BGR frame, its corner at x, y; what lies outside is cut off."""
    left, top = max(0, x), max(0, y)
    right, bottom = min(image.shape[1], x + sprite.shape[1]), min(image.shape[0], y + sprite.shape[0])
    if left >= right or top >= bottom:
        return
    part = sprite[top - y:bottom - y, left - x:right - x]
    alpha = part[..., 3:].astype(np.uint16)
    under = image[top:bottom, left:right]
    under[:] = (under * (255 - alpha) + part[..., 2::-1] * alpha + 127) // 255
