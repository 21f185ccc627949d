"""What reading costs, measured in a process of its own."""

from pathlib import Path

import pytest

from emocli.errors import EmocliError
from emocli.training import throughput


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("modality", ["face", "voice", "text", "fusion"])
def test_items_a_second(modality: str, tiny: Path) -> None:
    figures = throughput.measure(modality, tiny)
    assert figures["items_per_second"] > 1
    if modality == "voice":
        modes = figures["modes"]
        assert set(modes) == {"accurate", "fast", "cascade"}
        assert modes["fast"]["bytes"] < modes["accurate"]["bytes"] < modes["cascade"]["bytes"]


@pytest.mark.slow
def test_a_measurement_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(EmocliError, match=r"ended with 1: .*goemotions_en_dev"):
        throughput.measure("text", tmp_path)


@pytest.mark.parametrize(("name", "least"), [("face", 1_000_000), ("voice", 500_000), ("text-en", 4_000_000)])
def test_parameters_are_counted_in_the_file(name: str, least: int) -> None:
    assert least < throughput.parameters(name) < 10 * least
