"""Items made in a thread before they are asked for."""

import threading
from collections.abc import Iterator
from itertools import islice

import pytest

from emocli.media.prefetch import Prefetch


def test_prefetch_keeps_order_passes_errors_on_and_stops() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for i in range(1000):
            made.append(i)
            yield i
        raise ValueError("the end is broken")

    assert list(islice(Prefetch(items(), 4), 50)) == list(range(50))
    assert len(made) < 60
    with pytest.raises(ValueError, match="the end is broken"):
        list(Prefetch(items(), 4))
    assert not [t for t in threading.enumerate() if t.name == "emocli-prefetch"]
