"""Tiny models of other people's formats, made and saved by the real libraries."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import Future
from pathlib import Path

import numpy as np

from emocli.adapters import registry
from emocli.adapters.classifier import LoadOptions
from emocli.adapters.reference import parse
from emocli.emotions import INDEX
from emocli.face.network import FEATURES

KERAS = """
import os, sys
os.environ["KERAS_BACKEND"] = "torch"
import keras
from keras import layers
folder = sys.argv[1]
keras.utils.set_random_seed(3)

def save(name, *inner, shape=(32, 32, 3), outputs=3):
    model = keras.Sequential([keras.Input(shape), *inner, layers.Conv2D(4, 3, activation="relu"),
                              layers.GlobalAveragePooling2D(), layers.Dense(outputs, activation="softmax")])
    model.save(f"{folder}/{name}")

save("colour.keras", layers.Rescaling(1 / 255))
save("grey.h5", shape=(24, 24, 1), outputs=7)
save("wide.keras", shape=(24, 48, 1))
save("lambda.keras", layers.Lambda(lambda x: x * 2))
save("lambda.h5", layers.Lambda(lambda x: x * 2), outputs=7)
for name, shape, outputs in (("mean", (40, 1), 7), ("long", (40, 128, 1), 8), ("other", (33,), 7),
                             ("five", (40,), 5)):
    keras.Sequential([keras.Input(shape), layers.Flatten(), layers.Dense(outputs, "softmax")]
                     ).save(f"{folder}/{name}.keras")
"""


class AlwaysFear:
    """In place of the network of faces that ships."""

    views = ((48, False),)

    def classify(self, *crops: np.ndarray) -> Future[list[np.ndarray]]:
        done: Future[list[np.ndarray]] = Future()
        logits = np.where(np.arange(7) == INDEX["fear"], 20.0, 0.0)
        done.set_result([np.zeros((len(crops[0]), FEATURES)), np.tile(logits, (len(crops[0]), 1))])
        return done


def keras_files(folder: Path) -> Path:
    """Keras models, made in a process of their own.  Of faces: colour.keras (3 labels), grey.h5 (7),
    wide.keras, and lambda.keras and lambda.h5, which hold code; of sounds: mean.keras, long.keras,
    other.keras, five.keras."""
    subprocess.run([sys.executable, "-c", KERAS, folder], check=True, capture_output=True)
    (folder / "colour.keras.toml").write_text('labels = ["happy", "sad", "bored"]\nrange = [0, 255]\n')
    return folder


def load(text: str, modality: str, *, labels: str = "", **options: object) -> registry.Loaded:
    (reference,) = parse(text)
    return registry.load(reference, modality, LoadOptions(**options), labels=labels)  # type: ignore[arg-type]


def crops(count: int, size: int, *, colour: bool = False) -> np.ndarray:
    shape = (count, size, size, 3) if colour else (count, size, size)
    return np.random.default_rng(5).integers(0, 256, shape).astype(np.uint8)


def tokenizer(folder: Path) -> None:
    """A tokenizer of words for BERT."""
    from transformers import BertTokenizerFast

    words = "[PAD] [UNK] [CLS] [SEP] [MASK] i am so happy sad leave me alone".split()
    BertTokenizerFast(vocab={word: i for i, word in enumerate(words)}).save_pretrained(folder)


def bert(folder: Path, labels: list[str], *, several: bool = False, classifier: bool = True,
         width: int = 16) -> Path:
    """A tiny BERT, with a head for these labels or without one."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertModel

    torch.manual_seed(1)
    config = BertConfig(vocab_size=13, hidden_size=width, num_hidden_layers=1, num_attention_heads=2,
                        intermediate_size=16, max_position_embeddings=32, initializer_range=1.0,
                        id2label=dict(enumerate(labels)),
                        problem_type="multi_label_classification" if several else None)
    (BertForSequenceClassification if classifier else BertModel)(config).save_pretrained(folder)
    tokenizer(folder)
    return folder


def vit(folder: Path, labels: list[str]) -> Path:
    """A tiny vision transformer for pictures of 32 x 32."""
    import torch
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessorPil

    torch.manual_seed(2)
    config = ViTConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
                       image_size=32, patch_size=16, id2label=dict(enumerate(labels)))
    ViTForImageClassification(config).save_pretrained(folder)
    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder
