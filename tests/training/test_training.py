"""Metrics, corpora, the loop, and every training and evaluation on small data of the same layout."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import tarfile
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.media import tone

from emocli.emotions import EMOTIONS, index_of
from emocli.errors import DataError, WeightsError
from emocli.fusion.head import Fusion
from emocli.training import cache, corruptions, metrics
from emocli.training.corpora import faces, speech, texts
from emocli.training.recipe import read_recipe
from emocli.training.tasks import fusion, spectrogram

KEYS = {"n", "accuracy", "macro_f1", "weighted_f1", "ece", "ece_uncalibrated", "per_class",
        "reliability", "parameters", "bytes", "items_per_second"}


def test_ece_of_the_sure_and_wrong() -> None:
    sure = np.tile(np.eye(7)[0], (10, 1))
    assert metrics.expected_calibration_error(sure, np.zeros(10, int)) == 0
    assert metrics.expected_calibration_error(sure, np.ones(10, int)) == 1
    half = np.array([0] * 5 + [1] * 5)
    assert metrics.expected_calibration_error(sure, half) == pytest.approx(0.5)


def test_temperature_is_found_again() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(0, 1.5, (20000, 7))
    chances = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = np.array([random.choice(7, p=p) for p in chances])
    assert metrics.fit_temperature(3 * logits, labels) == pytest.approx(3, rel=0.05)
    cooler = np.exp(logits / 2) / np.exp(logits / 2).sum(1, keepdims=True)
    assert metrics.uncalibrated(cooler, 2.0) == pytest.approx(chances)
    for found in metrics.reliability(chances, labels):
        assert found["n"] < 200 or found["accuracy"] == pytest.approx(found["confidence"], abs=0.05)


def test_macro_f1_is_over_the_classes_that_are_there() -> None:
    found = metrics.summary(np.eye(7)[[0, 0, 5]], np.array([0, 0, 5]))
    assert found["macro_f1"] == 1
    assert list(found["per_class"]) == ["happiness", "anger"]


@pytest.mark.parametrize("kind", corruptions.PICTURES)
def test_pictures_are_spoilt(kind: str) -> None:
    faces_ = np.random.default_rng(0).integers(0, 255, (2, 48, 48)).astype(np.uint8)
    spoilt = corruptions.pictures(faces_, kind)
    assert spoilt.shape == faces_.shape
    assert spoilt.dtype == np.uint8
    assert not np.array_equal(spoilt, faces_)


@pytest.mark.parametrize("kind", corruptions.SOUNDS)
@pytest.mark.parametrize("db", [0.0, 10.0])
def test_noise_is_as_loud_as_said(kind: str, db: float) -> None:
    random = np.random.default_rng(0)
    speech_, others = tone(2, 200), [tone(1, f) for f in (300, 400, 500)]
    noise = corruptions.noisy(speech_, kind, db, random, others) - speech_
    assert 10 * np.log10(np.mean(speech_**2) / np.mean(noise**2)) == pytest.approx(db, abs=0.1)


@pytest.mark.parametrize(("corpus", "stem", "known"), [
    ("ravdess", "03-01-02-01-01-02-22", ("neutral", "ravdess22", "test")),
    ("ravdess_song", "03-02-06-01-01-02-19", ("fear", "ravdess19", "dev")),
    ("nemo", "WR0_surprised_7", ("surprised", "nemoWR0", "test")),
    ("emodb", "14a07Wc", ("anger", "emodb14", "dev")), ("emodb", "03a01Lc", None),
    ("tess", "YAF_bite_ps", ("ps", "tessY", "train")), ("tess", "OA_bite_neutral", ("neutral", "tessO", "train")),
    ("emogator", "000020_anger_03-2", ("anger", "emogator000020", "test"))])
def test_names_of_the_corpora(corpus: str, stem: str, known: tuple[str, str, str] | None) -> None:
    assert speech.describe(corpus, stem) == known


@pytest.mark.shared
def test_no_person_stands_on_two_sides(data: Path) -> None:
    sides: dict[str, set[str]] = {}
    for path in sorted((data / "speech").glob("*.tar")):
        with tarfile.open(path) as archive:
            for member in archive.getnames():
                known = speech.describe(path.stem, Path(member).stem) if member.endswith(".ogg") else None
                if known:
                    assert known[0] in EMOTIONS or index_of(known[0]) is not None
                    sides.setdefault(known[1], set()).add(known[2])
    assert len(sides) > 300
    assert all(len(s) == 1 for s in sides.values())


@pytest.mark.shared
def test_fer2013_counts(data: Path) -> None:
    private = faces.load(data, "private_test")
    assert len(private) == 3574
    assert int((private.majority >= 0).sum()) == 3350
    train, public = faces.load(data, "train"), faces.load(data, "public_test")
    assert int((faces.repeated(private, train) | faces.repeated(private, public)).sum()) == 314


def mosaic(path: Path, count: int, seed: int) -> None:
    """Faces whose level tells their class, as FER2013's files hold them."""
    import cv2

    random = np.random.default_rng(seed)
    labels = np.resize(np.arange(7), count)
    wide = int(np.ceil(np.sqrt(count)))
    sheet = np.zeros((wide * 48, wide * 48), np.uint8)
    for i, label in enumerate(labels):
        row, column = divmod(i, wide)
        sheet[row * 48:row * 48 + 48, column * 48:column * 48 + 48] = 30 * label + random.integers(0, 25, (48, 48))
    cv2.imwrite(str(path), sheet)
    votes = np.zeros((count, 10), np.uint8)
    order = [2, 0, 1, 6, 5, 4, 3]  # neutral, happiness, surprise, sadness, anger, disgust, fear
    votes[np.arange(count), [order.index(c) for c in labels]] = 10
    np.savez(path.with_suffix(".npz"), fer2013=labels.astype(np.uint8), ferplus_votes=votes)


def clip(label: int, seed: int) -> bytes:
    import soundfile

    random = np.random.default_rng(seed)
    body = io.BytesIO()
    soundfile.write(body, tone(0.8, 120 + 50 * label) + random.normal(0, 0.01, 12800).astype(np.float32), 16000,
                    format="OGG", subtype="VORBIS")
    return body.getvalue()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the project's layout and next to nothing in it."""
    root = tmp_path_factory.mktemp("data")
    for folder in ("faces", "speech", "text"):
        (root / folder).mkdir()
    for number, split in enumerate(faces.SPLITS):
        mosaic(root / "faces" / f"fer2013_{split}.png", 140 if split == "train" else 70, number)
    codes = {0: "03", 1: "08", 2: "01", 3: "06", 4: "07", 5: "05", 6: "04"}
    german = {0: "F", 2: "N", 3: "A", 4: "E", 5: "W", 6: "T"}
    for corpus in ("ravdess", "ravdess_song", "nemo", "emodb", "tess", "emogator"):
        with tarfile.open(root / "speech" / f"{corpus}.tar", "w") as archive:
            for person in range(5):
                for label in range(7):
                    if (corpus == "emodb" and label not in german) or (corpus == "nemo" and label == 4):
                        continue
                    actor = (1, 2, 19, 22, 20)[person]
                    name = {"nemo": f"{('AA0', 'BB0', 'IC0', 'WR0', 'CC0')[person]}_{EMOTIONS[label]}_{label}",
                            "emodb": f"{('03', '08', '14', '15', '09')[person]}a01{german.get(label)}a",
                            "emogator": f"{(12, 13, 11, 10, 14)[person]:04d}_{EMOTIONS[label]}_1",
                            "tess": f"{'OY'[person % 2]}AF_word{person}_{EMOTIONS[label]}",
                            }.get(corpus, f"03-01-{codes[label]}-01-01-01-{actor:02d}")
                    for take in "abc" if corpus == "ravdess" else "a":
                        payload = clip(label, person)
                        info = tarfile.TarInfo(f"{take}/{name}.ogg")
                        info.size = len(payload)
                        archive.addfile(info, io.BytesIO(payload))
    for name in ("goemotions_en", "goemotions_ko", "meld_en", "kote_ko_vote7"):
        for split in ("_train", "_dev", "_test") if name != "kote_ko_vote7" else ("",):
            rows = [f"{texts_of(name)[label]} {i}\t{EMOTIONS[label]}" for i in range(12) for label in range(7)]
            with gzip.open(root / "text" / f"{name}{split}.tsv.gz", "wt", encoding="utf-8") as out:
                out.write("\n".join(["text\tlabels", *rows]) + "\n")
    return root


def texts_of(name: str) -> list[str]:
    if "ko" in name:
        return ["행복해요", "놀라워요", "그래요", "무서워요", "역겨워요", "화나요", "슬퍼요"]
    return ["I am happy", "wow amazing", "the train", "I am afraid", "that is gross", "I am angry", "I am sad"]


def run(*args: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "emocli", *map(str, args)], capture_output=True, text=True,
                          timeout=280)


RECIPES = {
    "text": 'seed = 1\nbatch = 16\nwidth = 8\ndropout = 0.1\nkeep = 0.9\nbalance = 0.5\n'
            'heads = { en = 1.0, ko = 1.0 }\ncorpora = { en = ["goemotions_en", "train"], ko = ["goemotions_ko", '
            '"train"] }\nschedule = { epochs = 4, lr = 1e-2 }\n'
            'teacher = { seed = 1, folds = 2, seeds = 1, epochs = 2, share = 0.4, weights = { en = 0.7, ko = 0.3 } }\n',
    "voice": "seed = 1\nbatch = 8\nsteps = 6\nmembers = 4\nwide = 16\nview = 8\ndropout = 0.1\nmixup = 0.5\n"
             "main = 'ravdess'\nsmoothing = 0.05\nversions = [0.5, 0.1, 0.1, 0.3]\ncorpora = { ravdess = 3, "
             "nemo = 2, emodb = 1 }\nschedule = { epochs = 2, lr = 1e-3 }\n",
    "face": "seed = 1\nbatch = 20\nchannels = [8, 8, 16, 16]\nblocks = [1, 1, 1]\ndropout = 0.1\n"
            "[[stages]]\ncrop = 40\nheads = 1\nvotes_share = 0.5\naugment = 0.5\nmixup = 0.2\n"
            "schedule = { epochs = 1, lr = 1e-3 }\n"
            "[[stages]]\nbegin = [1.0]\ncrop = 48\nheads = 2\nvotes_share = 1.0\naugment = 0.5\nmixup = 0.0\n"
            "schedule = { epochs = 1, lr = 1e-3 }\n",
    "spectrogram": "seed = 1\nbackbone = 'tiny'\ncorpora = ['ravdess']\nside = 64\nmargin = 3\nbatch = 8\n"
                   "schedule = { epochs = 2, lr = 1e-3 }\n[backbones.tiny]\nmodel_type = 'convnext'\n"
                   "config = { hidden_sizes = [8, 8, 16, 16], depths = [1, 1, 1, 1] }\n",
    "fusion": "seed = 1\nmodalities = ['face', 'voice', 'text']\nvoice = 'voice'\nspeech = ['ravdess', 'nemo']\n"
              "batch = 32\nsteps = 3\nheld_speakers = ['ravdess20']\nheld_out = 0.4\nheld_triplets = 70\nkeep = 0.7\n"
              "hidden = 16\ndropout = 0.1\nschedule = { epochs = 2, lr = 1e-3 }\n",
}


@pytest.mark.slow
@pytest.mark.parametrize("task", ["text", "voice", "face", "fusion", "spectrogram"])
def test_training_writes_weights_and_curves(task: str, tiny: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPES[task])
    found = run("train", task, "--data", tiny, "-o", tmp_path / "run", "--recipe", recipe, "--threads", 1)
    assert found.returncode == 0, found.stderr
    assert "epoch   2/" in found.stdout or task == "face"
    ending = {"face": "keras", "spectrogram": "model/model.safetensors"}.get(task, "safetensors")
    assert (tmp_path / "run" / f"{task}.{ending}").is_file()
    assert list((tmp_path / "run" / "curves").iterdir())
    assert not list((tmp_path / "run").glob("*part*"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["convnext", "resnet", "vit", "efficientnet"])
def test_shipped_image_networks_fit_their_pictures(kind: str) -> None:
    recipe = read_recipe("spectrogram")
    reader = spectrogram.Reader(spectrogram.network(recipe["backbones"][kind]), (0.4, 0.2))
    assert reader.logits(np.zeros((2, recipe["side"], recipe["side"]), np.float32)).shape == (2, 7)


@pytest.mark.slow
def test_a_pretrained_image_network_begins_a_run(tiny: Path, tmp_path: Path) -> None:
    """A folder as `transformers` writes it, made for other classes."""
    from transformers import ConvNextConfig, ConvNextForImageClassification

    config = ConvNextConfig(hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], num_labels=9)
    whole = ConvNextForImageClassification(config)
    whole.save_pretrained(tmp_path / "pretrained")
    begun = spectrogram.network({"pretrained": str(tmp_path / "pretrained")})
    first, kept = (net.convnext.embeddings.patch_embeddings.weight for net in (begun, whole))
    assert torch.equal(first, kept)
    assert begun.classifier.weight.shape == (7, 16)
    with pytest.raises(WeightsError, match="nothing"):
        spectrogram.network({"pretrained": str(tmp_path / "nothing")})


def test_spectrograms_are_spoilt_in_part() -> None:
    images = torch.rand(16, 64, 64)
    found = spectrogram.augment(images, np.random.default_rng(0), 3)
    assert found.shape == images.shape
    black = (found == 0).float().mean((1, 2))
    assert 0.02 < black.mean() < 0.4
    rising = spectrogram.picture(chirp(), 64)
    assert rising.shape == (64, 64)
    assert np.diff(rising[:, 8:-8].argmax(0)).mean() < 0  # the row of the loudest band moves up


def chirp() -> np.ndarray:
    time = np.arange(32000) / 16000
    return np.sin(2 * np.pi * (200 * time + 400 * time**2)).astype(np.float32)


@pytest.mark.slow
def test_a_fusion_head_can_do_without_the_face(tiny: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPES["fusion"].replace("'face', ", "").replace("= 'voice'", "= 'voice-permissive'"))
    found = run("train", "fusion", "--data", tiny, "-o", tmp_path / "run", "--recipe", recipe, "--threads", 1)
    assert found.returncode == 0, found.stderr
    head = Fusion(tmp_path / "run" / "fusion.safetensors").head
    assert head.widths[0] == 1
    fitted = [head.temperatures[mask] != 1 for mask in (0b010, 0b100, 0b110)]  # voice, text, both
    assert all(fitted)
    assert head.temperatures[0b001] == 1


@pytest.mark.slow
def test_a_resumed_run_ends_like_an_unbroken_one(tiny: Path, tmp_path: Path) -> None:
    import tomllib

    from emocli.training.tasks import text

    whole = tomllib.loads(RECIPES["text"])
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    list(text.fit(tiny, whole, tmp_path / "one"))
    broken = text.fit(tiny, whole, tmp_path / "two")
    next(broken)
    next(broken)
    broken.close()
    (tmp_path / "two" / "checkpoint.pt.part").write_bytes(b"a write that was cut off")
    epochs = [e.number for e in text.fit(tiny, whole, tmp_path / "two")]
    assert epochs == [3, 4]
    one, two = ((tmp_path / n / "text.safetensors").read_bytes() for n in ("one", "two"))
    assert one == two


@pytest.mark.slow
def test_spectrograms_are_kept_and_a_broken_run_goes_on(tiny: Path, tmp_path: Path) -> None:
    def same(a: list[cache.Spectrum], b: list[cache.Spectrum]) -> bool:
        return len(a) == len(b) and all(
            np.array_equal(x.clean, y.clean) and np.array_equal(x.noisy, y.noisy)
            and (x.label, x.speaker, x.split) == (y.label, y.speaker, y.split) for x, y in zip(a, b, strict=True))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "PART", 20)
        fresh = cache.spectra(tiny, "ravdess", 1)
        assert same(fresh, cache.spectra(tiny, "ravdess", 1, tmp_path))
        parts = sorted(tmp_path.rglob("*.npz"))
        assert len(parts) == -(-len(fresh) // 20) > 2
        before = parts[0].stat().st_mtime_ns
        parts[1].unlink()
        parts[2].with_name("part").write_bytes(b"a write that was cut off")
        assert same(fresh, cache.spectra(tiny, "ravdess", 1, tmp_path))
        assert parts[0].stat().st_mtime_ns == before
        assert len({p.parent for p in parts}) == 1
        assert not same(fresh, cache.spectra(tiny, "ravdess", 2, tmp_path))  # another seed, another noise
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPES["voice"])
    assert run("data", "features", tiny, "-o", tmp_path / "kept", "--recipe", recipe).returncode == 0
    weights = []
    for name, more in (("one", []), ("two", ["--features", tmp_path / "kept"])):
        found = run("train", "voice", "--data", tiny, "-o", tmp_path / name, "--recipe", recipe, "--threads", 1, *more)
        assert found.returncode == 0, found.stderr
        weights.append((tmp_path / name / "voice.safetensors").read_bytes())
    assert weights[0] == weights[1]


@pytest.mark.slow
def test_spoilt_material_is_named(tiny: Path, tmp_path: Path) -> None:
    found = run("evaluate", "voice", "--data", tiny, "-o", tmp_path, "--corrupt", "babble", "--json")
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["set"] == "ravdess, babble"


@pytest.mark.slow
@pytest.mark.parametrize("modality", ["face", "voice", "text", "fusion"])
def test_evaluation_prints_one_json_object(modality: str, tiny: Path, tmp_path: Path) -> None:
    found = run("evaluate", modality, "--data", tiny, "-o", tmp_path, "--json")
    assert found.returncode == 0, found.stderr
    result = json.loads(found.stdout)
    assert set(result) >= KEYS
    assert result["items_per_second"] > 1
    assert 0 <= result["ece"] <= 1
    assert result["parameters"] > 1000
    assert (tmp_path / f"{modality}.confusion.png").stat().st_size > 5000
    assert (tmp_path / f"{modality}.reliability.png").stat().st_size > 5000
    assert json.loads((tmp_path / f"{modality}.json").read_text())["n"] == result["n"]


@pytest.mark.slow
def test_own_material(tmp_path: Path) -> None:
    """A folder a class with pictures or sound, and a TSV."""
    import cv2

    for name, label in (("happy", 0), ("Sadness", 6), ("notes", 0)):
        for kind in ("pictures", "sounds"):
            (tmp_path / kind / name).mkdir(parents=True)
        for i in range(3):
            cv2.imwrite(str(tmp_path / "pictures" / name / f"슬픔 {i}.png"),
                        np.random.default_rng(i).integers(0, 255, (90, 80, 3)))
            (tmp_path / "sounds" / name / f"ann_{i}.ogg").write_bytes(clip(label, i))
    (tmp_path / "a.tsv").write_text("text\tlabels\nI am so happy\tjoy\nI am so sad\tsadness\nhm\tboredom\n")
    for modality, path, n in (("face", "pictures", 6), ("voice", "sounds", 6), ("text", "a.tsv", 2)):
        found = run("evaluate", modality, "--data", tmp_path / path, "-o", tmp_path / "out", "--json")
        assert found.returncode == 0, found.stderr
        assert json.loads(found.stdout)["n"] == n
    table = run("evaluate", "text", "--data", tmp_path / "a.tsv", "-o", tmp_path / "out")
    assert "macro-F1" in table.stdout


@pytest.mark.parametrize(("content", "cause"), [("", "no rows"), ("a\tb\n1\t2\n", "columns text and labels"),
                                                ("text\tlabels\nhi\tboredom\n", "no row has a label")])
def test_bad_tables(tmp_path: Path, content: str, cause: str) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(content)
    with pytest.raises(DataError, match=cause):
        texts.read(path)


def test_a_voice_is_learnt_or_held_but_not_both() -> None:
    pool = fusion.Predictions(np.zeros((70, 2)), np.full((70, 7), 1 / 7), np.resize(np.arange(7), 70))
    voices = replace(pool, speakers=np.repeat(["ravdess19", "ravdess20"], 35))
    random = np.random.default_rng(0)
    learnt, held = fusion.split_pool(voices, 0.3, random, ["ravdess20"])
    assert learnt.speakers is not None
    assert held.speakers is not None
    assert set(learnt.speakers) == {"ravdess19"}
    assert set(held.speakers) == {"ravdess20"}
    assert [len(part) for part in fusion.split_pool(pool, 0.3, random, ["ravdess20"])] == [49, 21]


def test_triplets_share_their_label() -> None:
    random = np.random.default_rng(0)
    labels = np.resize(np.arange(7), 70)
    pool = fusion.Predictions(np.zeros((70, 2)), np.full((70, 7), 1 / 7), labels)
    where, drawn = fusion.triplets({"face": pool, "voice": pool}, 140, random)
    assert np.bincount(drawn).tolist() == [20] * 7
    assert all((labels[w] == drawn).all() for w in where.values())


def test_teachers_want_translations(tmp_path: Path) -> None:
    """Rows that are no translations of each other cannot teach each other; those that are, do."""
    from emocli.training.tasks.text import Material

    (tmp_path / "text").mkdir()
    def put(name: str, rows: list[str]) -> None:
        with gzip.open(tmp_path / "text" / f"{name}.tsv.gz", "wt", encoding="utf-8") as out:
            out.write("\n".join(["text\tlabels", *rows]) + "\n")

    rows = [f"{texts_of(lang)[label]}\t{EMOTIONS[label]}" for _ in range(12) for label in range(7) for lang in ["en"]]
    for name in ("goemotions_en", "goemotions_ko"):
        for split in ("train", "dev"):
            put(f"{name}_{split}", rows)
    recipe = tomllib.loads(RECIPES["text"])
    material = Material(tmp_path, recipe)
    taught = material.taught(recipe["teacher"], tmp_path / "teacher.npy")
    for lang in ("en", "ko"):
        assert taught[lang].sum(1) == pytest.approx(1, abs=1e-4)
        assert (taught[lang].argmax(1) == material.targets[lang].argmax(1)).mean() > 0.9
        assert np.abs(taught[lang] - material.targets[lang]).max() > 0.05
    again = material.taught(recipe["teacher"] | {"folds": 0}, tmp_path / "teacher.npy")  # from the file
    assert np.array_equal(again["en"], taught["en"])
    put("goemotions_ko_train", rows[1:] + rows[:1])
    with pytest.raises(DataError, match="no translations"):
        Material(tmp_path, recipe).taught(recipe["teacher"], tmp_path / "other.npy")
