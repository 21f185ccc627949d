"""What commands need the training extra for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from emocli.errors import UsageError


@contextmanager
def optional_dependency(command: str) -> Iterator[None]:
    """Say which package is missing, and how to get it, where `command` finds one missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise UsageError(command, f"the package {error.name} is missing",
                         'install the training extra: pip install "emocli[train]"') from error
