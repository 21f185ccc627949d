"""The first blocks of Whisper's encoder (Radford et al. 2022), as an ear: what a stretch of sound is like.

Recognising speech in 680,000 hours of it taught these layers how speech sounds.  The first three blocks still
hear how something is said; the later ones know more and more only what is said.  Sound is not padded to 30
seconds as Whisper pads it: the positional embedding is cut to the length of the sound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

#: Hz; mel bands; samples under one window and between windows (25 ms, 10 ms).
SAMPLE_RATE, BANDS, FFT, HOP = 16_000, 80, 400, 160
#: Channels of the encoder; those of one attention head.
WIDTH, HEAD = 512, 64
#: Blocks whose states are described.
BLOCKS = 3
#: Numbers that describe a stretch of sound: mean and deviation of each channel after each block, of all steps
#: and of the loud ones.
FEATURES = 4 * BLOCKS * WIDTH
#: dB below the loudest step at which a step counts half as loud, and over which that falls off.  The loud
#: steps are those of who speaks nearest: in babble at 10 dB they tell far more than all steps do.
LOUD, SOFT = 12.0, 2.0
#: Seconds of sound that are heard in one piece; longer sound is heard in several, as long as each other.
LONGEST = 8.0
#: Seconds of sound in one batch, and how much longer than its shortest the longest of a batch may be.
BATCH_SECONDS, ALIKE = 32.0, 1.25
#: Fewest samples that make a frame.
SHORTEST = FFT
_SCALE = ".scale"


class Ear(nn.Module):
    """Stem and BLOCKS of Whisper's encoder, with names as in `whisper.model.AudioEncoder`."""

    mel: Tensor
    window: Tensor
    positions: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(BANDS, WIDTH, 3, padding=1)
        self.conv2 = nn.Conv1d(WIDTH, WIDTH, 3, stride=2, padding=1)
        self.blocks = nn.ModuleList(Block() for _ in range(BLOCKS))
        self.register_buffer("mel", torch.zeros(BANDS, FFT // 2 + 1))
        self.register_buffer("window", torch.hann_window(FFT), persistent=False)
        steps = int(LONGEST * SAMPLE_RATE) // HOP // 2 + 1
        self.register_buffer("positions", sinusoids(steps, WIDTH), persistent=False)

    def log_mel(self, samples: Tensor) -> Tensor:
        """(BANDS, frames) of (n,) sound: Whisper's log-mel spectrogram, as `whisper.audio` gives it."""
        spectrum = torch.stft(samples, FFT, HOP, window=self.window, return_complex=True)[:, :-1]
        level = (self.mel @ spectrum.abs().square()).clamp(min=1e-10).log10()
        return (torch.maximum(level, level.max() - 8) + 4) / 4

    def states(self, mels: Sequence[Tensor]) -> tuple[list[Tensor], Tensor]:
        """After each block (n, steps, WIDTH), and (n, steps) whether a step is sound or padding.

        What pads a shorter sound of the batch changes nothing: each is heard as if it were alone.
        """
        frames = torch.tensor([mel.shape[1] for mel in mels], device=self.mel.device)
        x = torch.stack([functional.pad(m, (0, int(frames.max()) - m.shape[1])) for m in mels])
        there = torch.arange(x.shape[2], device=x.device) < frames[:, None]
        x = functional.gelu(self.conv1(x)) * there[:, None]
        x = functional.gelu(self.conv2(x)).transpose(1, 2)
        there = there[:, ::2]
        x = x + self.positions[:x.shape[1]]
        mask = None if bool(there.all()) else there[:, None, None]
        after = []
        for block in self.blocks:
            x = block(x, mask)
            after.append(x)
        return after, there

    @torch.inference_mode()
    def features(self, sounds: Sequence[np.ndarray]) -> np.ndarray:
        """(n, FEATURES) float32 of n sounds, each (samples,) float32 at SAMPLE_RATE and SHORTEST or longer:
        the means of all channels after each block, the deviations, and both of the loud steps alone."""
        device = self.mel.device
        pieces = [(i, self.log_mel(torch.from_numpy(np.ascontiguousarray(piece, np.float32)).to(device)))
                  for i, samples in enumerate(sounds) for piece in _pieces(samples)]
        pieces.sort(key=lambda p: p[1].shape[1])
        owners, mels = torch.tensor([i for i, _ in pieces], device=device), [mel for _, mel in pieces]
        weights = _weights(mels, owners)
        steps = torch.zeros(len(sounds), 2, 1, dtype=torch.float64, device=device)
        once = torch.zeros(len(sounds), 2, BLOCKS * WIDTH, dtype=torch.float64, device=device)
        squared = torch.zeros_like(once)
        for batch in _batches([mel.shape[1] for mel in mels]):
            states = torch.cat(self.states([mels[at] for at in batch])[0], 2).double()
            weight = pad_sequence([weights[at] for at in batch], batch_first=True).transpose(1, 2)
            steps.index_add_(0, owners[batch], weight.sum(2, keepdim=True))
            once.index_add_(0, owners[batch], weight @ states)
            squared.index_add_(0, owners[batch], weight @ states.square())
        mean = once / steps
        deviation = (squared / steps - mean.square()).clamp(min=0).sqrt()
        return torch.stack([mean, deviation], 2).flatten(1).float().cpu().numpy()


def _weights(mels: Sequence[Tensor], owners: Tensor) -> list[Tensor]:
    """(steps, 2) of each spectrogram: what each step counts among all steps, which is 1, and among the loud
    ones, beside the loudest step of all spectrograms of the same owner."""
    levels = [level(mel) for mel in mels]
    top = torch.full((int(owners.max()) + 1,), -torch.inf, device=owners.device).scatter_reduce_(
        0, owners, torch.stack([decibels.max() for decibels in levels]), "amax")
    return [torch.stack([torch.ones_like(decibels), loudness(decibels, loudest)], 1).double()
            for decibels, loudest in zip(levels, top[owners], strict=True)]


def loudness(decibels: Tensor, loudest: Tensor) -> Tensor:
    """From 0 to 1, how far steps count as loud beside the `loudest` one."""
    return torch.sigmoid((decibels - loudest + LOUD) / SOFT)


def level(mel: Tensor) -> Tensor:
    """(steps,) dB of each step, which is two frames of a log-mel spectrogram (BANDS, frames), smoothed over
    its neighbours."""
    power = (10 ** (4 * mel - 4)).sum(0)[None]
    decibels = 10 * functional.avg_pool1d(power, 2, ceil_mode=True).clamp(min=1e-12).log10()
    return functional.avg_pool1d(decibels, 3, 1, 1, count_include_pad=False)[0]


class Block(nn.Module):
    """One layer: attention, then two linear maps, each added to what came in."""

    def __init__(self) -> None:
        super().__init__()
        self.attn = nn.ModuleDict({name: nn.Linear(WIDTH, WIDTH, bias=name != "key")
                                   for name in ("query", "key", "value", "out")})
        self.attn_ln, self.mlp_ln = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(n, steps, WIDTH) of the same; `mask` (n, 1, 1, steps) is true where there is sound."""
        normal = self.attn_ln(x)
        query, key, value = (self.attn[name](normal).unflatten(2, (-1, HEAD)).transpose(1, 2)
                             for name in ("query", "key", "value"))
        heard = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        x = x + self.attn["out"](heard.transpose(1, 2).flatten(2))
        return x + self.mlp(self.mlp_ln(x))


def sinusoids(steps: int, width: int) -> Tensor:
    """(steps, width) positional embedding of Vaswani et al. (2017), as Whisper's encoder has it."""
    rates = torch.exp(-np.log(10_000) / (width // 2 - 1) * torch.arange(width // 2))
    angles = torch.arange(steps)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], 1)


def load(path: Path, device: str = "cpu") -> Ear:
    """The ear whose weights `pack` packed into a file of safetensors."""
    stored = load_file(path)
    ear = Ear()
    ear.load_state_dict({name: tensor.float() * stored.get(name + _SCALE, 1.0)
                         for name, tensor in stored.items() if not name.endswith(_SCALE)})
    return ear.eval().requires_grad_(False).to(device)


def pack(encoder: Mapping[str, Tensor], mel: Tensor) -> dict[str, Tensor]:
    """What `load` loads, of the state dict of a `whisper.model.AudioEncoder` of at least BLOCKS blocks, and
    of its mel filters (BANDS, FFT / 2 + 1): matrices as int8 with one scale a row, the rest as it is."""
    packed = {"mel": mel.float().contiguous()}
    for name in Ear().state_dict():
        if name == "mel":
            continue
        weight = encoder[name].float()
        if weight.ndim > 1:
            scale = weight.abs().amax(tuple(range(1, weight.ndim)), keepdim=True).clamp(min=1e-8) / 127
            packed[name], packed[name + _SCALE] = (weight / scale).round().to(torch.int8), scale
        else:
            packed[name] = weight.contiguous()
    return packed


def _pieces(samples: np.ndarray) -> list[np.ndarray]:
    count = max(1, int(np.ceil(len(samples) / (LONGEST * SAMPLE_RATE))))
    return np.array_split(samples, count)


def _batches(frames: Sequence[int]) -> list[list[int]]:
    """Positions of spectrograms sorted by length, in batches of like length."""
    batches: list[list[int]] = []
    for at, length in enumerate(frames):
        last = batches[-1] if batches else []
        if last and length <= ALIKE * frames[last[0]] \
                and (len(last) + 1) * length <= BATCH_SECONDS * SAMPLE_RATE / HOP:
            last.append(at)
        else:
            batches.append([at])
    return batches
