"""Where the repository and the data folder lie."""

import os
from pathlib import Path

REPO = Path(__file__).parents[2]
SHARED = Path(os.environ.get("EMOCLI_SHARED", REPO.parent / "shared"))
