"""Make the goldens again, after the weights or the demo have changed:

    PYTHONPATH=tests python tests/golden/make.py
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from golden.cases import CASES, run

HERE = Path(__file__).parent


def main() -> None:
    """Analyse every case and write its rows."""
    for name, (_, _, detector) in CASES.items():
        with TemporaryDirectory() as folder:
            timeline, rows = run(name, Path(folder))
        assert timeline.provenance["detector"] == detector, f"{name}: {timeline.provenance['detector']}"
        text = json.dumps(rows, indent=1, ensure_ascii=False) + "\n"
        (HERE / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
