"""Make `terminal.svg`, the picture of a run in the README, from a real run on the demo.

    python docs/make_picture.py
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from rich.console import Console

import emocli
from emocli.cli import console
from emocli.outputs import formats

HERE = Path(__file__).parent


def main() -> None:
    """Analyse the demo and draw the summary as a terminal shows it."""
    video = HERE.parent / "examples" / "demo.mp4"
    screen = Console(record=True, width=96, force_terminal=True, color_system="truecolor", file=io.StringIO())
    screen.print("[bold green]$[/] emocli analyze examples/demo.mp4 -o out", highlight=False)
    timeline = emocli.analyze(video)
    with tempfile.TemporaryDirectory() as folder:
        formats.write(timeline, formats.targets(video, Path(folder), ["csv", "srt"]))
    console.summary(timeline, [Path("out/demo.emotions.csv"), Path("out/demo.emotions.srt")], screen)
    screen.save_svg(str(HERE / "terminal.svg"), title="emocli")


if __name__ == "__main__":
    main()
