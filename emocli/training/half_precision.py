"""`.keras` files with their weights in half precision: half as large; Keras reads them as float32."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

#: Where a `.keras` file keeps its weights.
WEIGHTS = "model.weights.h5"


def halve(source: Path, target: Path) -> None:
    """Write the network of `source`, a `.keras` file, to `target` with float16 in place of float32."""
    with zipfile.ZipFile(source) as read, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as written:
        for name in read.namelist():
            content = read.read(name)
            written.writestr(name, _halved(content) if name == WEIGHTS else content)


def _halved(content: bytes) -> bytes:
    """An HDF5 file with the same groups, attributes and data sets, these in half precision."""
    import h5py

    memory = io.BytesIO()
    with h5py.File(io.BytesIO(content)) as read, h5py.File(memory, "w") as written:
        written.attrs.update(read.attrs)

        def copy(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset):
                array = item[()]
                half = getattr(array, "dtype", None) == np.float32
                twin = written.create_dataset(name, data=array.astype(np.float16) if half else array)
            else:
                twin = written.require_group(name)
            twin.attrs.update(item.attrs)

        read.visititems(copy)
    return memory.getvalue()
