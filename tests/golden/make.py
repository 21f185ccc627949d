"""Make `demo.json` again, after the weights or the demo have changed: python tests/golden/make.py"""

import json
from pathlib import Path

import emocli

HERE = Path(__file__).parent


def main() -> None:
    """Analyse the demo and write its rows."""
    timeline = emocli.analyze(HERE.parents[1] / "examples" / "demo.mp4")
    rows = json.loads(timeline.to_dataframe().to_json(orient="records"))
    (HERE / "demo.json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
