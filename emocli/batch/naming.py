"""Results that are written again with names: the batch that they belong to is told, so that it does not take
them for edited, and does not replace the names unasked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from emocli import storage
from emocli.batch.ledger import FILE, Ledger
from emocli.batch.runner import held
from emocli.outputs.base import ENDING
from emocli.timeline.types import Timeline


def write(document: Path, texts: Mapping[Path, str], named: Timeline) -> None:
    """Write the files `texts` of the analysis at `document`, whose persons are those of `named`.

    Raises `UsageError` while a run is working on the batch, `OutputError` where a file cannot be written.
    """
    with _account(document) as account:
        for path, text in texts.items():
            storage.write_text(path, text)
        if account:
            ledger, folder, name = account
            outputs = {path.absolute().relative_to(folder).as_posix(): storage.sha256(path) for path in texts}
            ledger.rename(name, ", ".join(person.name for person in named.persons), outputs)


@contextmanager
def _account(document: Path) -> Iterator[tuple[Ledger, Path, str] | None]:
    """The ledger that names a result, its folder and the name; None where there is none."""
    for folder in document.absolute().parents:
        if (folder / FILE).is_file():
            name = document.absolute().relative_to(folder).as_posix().removesuffix(ENDING)
            with held(folder, folder), Ledger(folder) as ledger:
                yield (ledger, folder, name) if ledger.get(name) else None
            return
    yield None
