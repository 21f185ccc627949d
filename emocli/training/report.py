"""`weights/RESULTS.md`: the figures of all networks as one page."""

from __future__ import annotations

import platform
from typing import Any

from emocli.training.evaluate import SPEAKERS, STRANGERS, Result

_FIGURES = ("accuracy", "macro_f1", "weighted_f1", "ece", "ece_by_chance", "ece_uncalibrated")


def macro_f1(result: Result) -> str:
    """The macro-F1 of a set, and in brackets its 95 % interval, if it has one."""
    interval = result.get("macro_f1_interval")
    return f"{result['macro_f1']:.3f}" + (" ({:.3f}-{:.3f})".format(*interval) if interval else "")


def _table(header: list[str], rows: list[list[Any]]) -> list[str]:
    return ["| " + " | ".join(header) + " |", "|" + "---|" * len(header),
            *("| " + " | ".join(str(v) for v in row) + " |" for row in rows), ""]


def _figures(result: Result) -> list[str]:
    return [macro_f1(result) if name == "macro_f1" else f"{result[name]:.3f}" for name in _FIGURES]


#: Columns of the table of diarization errors: with the number of speakers estimated, then with the true one.
ERROR_COLUMNS = ("set", "n", "right number", "error", "missed", "invented", "confused", "number given: error",
                 "confused")


def errors(result: Result) -> list[tuple[str, ...]]:
    """The rows of that table, of what `diarization.evaluate` gives."""
    return [(name, str(r["n"]), f"{r['right_number']:.3f}",
             *(f"{r['estimated'][kind]:.3f}" for kind in ("error", "missed", "invented", "confused")),
             *(f"{r['oracle'][kind]:.3f}" for kind in ("error", "confused")))
            for name, r in {result["set"]: result, **result["sets"]}.items()]


def _speakers(result: Result) -> list[str]:
    lines = ["## speakers", "", f"{result['bytes']:,} bytes, {result['seconds_per_second']:.4f} processor "
             "seconds a second of speech.", "",
             "Diarization error of `pyannote.metrics` with a collar of "
             f"{result['collar']} s (half on each side of an edge), speech as emocli finds it: dialogues "
             "composed of RAVDESS' actors 21 to 24, nEMO's WR0 and KS0 and EmoDB's 15 and 16 in all moods, 2 "
             "to 4 of them, 3 minutes, turns of 1 to 8 s; the same actors alone; AMI's half-minutes.", ""]
    return lines + _table(list(ERROR_COLUMNS), [list(row) for row in errors(result)])


_UNKNOWN = (
    "Material that the readers are strangers to, more or less. Triplets of unrelated faces, voices and "
    "sentences of one class. The voice is of one of three corpora of speech, by a network that was trained "
    "without it, where all of each speaker is known; the head has met the other two, read by networks of "
    "which some have heard the third. Faces are FER2013's private test, whose corpus was learnt, blurred, "
    "darkened, made small or turned in ways that were learnt, too. Sentences are MELD's test, of a comedy of "
    "which other scenes were learnt. The first set joins the triplets of all three corpora. RAVDESS' real "
    "pairs: people who are new, in a corpus that is known; a logistic regression over OpenFace's action "
    "units of the actor's face in place of ours, and the voice, six folds by actor, fused by a head that has "
    "met nobody of RAVDESS.")


def results_page(results: dict[str, Result]) -> str:
    """Markdown of the results by modality, as `emocli.training.evaluate.evaluate` gives them."""
    lines = ["# Results", "",
             "Written by `emocli evaluate all --full`; do not edit. Splits are by person where the "
             "corpus names persons; macro-F1 is over the classes that a set has, in brackets its 95 % "
             "interval (of face, voice and words; bootstrap over items as if they were independent, so "
             "too narrow where few people said all of them); ECE is over 15 bins, and by chance is what "
             "perfectly calibrated scores would show on so few items. "
             f"Speed is that of one core (a hardware thread of {platform.machine()}), features included.", ""]
    for modality, result in results.items():
        if modality == SPEAKERS:
            lines += _speakers(result)
            continue
        lines += [f"## {modality}", "", _UNKNOWN if modality == STRANGERS else
                  f"{result['parameters']:,} parameters, {result['bytes']:,} bytes, "
                  f"{result['items_per_second']:,.0f} items/s.", ""]
        rows = [[name, r["n"], *_figures(r)] for name, r in {result["set"]: result, **result["sets"]}.items()]
        lines += _table(["set", "n", "accuracy", "macro-F1", "weighted F1", "ECE", "by chance",
                         "uncalibrated"], rows)
        others = result["sets"] if modality not in ("fusion", STRANGERS) else {}
        for name, r in {result["set"]: result, **others}.items():
            lines += [f"By class, {name}:", ""]
            lines += _table(["class", "precision", "recall", "F1", "n"],
                            [[c, *(f"{v[k]:.3f}" for k in ("precision", "recall", "f1")), v["support"]]
                             for c, v in r["per_class"].items()])
        if modes := result.get("modes"):
            option = f"--{modality}-mode"
            lines += [f"What each `{option}` costs an item on one core:", ""]
            sets = {mode: result["sets"].get(f"{result['set']}, {option} {mode}", result) for mode in modes}
            lines += _table(["mode", "macro-F1", "ms", "MB on disk"],
                            [[mode, f"{sets[mode]['macro_f1']:.3f}", f"{m['ms']:.1f}",
                              f"{m['bytes'] / 1e6:.2f}"] for mode, m in modes.items()])
        if six := result.get("six_fold"):
            lines += ["RAVDESS by actor, six networks by the shipped recipe, each trained without the actors "
                      f"it is tested on: mean macro-F1 {six['mean_macro_f1']:.3f}, deviation "
                      f"{six['deviation_macro_f1']:.3f}.", ""]
            lines += _table(["actors", "macro-F1"], [
                [", ".join(map(str, f["actors"])), f"{f['macro_f1']:.3f}"] for f in six["folds"]])
        if compared := result.get("compared"):
            lines += ["Trained here on the same splits, to compare:", ""]
            lines += _table(["way", "parameters", "n", "accuracy", "macro-F1", "weighted F1", "ECE",
                             "by chance", "uncalibrated"],
                            [[name, f"{r['parameters']:,}", r["n"], *_figures(r)]
                             for name, r in compared.items()])
        lines += ["How sure, and how often right:", ""]
        lines += _table(["confidence", "share that is right", "n"],
                        [[f"{b['confidence']:.2f}", f"{b['accuracy']:.2f}", b["n"]]
                         for b in result["reliability"]])
        lines += [f"![Confusion matrix of {modality}]({modality}.confusion.png) "
                  f"![Reliability of {modality}]({modality}.reliability.png)", ""]
    return "\n".join(lines)
