"""Finding out what training data there is, and bringing it into shape."""

import gzip
import io
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.media import even, tone, write

from emocli.emotions import EMOTIONS
from emocli.errors import DataError
from emocli.training.corpora import aihub, faces, speech, texts
from emocli.training.corpora.survey import survey


def run(*args: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "emocli", *map(str, args)], capture_output=True, text=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """AI Hub 259's layout: actors in folders of ten, pictures beside the videos, numbers missing."""
    root = tmp_path / "259"
    quiet = 1e-4 * tone(0.5)
    for actor, numbers, ending in ((0, (1, 51, 350), "mp4"), (1, (101,), "mp4"), (12, (151, 251), "m2ts")):
        low = actor // 10 * 10
        folder = root / f"{low}~{low + 9}" / f"{actor:03d}" / "movie"
        folder.mkdir(parents=True)
        (folder.parent / "picture").mkdir()
        (folder.parent / "picture" / "0001.png").write_bytes(b"no video")
        for number in numbers:
            sound = np.concatenate([quiet, tone(1.0, 200 + number), quiet])
            write(folder / f"{number:04d}.{ending}", even(2.0), sound=sound)
    return root


def test_numbers_tell_the_class_and_folders_the_actor(tree: Path) -> None:
    found = aihub.videos(tree)
    assert [(v.actor, v.number, v.label, v.split) for v in found] == [
        (0, 1, 0, "test"), (0, 51, 1, "test"), (0, 350, 6, "test"), (1, 101, 2, "dev"), (12, 151, 3, "train"),
        (12, 251, 5, "train")]
    lacking = aihub.missing(found)
    assert len(lacking[0]) == 347
    assert 2 in lacking[0]
    assert 51 not in lacking[0]


def test_flattening_cuts_the_ends_and_goes_on_where_it_stopped(tree: Path, tmp_path: Path) -> None:
    (tree / "10~19" / "012" / "movie" / "0252.m2ts").write_bytes(b"broken")
    out, failures = tmp_path / "wav", []
    written = dict(aihub.flatten(tree, out, failures.append))
    assert sorted(str(p.relative_to(out)) for p in written.values()) == [
        "anger/12_0251.wav", "fear/12_0151.wav", "happiness/0_0001.wav", "neutral/1_0101.wav",
        "sadness/0_0350.wav", "surprise/0_0051.wav"]
    assert [Path(f.subject).name for f in failures] == ["0252.m2ts"]
    samples, rate = soundfile.read(out / "anger" / "12_0251.wav")
    assert rate == 16000
    assert len(samples) / rate == pytest.approx(1.0, abs=0.1)
    kept = (out / "anger" / "12_0251.wav").stat().st_mtime_ns
    (out / "fear" / "12_0151.wav").unlink()
    again = run("data", "flatten", tree, "-o", out)
    assert again.returncode == 0
    assert "6 files" in again.stdout
    assert "1 videos could not be read" in again.stdout
    assert (out / "anger" / "12_0251.wav").stat().st_mtime_ns == kept
    assert not list(out.rglob("*.part"))
    (checked,) = survey(out)
    assert (checked.items, checked.persons["12"], checked.remarks) == (6, 2, ["no disgust"])


def test_survey_of_the_videos(tree: Path) -> None:
    train, dev, test = survey(tree)
    assert (train.items, dev.items, test.items) == (2, 1, 3)
    assert train.persons == {"actor 12": 2}
    assert "348 numbers are missing" in train.remarks


def test_survey_of_a_data_folder(tmp_path: Path) -> None:
    (tmp_path / "speech").mkdir()
    (tmp_path / "text").mkdir()
    with tarfile.open(tmp_path / "speech" / "emodb.tar", "w") as archive:
        for name in (*(f"03a0{i}Wc.ogg" for i in range(8)), "08a01Fb.ogg", "15a01Wa.ogg", "03a01Lc.ogg"):
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    with gzip.open(tmp_path / "text" / "kote_ko_vote7.tsv.gz", "wt", encoding="utf-8") as lines:
        lines.write('text\tlabels\n"따옴표\thappiness,surprise\n슬퍼\tsadness\n')
    found = {one.name: one for one in survey(tmp_path)}
    assert (found["emodb train"].items, found["emodb test"].items) == (9, 1)
    assert found["emodb train"].persons == {"emodb03": 8, "emodb08": 1}
    assert "little of emodb08" in found["emodb train"].remarks
    assert found["kote_ko_vote7"].items == 2  # a lonely quotation mark swallows no row
    assert found["kote_ko_vote7"].classes.total() == 3
    assert "no such archive" in found["nemo"].remarks[0]
    printed = run("data", "check", tmp_path)
    assert printed.returncode == 0
    assert "emodb train" in printed.stdout


def test_unknown_folders(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    with pytest.raises(DataError, match="nothing that emocli knows"):
        survey(tmp_path)
    found = run("data", "check", tmp_path / "absent")
    assert (found.returncode, "no such folder" in found.stderr) == (3, True)
    found = run("data", "flatten", tmp_path, "-o", tmp_path / "out")
    assert (found.returncode, "AI Hub 259" in found.stderr) == (3, True)


def test_corpora_without_splits_are_parted_by_hash(tmp_path: Path) -> None:
    (tmp_path / "text").mkdir()
    rows = [f"문장 {i}" for i in range(500)]
    with gzip.open(tmp_path / "text" / "kote_ko_vote7.tsv.gz", "wt", encoding="utf-8") as lines:
        lines.write("text\tlabels\n" + "".join(f"{row}\tanger\n" for row in rows))
    train, test, whole = (set(texts.load(tmp_path, "kote_ko_vote7", s).texts) for s in ("train", "test", None))
    assert not train & test
    assert train | test == whole == set(rows)
    assert 70 < len(test) < 130


#: A corpus, what three of its files are called as published, and class, speaker and split of each.
PUBLISHED = [
    ("ravdess", ["Actor_01/03-01-06-01-02-01-01.wav", "Actor_22/03-01-02-01-02-01-22.wav"],
     [("fear", "ravdess01", "train"), ("neutral", "ravdess22", "test")]),
    ("ravdess_song", ["Actor_19/03-02-04-01-02-01-19.wav"], [("sadness", "ravdess19", "dev")]),
    ("crema_d", ["AudioWAV/1001_DFA_ANG_XX.wav", "AudioWAV/1020_IEO_HAP_HI.wav"],
     [("anger", "crema_d1001", "dev"), ("happiness", "crema_d1020", "test")]),
    ("tess", ["OAF_angry/OAF_back_angry.wav", "YAF_pleasant_surprised/YAF_back_ps.wav"],
     [("anger", "tessO", "train"), ("surprise", "tessY", "train")]),
    ("emodb", ["wav/03a01Fa.wav", "wav/15b09La.wav", "wav/16a02Ea.wav"],
     [("happiness", "emodb03", "train"), ("disgust", "emodb16", "test")]),
    ("nemo", ["samples/AO0_fear_12.wav", "samples/WR0_neutral_3.wav"],
     [("fear", "nemoAO0", "train"), ("neutral", "nemoWR0", "test")]),
    ("emogator", ["mp3/000010-24-1.wav", "mp3/000012-01-1.wav", "mp3/000012-28-3.wav"],
     [("sadness", "emogator000010", "test"), ("surprise", "emogator000012", "train")]),
]


@pytest.mark.parametrize(("corpus", "files", "known"), PUBLISHED, ids=[p[0] for p in PUBLISHED])
def test_speech_as_published(corpus: str, files: list[str], known: list[tuple[str, str, str]], tmp_path: Path) -> None:
    for place in (tmp_path / "alone", tmp_path / "data" / "speech" / corpus):
        for name in files:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(place / name, tone(0.5), 16000)
    assert speech.recognise(tmp_path / "alone") == corpus
    for root in (tmp_path / "alone", tmp_path / "data"):
        found = list(speech.read(root, corpus))
        assert [(EMOTIONS[c.label], c.speaker, c.split) for c in found] == known
        assert all(len(c.samples) == 8000 for c in found)
        listed = {one.name: one for one in survey(root)}
        assert sum(listed[f"{corpus} {split}"].items for split in {k[2] for k in known}) == len(known)


TABLES = [
    ("train.tsv", "That is great\t0,17\teda6yn6\nWhat?\t6\teez1\nFine.\t27\tx\nUgh, no\t10,3,11\ty\n",
     [{"happiness"}, {"surprise"}, {"neutral"}, {"anger", "disgust"}]),
    ("val.tsv", "39087\t내가 톰행크스를 좋아했나\t2,13,39\n1\t글쎄\t24\n2\t무섭고 불안\t18,41,5\n3\t기대\t12\n",
     [{"happiness"}, {"neutral"}, {"fear"}]),
    ("en-annotated.tsv", "Run!\t4, 7\nTrust me\t8\nGod damn it\t1\n", [{"fear", "surprise"}, {"anger"}]),
    ("neu_en.txt", "The door .\nIt is noon .\n", [{"neutral"}, {"neutral"}]),
    ("dev_sent_emo.csv", 'Sr No.,Utterance,Speaker,Emotion,Sentiment\n1,"Oh, my God!",Ross,surprise,negative\n'
                         "2,Hi,Joey,joy,positive\n", [{"surprise"}, {"happiness"}]),
]


@pytest.mark.parametrize(("name", "content", "classes"), TABLES, ids=[t[0] for t in TABLES])
def test_sentences_as_published(name: str, content: str, classes: list[set[str]], tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    found = texts.read(tmp_path / name)
    assert [{EMOTIONS[c] for c in np.flatnonzero(t)} for t in found.targets] == classes
    assert found.targets.sum(1) == pytest.approx(1)
    assert [(one.name, one.items) for one in survey(tmp_path)] == [(name, len(classes))]


def test_fer2013_as_published(tmp_path: Path) -> None:
    """The competition's CSV alone, and with the voters' beside it, which leaves a picture out."""
    usages = ("Training", "Training", "PublicTest", "PrivateTest", "Training")
    rows = list(zip((0, 3, 6, 4, 3), (10, 20, 30, 40, 50), usages, strict=True))
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n" + "".join(
        f"{label},{' '.join([str(grey)] * 48 * 48)},{usage}\n" for label, grey, usage in rows))
    alone = faces.load(tmp_path, "train")
    assert [EMOTIONS[c] for c in alone.labels] == ["anger", "happiness", "happiness"]
    assert alone.images[:, 0, 0].tolist() == [10, 20, 50]
    assert (alone.majority == alone.labels).all()
    names = ("a.png", "b.png", "c.png", "d.png", "")
    votes = [f"{usage},{name},{counts}" for usage, name, counts in zip(usages, names, (
        "4,0,0,0,6,0,0,0,0,0", "0,9,1,0,0,0,0,0,0,0", "9,0,0,0,0,0,0,0,1,0", "0,0,0,5,5,0,0,0,0,0",
        "0,0,0,0,0,0,0,0,0,10"), strict=True)]
    header = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    (tmp_path / "fer2013new.csv").write_text("\n".join([header, *votes]) + "\n")
    voted = faces.load(tmp_path, "train")
    assert len(voted) == 2
    assert voted.votes[0] == pytest.approx([0, 0, 0.4, 0, 0, 0.6, 0])
    assert faces.load(tmp_path, "private_test").majority.tolist() == [-1]
    assert [one.items for one in survey(tmp_path)] == [2, 1, 1]
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n9,1 2 3,Training\n")
    with pytest.raises(DataError, match="not FER2013's table"):
        faces.load(tmp_path, "train")
