"""States of runs that know what they were made from."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from emocli.errors import DataError, UsageError
from emocli.training.checkpoint import Checkpoint, fingerprint, origin

LABELS = np.array([0, 1, 1])
RECIPE = {"seed": 1, "batch": 8, "schedule": {"epochs": 2, "lr": 0.1}}


def test_a_state_comes_back(tmp_path: Path) -> None:
    kept = Checkpoint(tmp_path / "run" / "checkpoint.pt", origin("text", RECIPE, LABELS))
    assert kept.load() is None
    kept.save({"weight": torch.ones(2), "epoch": 3})
    assert torch.equal(kept.load()["weight"], torch.ones(2))
    assert [path.name for path in kept.path.parent.iterdir()] == ["checkpoint.pt"]


@pytest.mark.parametrize(("other", "named"), [
    (origin("voice", RECIPE, LABELS), "another task$"),
    (origin("text", RECIPE | {"batch": 9}, LABELS), "another recipe$"),
    (origin("text", RECIPE | {"schedule": {"epochs": 3, "lr": 0.1}}, LABELS), "another recipe$"),
    (origin("text", RECIPE | {"seed": 2}, LABELS), "another seed$"),
    (origin("text", RECIPE, LABELS[::-1]), "another data$"),
    (origin("text", RECIPE | {"seed": 2}, LABELS[1:]), "another seed and another data$")])
def test_another_origin_is_refused(other: object, named: str, tmp_path: Path) -> None:
    kept = Checkpoint(tmp_path / "checkpoint.pt", origin("text", RECIPE, LABELS))
    kept.save({"epoch": 1})
    with pytest.raises(UsageError) as caught:
        replace(kept, origin=other).load()
    assert caught.value.subject == str(kept.path)
    assert re.search(named, caught.value.cause)
    assert "another folder with -o" in caught.value.step
    assert "remove the file" in caught.value.step
    assert kept.load() == {"epoch": 1}  # and is left as it was


def test_files_of_something_else_are_refused(tmp_path: Path) -> None:
    kept = Checkpoint(tmp_path / "checkpoint.pt", origin("text", RECIPE, LABELS))
    torch.save({"model": {}, "epoch": 4}, kept.path)  # as versions before this one wrote it
    with pytest.raises(UsageError, match="another task"):
        kept.load()
    kept.path.write_bytes(kept.path.read_bytes()[:100])
    with pytest.raises(DataError, match="no checkpoint that can be read"):
        kept.load()


def test_fingerprints_go_by_content() -> None:
    assert fingerprint({"a": 1, "b": [2]}, LABELS) == fingerprint({"b": [2], "a": 1}, LABELS.copy())
    different = {fingerprint(*parts) for parts in (
        (["ab", "c"],), (["a", "bc"],), ("ab", "c"), ("abc",), (LABELS,), (LABELS.astype(np.float64),),
        (LABELS[None],), (LABELS.tolist(),), ({"한": 1},))}
    assert len(different) == 9
