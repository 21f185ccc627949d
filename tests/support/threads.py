"""How many threads numerical libraries start; they look when they are loaded."""

from __future__ import annotations

import os

NAMES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS",
         "TF_NUM_INTEROP_THREADS")


def only_one() -> None:
    """For tests that run beside others: more threads than cores wait for one another, busily."""
    for name in NAMES:
        os.environ.setdefault(name, "1")


def as_many_as_usual() -> dict[str, str]:
    """The environment of a program that takes minutes."""
    return {name: value for name, value in os.environ.items() if name not in NAMES}
