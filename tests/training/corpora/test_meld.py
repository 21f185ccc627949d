"""MELD's test rows, and the scenes of the same series that are learnt."""

import gzip
from pathlib import Path

from emocli.training.corpora import meld

TEST = ["We are so very happy that you came here tonight!", "No.", "I never liked the taste of that coffee."]


def write(data: Path, name: str, rows: list[str]) -> None:
    (data / "text").mkdir(exist_ok=True)
    with gzip.open(data / "text" / f"{name}.tsv.gz", "wt") as file:
        file.write("text\tlabels\n" + "".join(f"{row}\thappiness\n" for row in rows))


def test_what_is_learnt_is_not_tested(tmp_path: Path) -> None:
    write(tmp_path, "meld_en_test", TEST)
    assert meld.load(tmp_path).texts == TEST
    write(tmp_path, "emorynlp_en_train", [
        "no", "Well, we are so VERY happy, that you came here tonight.",
        "I never liked the taste of that coffee"])
    assert meld.other_scenes(tmp_path).texts == ["Well, we are so VERY happy, that you came here tonight."]
    assert meld.load(tmp_path).texts == TEST[1:]
    assert len(meld.load(tmp_path).targets) == 2
