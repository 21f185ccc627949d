"""`python -m emocli`, and the command `emocli`."""

import os
import sys


def main() -> None:
    """Hear Ctrl-C from the beginning, then import and run the app."""
    try:
        open_closed_streams()
        from emocli.cli import interrupt

        interrupt.watch()
        from emocli.cli.app import main as run

        run()
    except KeyboardInterrupt:
        from emocli.cli.interrupt import leave

        leave()


def open_closed_streams() -> None:
    """Make up for standard streams that are closed, so that no file of ours gets their numbers: printing to
    standard output fails then, and errors go nowhere."""
    modes = {"stdin": os.O_RDONLY, "stdout": os.O_RDONLY, "stderr": os.O_WRONLY}
    for number, (name, mode) in enumerate(modes.items()):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8", closefd=False))


if __name__ == "__main__":
    main()
