"""How state dicts lie in files."""

from pathlib import Path

from emocli import quantized as store
from emocli.voice.small_network import SmallNetwork


def test_int8_rows_come_back_within_half_a_step(tmp_path: Path) -> None:
    network = SmallNetwork(wide=16, view=8)
    store.write(tmp_path / "small.safetensors", network.state_dict(), int8=True)
    store.write(tmp_path / "whole.safetensors", network.state_dict())
    small, whole = store.read(tmp_path / "small.safetensors"), network.state_dict()
    assert len(SmallNetwork.like(small).bodies) == 3
    assert len(small) > 10
    for name, tensor in small.items():
        step = whole[name].abs().amax() / 127 if name.endswith(".weight") else 1e-3
        assert (tensor - whole[name]).abs().amax() <= 0.51 * step, name
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("small", "whole")]
    assert sizes[0] < 0.6 * sizes[1]
    assert len(list(tmp_path.iterdir())) == 2
