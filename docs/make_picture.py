"""Make the pictures of README and documentation that need no browser from a real run on the first example:
`terminal.svg` and `annotated.jpg`.

    python docs/make_picture.py
"""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

import emocli
from emocli.cli import console
from emocli.media.probe import probe
from emocli.media.thumbnails import thumbnails
from emocli.render.annotate import Drawing, annotate
from emocli.storage import scratch
from emocli.timeline.types import Timeline

HERE = Path(__file__).parent
#: The moment that the annotated picture shows, s: she laughs, and the voice-over speaks.
MOMENT = 16.0


def terminal(timeline: Timeline) -> None:
    """The summary as a terminal shows it."""
    screen = Console(record=True, width=96, force_terminal=True, color_system="truecolor", file=io.StringIO())
    screen.print("[bold green]$[/] emocli analyze examples/tears.mp4 -o out --report", highlight=False)
    console.summary(timeline, [Path(f"out/tears.emotions.{kind}") for kind in ("csv", "srt", "html")], screen)
    screen.save_svg(str(HERE / "terminal.svg"), title="emocli")


def annotated(timeline: Timeline, folder: Path) -> None:
    """A picture of the annotated video."""
    annotate(timeline, folder / "annotated.mp4", Drawing(), seconds=MOMENT + 1)
    ((jpeg, *_),) = filter(None, thumbnails(probe(folder / "annotated.mp4"), [MOMENT], 640))
    (HERE / "annotated.jpg").write_bytes(jpeg)


def main() -> None:
    """Analyse the example and draw both."""
    timeline = emocli.analyze(HERE.parent / "examples" / "tears.mp4")
    with scratch() as folder:
        terminal(timeline)
        annotated(timeline, folder)


if __name__ == "__main__":
    main()
