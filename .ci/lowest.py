"""Print pip constraints that hold every direct dependency at the lowest version pyproject.toml allows.

    python .ci/lowest.py EXTRA... > lowest.txt && pip install -c lowest.txt ".[EXTRA,...]"

PyTorch is left to pip: its old releases bring gigabytes of CUDA.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path


def main() -> None:
    """Resolve with uv, and keep the lines of the project's own requirements."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(one for extra in sys.argv[1:] for one in optional[extra])]
    direct = {re.match(r"[\w.-]+", requirement)[0].lower() for requirement in wanted} - {"torch"}
    extras = [argument for extra in sys.argv[1:] for argument in ("--extra", extra)]
    resolved = subprocess.run(
        [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--resolution", "lowest-direct",
         "--no-annotate", "--no-header", "pyproject.toml", *extras],
        check=True, capture_output=True, text=True).stdout
    pins = (line for line in resolved.splitlines() if re.match(r"[\w.-]+", line)[0].lower() in direct)
    print("\n".join(pins))


if __name__ == "__main__":
    main()
