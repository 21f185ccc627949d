"""Keep the models loaded for many videos, and look at the results with pandas.

    python examples/many_videos.py examples/demo.mp4 [MORE...]
"""

from __future__ import annotations

import sys

import emocli
from emocli.errors import InputError


def main(paths: list[str]) -> None:
    """Print the surest row of each video and the share of time of each emotion; name what cannot be read."""
    with emocli.Analyzer(emocli.AnalyzeOptions(face_fps=5)) as analyzer:
        for path in paths:
            try:
                timeline = analyzer.analyze(path)
            except InputError as error:
                print(error, file=sys.stderr)
                continue
            frame = timeline.to_dataframe()
            surest = frame.loc[frame["confidence"].idxmax()]
            print(f"{path}: {surest['emotion']} {surest['confidence']:.0%} at {surest['start']:.1f} s")
            print({name: round(share, 2) for name, share in timeline.shares().items() if share})


if __name__ == "__main__":
    main(sys.argv[1:])
