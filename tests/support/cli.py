"""The command line as a user calls it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def emocli(*args: str | Path, cwd: Path | None = None,
           **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `emocli` in a process of its own, in the folder `cwd`."""
    return subprocess.run([sys.executable, "-m", "emocli", *map(str, args)], capture_output=True, text=True,
                          cwd=cwd,
                          env=os.environ | environment, timeout=240)
