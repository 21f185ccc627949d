"""The one family of errors; each says which file, what is wrong and what to do next.

EmocliError                  exit code
├── UsageError               2   options that contradict each other, an output that exists
├── InputError               3   a media file that cannot be read, a folder without any
│   └── DataError            3   training or evaluation data that cannot be read
├── OutputError              3   a folder or a disk that cannot be written
└── WeightsError             4   weights missing, damaged or not to be had
"""

from __future__ import annotations

from pathlib import Path

from emocli.plaintext import printable


class EmocliError(Exception):
    """Base of all.  `subject` is the file or thing, `cause` what is wrong, `step` what to do; without the
    control characters that a file name may hold."""

    exit_code = 1

    def __init__(self, subject: str | Path, cause: str, step: str) -> None:
        self.subject, self.cause, self.step = printable(subject), printable(cause), printable(step)
        super().__init__(f"{self.subject}: {self.cause}. {self.step[:1].upper()}{self.step[1:]}.")


class UsageError(EmocliError):
    """The call contradicts itself or would overwrite something."""

    exit_code = 2


class InputError(EmocliError):
    """An input cannot be read."""

    exit_code = 3


class DataError(InputError):
    """Training or evaluation data cannot be read."""


class OutputError(EmocliError):
    """A result cannot be written."""

    exit_code = 3


class WeightsError(EmocliError):
    """Weights are missing or damaged, or cannot be fetched."""

    exit_code = 4


def of_code(code: int, subject: str, cause: str, step: str) -> EmocliError:
    """The error that another process has ended with, by its exit code."""
    kinds = {kind.exit_code: kind for kind in (UsageError, InputError, WeightsError)}
    return kinds.get(code, EmocliError)(subject, cause, step)


#: Exit code when some inputs of several failed.
EXIT_SOME_FAILED = 5
#: Exit code after Ctrl-C.
EXIT_INTERRUPTED = 130
