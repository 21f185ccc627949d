"""`emocli link`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emocli.cli.inputs import documents, of_document, say_written, target
from emocli.cli.name import Names, give_names
from emocli.errors import EmocliError, InputError, UsageError
from emocli.plaintext import printable

if TYPE_CHECKING:
    from emocli.speakers.linking import Voice

#: What persons are called who are in several videos and have no name.
PERSON = "Person"


def link_command(
    folder: Annotated[Path, typer.Argument(help="A folder of analyses (.emotions.json).")],
    link_people: Annotated[bool, typer.Option(
        "--link-people", help="Needed to do it: you have the right to recognise everybody who speaks (see "
                              "above).")] = False,
    video: Annotated[Path | None, typer.Option(
        help="The folder of the videos, if they do not lie beside the analyses.")] = None,
    dry_run: Annotated[bool, typer.Option(
        "--dry-run", help="Say who would be linked, and name nobody.")] = False,
    embeddings: Annotated[Path | None, typer.Option(
        help="Also keep the voices' embeddings, as .npz; they are biometric data, and otherwise forgotten.",
        metavar="FILE")] = None,
    overwrite: Annotated[bool, typer.Option(
        "--overwrite", help="Replace files that somebody has edited.")] = False,
) -> None:
    """Find the same person in several videos by their voice, and name them alike: Person 1, Person 2, or as
    one of them is named already.

    This is biometric identification. In the EU (GDPR, article 9) it wants everybody's explicit consent or
    another ground of that article, in Illinois (BIPA) a written release, in Korea (PIPA, article 23) a
    separate consent; ask your ethics board or lawyer. Faces are not compared: emocli has no network that
    was trained to tell faces apart. It works only where all videos were recorded in one way, and joins
    the wrong people where microphones differ: see docs/persons.md for the figures, and look first.

    Example: emocli link results/ --link-people --video videos/ --dry-run
    """
    if not link_people:
        raise UsageError("emocli link", "recognises people by their voices, which is biometric and needs "
                         "their consent", "pass --link-people if you have it")
    from emocli.speakers.linking import link

    if embeddings:
        target(embeddings, embeddings, overwrite=overwrite)
    places: dict[str, Path] = {}
    heard = _listen(folder, video, places)
    if embeddings:
        _keep(embeddings, heard)
    persons = link(heard)
    names, notes = names_of(heard, persons)
    _show(heard, persons, names)
    for note in notes:
        print(f"emocli: {note}", file=sys.stderr)
    if not dry_run:
        for called, path in documents([folder]):
            if called in names:
                give_names(path, Names(single=names), called, places[called], overwrite=overwrite)


def _listen(folder: Path, videos: Path | None, places: dict[str, Path]) -> list[Voice]:
    """The voices of all videos; those whose sound is not to be had are left out, which is said.  Where each
    of the others lies is put into `places`."""
    from emocli.speakers.linking import LEAST_SPEECH, load_encoder, speech, voices

    encoder, heard = load_encoder(), []
    for called, path in documents([folder]):
        try:
            timeline = of_document(path)
            name = timeline.media.path.name
            place = videos / Path(called).parent / name if videos else timeline.media.path
            heard += voices(timeline, encoder, called, place)
            places[called] = place
            for person, _, seconds in speech(timeline):
                if seconds < LEAST_SPEECH:
                    print(f"emocli: left out: {printable(called)}: {printable(person.label())} speaks for "
                          f"{seconds:.0f} s, and {LEAST_SPEECH:.0f} are needed", file=sys.stderr)
        except EmocliError as error:
            print(f"emocli: left out: {error}", file=sys.stderr)
    if not heard:
        raise InputError(folder, "holds nobody whose voice can be heard for long enough",
                         "say with --video where the videos lie; speakers must have been told apart")
    return heard


def names_of(heard: Sequence[Voice], persons: Sequence[int]) -> tuple[dict[str, dict[str, str]], list[str]]:
    """What to call whom in each video, from voices and the number of the person that each is: by the name
    that one of them has, or PERSON with a number; and what could not be done.  Who is in one video only is
    not named."""
    taken, notes = {voice.person.name for voice in heard}, []
    free = (name for i in count(1) if (name := f"{PERSON} {i}") not in taken)
    names: dict[str, dict[str, str]] = {}
    for one in dict.fromkeys(persons):
        own = [voice for voice, person in zip(heard, persons, strict=True) if person == one]
        known = {voice.person.name for voice in own} - {""}
        if len(known) > 1:
            notes.append(f"{printable(' and '.join(sorted(known)))} sound alike, and keep their names")
        elif len(own) > 1:
            name = known.pop() if known else next(free)
            for voice in own:
                if not voice.person.name:
                    names.setdefault(voice.video, {}).update(dict.fromkeys(voice.person.speakers, name))
    return names, notes


def _show(heard: Sequence[Voice], persons: Sequence[int], names: dict[str, dict[str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    from emocli.cli.console import escape

    table = Table("video", "who", "speech, s", "is", box=None, pad_edge=False)
    for voice, _ in sorted(zip(heard, persons, strict=True), key=lambda pair: pair[1]):
        new = names.get(voice.video, {}).get(voice.person.speakers[0], voice.person.name)
        table.add_row(escape(voice.video), escape(voice.person.label()), f"{voice.seconds:.0f}",
                      escape(new) or "[dim]in no other video[/]")
    Console().print(table, highlight=False)


def _keep(path: Path, heard: Sequence[Voice]) -> None:
    import numpy as np

    from emocli.storage import atomic

    with atomic(path) as part:
        np.savez(part, videos=[voice.video for voice in heard],
                 persons=[voice.person.label() for voice in heard],
                 embeddings=np.stack([voice.vector for voice in heard]))
    say_written(path)
