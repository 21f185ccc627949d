"""Other people's labels as the seven classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emocli.adapters.labels import LabelMap, read_labels
from emocli.emotions import EMOTIONS, INDEX
from emocli.errors import UsageError, WeightsError


def test_scores_are_summed_and_what_is_unmapped_left_out() -> None:
    labels = LabelMap(("Happy", "love", "angry", "bored"), {"love": "happiness"}, {}, "x")
    (seven,) = labels.seven(np.array([[0.1, 0.2, 0.3, 0.4]]))
    assert seven.sum() == pytest.approx(1)
    assert seven[INDEX["happiness"]] == pytest.approx(0.5)
    assert seven[INDEX["anger"]] == pytest.approx(0.5)
    assert labels.unmapped == ("bored",)
    assert set(labels.missing) == set(EMOTIONS) - {"happiness", "anger"}


def test_nothing_said_and_no_numbers() -> None:
    labels = LabelMap(("happy", "bored"), {}, {}, "x")
    seven = labels.seven(np.array([[0, 1], [np.nan, 1], [0.5, np.nan], [0, 0]]))
    assert not seven[[0, 3]].any()
    assert np.isnan(seven[[1, 2]]).all()


def test_the_users_table_goes_first(tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_text('LABEL_0 = "fear"\nhappy = ""\n[voice]\nLABEL_0 = "anger"\n')
    table = read_labels(str(path), "voice")
    labels = LabelMap(("LABEL_0", "happy"), {}, table, "x")
    assert labels.unmapped == ("happy",)
    assert labels.seven(np.array([[0.5, 0.5]]))[0].argmax() == INDEX["anger"]
    assert read_labels(str(path), "face")["LABEL_0"] == "fear"


def test_labels_that_map_to_nothing() -> None:
    with pytest.raises(WeightsError, match=r"hf:x: none of its labels \(LABEL_0, LABEL_1\).*--labels"):
        LabelMap(("LABEL_0", "LABEL_1"), {}, {}, "hf:x")


@pytest.mark.parametrize("text", ['LABEL_0 = "rage"', "LABEL_0 = 3", "not toml"])
def test_a_bad_table(tmp_path: Path, text: str) -> None:
    path = tmp_path / "map.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"map\.toml"):
        read_labels(str(path), "face")
    with pytest.raises(UsageError, match="cannot be read"):
        read_labels(str(tmp_path / "none.toml"), "face")
