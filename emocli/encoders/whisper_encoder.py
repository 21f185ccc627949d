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

#: Hz; mel bands; samples under one window and between windows (25 ms, 10 ms).
SAMPLE_RATE, BANDS, FFT, HOP = 16_000, 80, 400, 160
#: Channels of the encoder; those of one attention head.
WIDTH, HEAD = 512, 64
#: Blocks whose states are described.
BLOCKS = 3
#: Numbers that describe a stretch of sound: mean and deviation of each channel after each block.
FEATURES = 2 * BLOCKS * WIDTH
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

    def describe(self, mels: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Sums and sums of squares over time of the states after each block, (n, BLOCKS * WIDTH) each, and
        how many steps each sound has, (n,)."""
        after, there = self.states(mels)
        x = torch.cat(after, 2).double() * there[..., None]
        return x.sum(1), x.square().sum(1), there.sum(1)

    @torch.inference_mode()
    def features(self, sounds: Sequence[np.ndarray]) -> np.ndarray:
        """(n, FEATURES) float32 of n sounds, each (samples,) float32 at SAMPLE_RATE and SHORTEST or longer:
        the means of all channels after each block, then the deviations."""
        device = self.mel.device
        pieces = [(i, piece) for i, samples in enumerate(sounds) for piece in _pieces(samples)]
        pieces.sort(key=lambda p: len(p[1]))
        total = torch.zeros(len(sounds), 2 * BLOCKS * WIDTH, dtype=torch.float64, device=device)
        count = torch.zeros(len(sounds), dtype=torch.float64, device=device)
        for batch in _batches(pieces):
            owners = torch.tensor([i for i, _ in batch], device=device)
            mels = [self.log_mel(torch.from_numpy(np.ascontiguousarray(x, np.float32)).to(device))
                    for _, x in batch]
            once, squared, steps = self.describe(mels)
            total.index_add_(0, owners, torch.cat([once, squared], 1))
            count.index_add_(0, owners, steps.double())
        mean, square = (total / count[:, None]).chunk(2, 1)
        deviation = (square - mean.square()).clamp(min=0).sqrt()
        return torch.cat([mean, deviation], 1).float().cpu().numpy()


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


def _batches(pieces: Sequence[tuple[int, np.ndarray]]) -> list[list[tuple[int, np.ndarray]]]:
    """Sounds sorted by length in batches of like length."""
    batches: list[list[tuple[int, np.ndarray]]] = []
    for piece in pieces:
        last = batches[-1] if batches else []
        if last and len(piece[1]) <= ALIKE * len(last[0][1]) \
                and (len(last) + 1) * len(piece[1]) <= BATCH_SECONDS * SAMPLE_RATE:
            last.append(piece)
        else:
            batches.append([piece])
    return batches
