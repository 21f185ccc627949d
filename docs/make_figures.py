"""Writes docs/accuracy.md, how good the networks are, from weights/results.json.

`python docs/make_figures.py` also writes the figures that the README quotes, which are between two remarks.
"""

import json
import re
from pathlib import Path
from typing import Any

from emocli.training.report import macro_f1

HERE = Path(__file__).parent
README, RESULTS = HERE.parent / "README.md", HERE.parent / "weights" / "results.json"
#: What is read, what it was tested on, the modality in results.json and its set ("" for the main one).
Line = tuple[str, str, str, str]
STRANGERS: list[Line] = [
    ("fused", "a stranger's voice, a spoilt face and a sentence of MELD", "strangers", ""),
    ("face and voice, fused", "of these", "strangers", "face+voice"),
    ("face alone", "of these", "strangers", "face alone"),
    ("voice alone", "of these", "strangers", "voice alone"),
    ("words alone", "of these", "strangers", "text alone"),
    ("voice", "nEMO left out of the training (Polish)", "strangers", "nemo left out, speaker known"),
    ("", "the same, each clip all that is known", "strangers", "nemo left out, speaker unknown"),
    ("voice", "EmoDB left out (German)", "strangers", "emodb left out, speaker known"),
    ("", "the same, each clip all that is known", "strangers", "emodb left out, speaker unknown"),
    ("voice", "RAVDESS left out (English)", "strangers", "ravdess left out, speaker known"),
    ("", "the same, each clip all that is known", "strangers", "ravdess left out, speaker unknown")]
NEW_PEOPLE: list[Line] = [
    ("face", "FER2013's private test, majority of FER+'s ten votes", "face", ""),
    ("", "the same, blurred", "face", "ferplus_majority, blur"),
    ("", "the competition's labels, by a second head", "face", "fer2013_private"),
    ("voice", "RAVDESS, actors 21 to 24", "voice", ""),
    ("", "the same, each clip all that is known of the speaker", "voice", "ravdess_speaker_unknown"),
    ("", "the same, people chattering behind it (10 dB)", "voice", "ravdess, babble at 10 dB"),
    ("", "the same, by the small network of `--voice-mode fast`", "voice", "ravdess, --voice-mode fast"),
    ("", "the same, with `--commercial`, whose network has not heard RAVDESS", "voice",
     "ravdess, voice-permissive"),
    ("voice", "EmoDB, speakers 15 and 16 (German, 6 classes)", "voice", "emodb"),
    ("voice", "nEMO, speakers WR0 and KS0 (Polish, 6 classes)", "voice", "nemo"),
    ("words", "GoEmotions' test, English, rows with one label", "text", ""),
    ("", "the same in (machine-translated) Korean", "text", "goemotions_ko"),
    ("words", "KOTE, a fifth of it: real Korean comments", "text", "kote_ko"),
    ("words", "MELD's test, of a series of which it saw other scenes", "text", "meld_en"),
    ("face and voice", "RAVDESS' real pairs, by actors left out; action units for the face, fused by a "
                       "head that has met nobody of RAVDESS", "strangers", "ravdess pairs, face+voice"),
    ("fused", "triplets of unrelated faces, RAVDESS' voices and sentences with one label", "fusion", ""),
    ("", "the best single one on these triplets", "fusion", "voice alone, unfused")]
#: What the README says.
HEADLINES = [STRANGERS[0], STRANGERS[9], NEW_PEOPLE[0], NEW_PEOPLE[3], NEW_PEOPLE[10], NEW_PEOPLE[12]]
BEGIN, END = "<!-- figures: written by docs/make_figures.py -->\n", "<!-- end of figures -->\n"

PAGE = """# How good it is

Measured by `emocli evaluate` on items that no network was trained on, by person where a corpus names
persons (FER2013 does not). Test figures were in view while some settings were chosen, as each network's
card says, so take them for a little too good. All figures, by class, with confusion matrices:
`weights/RESULTS.md` in the repository.

Macro-F1 is the mean of the seven classes' F1: a network that always says the same has at most 0.14, one
that is always right 1. ECE says how far confidence and the share that is right lie apart on average: at
0.03, of the rows with a confidence of 0.70 about 67 to 73 in a hundred are right. In brackets is
the 95 % interval of the macro-F1 of face, voice and words: how far it might be off on so few items
(bootstrap). It takes the items to be independent, so it is too narrow for voices, of which two to four
people said all.

## On strangers

As far as the data at hand have any (`emocli evaluate strangers`): a whole corpus of speech left out of the
voice's training; faces of a corpus that is known, blurred, darkened, made small or turned, which was
learnt, too; sentences of MELD, a comedy of which other scenes were learnt. Nobody real was filmed for this:
faces, voices and sentences with the same label are put together.

{strangers}

## On people who are new, in corpora that are known

{new_people}

RAVDESS in six folds by actor, six networks: mean macro-F1 {folds:.3f}. MELD as others score it, by weighted
F1: {meld:.3f}.

Fear and disgust are the weakest classes of faces; single rows are often wrong. **On your material** the
networks are as strange as on the first table, or stranger: code a sample by hand and let [`emocli
compare`](research.md) say how far you agree, before you build on it.

## Who speaks

On {dialogues} dialogues of two to four actors in all moods, whom nothing was chosen or learnt on:
diarization error {error:.3f}, {oracle:.3f} with the number of speakers given; the right number in
{right:.3f} of them. Half-minutes of real meetings (AMI): {meetings:.3f}.
"""


def table(results: dict[str, Any], lines: list[Line]) -> str:
    """Lines of figures, as Markdown."""
    rows = ["| reads | tested on | accuracy | macro-F1 | ECE | n |", "|---|---|---|---|---|---|"]
    for reads, tested_on, modality, name in lines:
        result = results[modality]
        result = result["sets"][name] if name else result
        rows.append(f"| {reads} | {tested_on} | {result['accuracy']:.3f} | {macro_f1(result)} | "
                    f"{result['ece']:.3f} | {result['n']:,} |")
    return "\n".join(rows)


def page() -> str:
    """docs/accuracy.md."""
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    speakers = results["speakers"]
    return PAGE.format(
        strangers=table(results, STRANGERS), new_people=table(results, NEW_PEOPLE), dialogues=speakers["n"],
        folds=results["voice"]["six_fold"]["mean_macro_f1"],
        meld=results["text"]["sets"]["meld_en"]["weighted_f1"],
        error=speakers["estimated"]["error"], oracle=speakers["oracle"]["error"],
        right=speakers["right_number"], meetings=speakers["sets"]["meetings (AMI)"]["estimated"]["error"])


def readme() -> str:
    """README.md with today's figures."""
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    text = f"{BEGIN}\n{table(results, HEADLINES)}\n\n{END}"
    return re.sub(f"{BEGIN}.*{END}", lambda _: text, README.read_text(encoding="utf-8"), flags=re.S)


if __name__ == "__main__":
    (HERE / "accuracy.md").write_text(page(), encoding="utf-8")
    README.write_text(readme(), encoding="utf-8")
