"""The first blocks of Whisper's encoder: as Whisper has them, and each sound heard as if it were alone."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from support.media import tone

from emocli.encoders.whisper_encoder import (
    BLOCKS,
    FEATURES,
    LONGEST,
    SAMPLE_RATE,
    WIDTH,
    Ear,
    level,
    load,
    pack,
    sinusoids,
)
from emocli.weights import resolve

pytestmark = pytest.mark.slow
WHISPER = Path(os.environ.get("EMOCLI_WHISPER", "whisper")) / "whisper" / "base.pt"


def chirp(seconds: float, seed: int = 0) -> np.ndarray:
    """A tone in noise."""
    random = np.random.default_rng(seed)
    sound = tone(seconds, 150 + 40 * seed) + 0.02 * random.standard_normal(round(seconds * SAMPLE_RATE))
    return np.asarray(sound, np.float32)


@pytest.fixture(scope="module")
def ear() -> Ear:
    return load(resolve("whisper-encoder"))


def test_the_log_mel_is_whispers(ear: Ear) -> None:
    from whisper.audio import log_mel_spectrogram

    sound = chirp(1.3)
    own, theirs = ear.log_mel(torch.from_numpy(sound)), log_mel_spectrogram(sound)
    assert own.shape == theirs.shape
    assert own.numpy() == pytest.approx(theirs.numpy(), abs=1e-5)


def test_the_positions_are_whispers() -> None:
    from whisper.model import sinusoids as theirs

    assert sinusoids(400, WIDTH).numpy() == pytest.approx(theirs(400, WIDTH).numpy(), abs=1e-5)


def test_the_states_are_those_of_whispers_encoder() -> None:
    from whisper.model import AudioEncoder

    torch.manual_seed(0)
    theirs, sound = AudioEncoder(80, 1500, WIDTH, 8, BLOCKS).eval(), chirp(2)
    filters = torch.rand(80, 201)
    ear = Ear()
    ear.load_state_dict({name: theirs.state_dict().get(name, filters) for name in ear.state_dict()})
    mel = ear.log_mel(torch.from_numpy(sound))
    theirs.positional_embedding = theirs.positional_embedding[:mel.shape[1] // 2]
    with torch.no_grad():
        states, _ = ear.eval().states([mel])
        expected = theirs(mel[None])
        assert theirs.ln_post(states[-1]).numpy() == pytest.approx(expected.numpy(), abs=1e-4)


def test_packing_costs_little() -> None:
    torch.manual_seed(0)
    plain = Ear()
    packed = pack(plain.state_dict(), plain.mel)
    assert {packed[f"conv{i}.weight"].dtype for i in (1, 2)} == {torch.int8}
    for name, weight in plain.state_dict().items():
        restored = packed[name].float() * packed.get(name + ".scale", 1.0)
        assert float((restored - weight).abs().max()) <= float(weight.abs().max()) / 127


def test_each_sound_is_heard_as_if_alone(ear: Ear) -> None:
    sounds = [chirp(seconds, seed) for seed, seconds in enumerate((1.0, 1.13, 0.4, 2.7, 1.2))]
    together = ear.features(sounds)
    assert together.shape == (5, FEATURES)
    assert together == pytest.approx(np.concatenate([ear.features([s]) for s in sounds]), abs=2e-4)
    assert np.abs(together[0] - together[3]).max() > 0.1


def test_long_sound_is_heard_in_pieces(ear: Ear) -> None:
    one = chirp(LONGEST * 0.75)
    whole, half = ear.features([np.concatenate([one, one])])[0], ear.features([one])[0]
    assert whole == pytest.approx(half, abs=0.05)
    assert np.isfinite(ear.features([chirp(3 * LONGEST)])).all()


def test_loud_steps_tell_more(ear: Ear) -> None:
    """A quiet end changes the means over all steps far more than what is read of the loud ones."""
    sound, quiet = chirp(1.5), 0.01 * chirp(1.5, 3)
    change = np.abs(ear.features([np.concatenate([sound, quiet])])[0] - ear.features([sound])[0])
    means, deviations, loud_means, loud_deviations = np.split(change, 4)
    assert loud_means.mean() < 0.5 * means.mean()  # attention still sees all of it
    assert loud_deviations.mean() < 0.5 * deviations.mean()


def test_levels() -> None:
    mel = torch.full((2, 7), -1.0)
    mel[:, 2:4] = 1.0
    decibels = level(mel)
    low, high = 10 * np.log10([2e-8, 2.0])
    assert decibels.tolist() == pytest.approx([(low + high) / 2, (2 * low + high) / 3, (2 * low + high) / 3,
                                               low], abs=1e-3)


@pytest.mark.shared
def test_the_shipped_ear_is_whisper_base(ear: Ear) -> None:
    if not WHISPER.exists():
        pytest.skip(f"wants the weights of Whisper base, and {WHISPER} is not there (set EMOCLI_WHISPER)")
    from whisper import load_model

    encoder, sound = load_model(str(WHISPER), device="cpu").encoder, chirp(2)
    with torch.no_grad():
        theirs, heard = Ear(), ear.states([ear.log_mel(torch.from_numpy(sound))])[0]
        theirs.load_state_dict({n: encoder.state_dict().get(n, ear.mel) for n in theirs.state_dict()})
        exact = theirs.eval().states([ear.log_mel(torch.from_numpy(sound))])[0]
    for own, expected in zip(heard, exact, strict=True):
        assert np.corrcoef(own.flatten(), expected.flatten())[0, 1] > 0.999
