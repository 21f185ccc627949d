"""Subtitles, read back by pysubs2 and a player's parser."""

import json
import os
import subprocess
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pysubs2
import pytest
from support.timelines import HOSTILE, made_up, of_two, row

from emocli import markup
from emocli.errors import UsageError
from emocli.outputs import cues, formats
from emocli.outputs.base import OutputOptions, width
from emocli.timeline.persons import rename
from emocli.timeline.types import Timeline, Utterance
from emocli.transcript import sidecar

PLAIN = OutputOptions()


@pytest.fixture
def timeline() -> Timeline:
    return made_up()


@pytest.mark.parametrize("kind", ["srt", "vtt"])
def test_subtitles_keep_the_limits(timeline: Timeline, kind: str) -> None:
    text = formats.FORMATS[kind](timeline, PLAIN)
    read = pysubs2.SSAFile.from_string(text, format_=kind)
    assert read[0].plaintext == 'He said "yes", 네. 😊 [happiness]'
    assert (read[0].start, read[0].end) == (200, 1400)
    assert len(read) > 4
    for cue in read:
        lines = cue.plaintext.split("\n")
        assert len(lines) <= 2
        assert max(map(width, lines)) <= 42
        assert cue.end - cue.start <= 7000
        assert cue.plaintext.endswith("]")
    assert all(a.end <= b.start for a, b in pairwise(read))
    spoken = " ".join(" ".join(c.plaintext.split()[:-2]) for c in read[1:])
    assert spoken == " ".join(f"word{i}" for i in range(60))
    assert {c.start for c in read[1:]} <= {3000 + 500 * i for i in range(60)}  # split at word times


def test_gaps_are_cues_only_when_asked_for(timeline: Timeline) -> None:
    assert "😢" not in cues.srt(timeline, PLAIN)
    assert "😢 [sadness]" in cues.srt(timeline, OutputOptions(gaps=True))


def test_long_text_without_spaces_is_cut(timeline: Timeline) -> None:
    one = Utterance(0, 20, "가" * 200, (), "ko", "sidecar")
    found = cues.split(row(0, 20, 0, one), PLAIN)
    assert all(width(line) <= 42 for c in found for line in c.lines)
    assert "".join("".join(c.lines) for c in found).count("가") == 200


def test_arrow_in_the_words_breaks_nothing(timeline: Timeline) -> None:
    odd = replace(timeline, rows=(row(0, 1, 0, Utterance(0, 1, "a --> b", (), "en", "sidecar")),))
    assert len(pysubs2.SSAFile.from_string(cues.srt(odd, PLAIN), format_="srt")) == 1


#: Words that players, or those who read the files, could take for markup.
MARKUP = (r"I {really} <i>mean</i> it", r"[laughs] R&D, &lt; a\Nb C:\new {\an8}top",
          "1 < 2 and 3 > 2 <v Ann>", r"a \{b\} --> c {\\h} \ }{ <00:01.000> {\p1}", "In the year\n1984",
          "<font> and </b > &amp; &#60;")


@pytest.mark.parametrize("kind", ["srt", "vtt", "ass"])
def test_what_was_said_is_read_again(timeline: Timeline, tmp_path: Path, kind: str) -> None:
    """Also where a line or a cue ends inside of what looks like markup."""
    plain = OutputOptions(srt_style="plain")
    said = [*MARKUP, *(f"{'x' * n} <a {'y' * 12}> {{\\an8 b}} 42" for n in (10, 24, 36)), "{a} <b c " * 60]
    rows = tuple(row(9.0 * i, 9.0 * i + 5, i % 7, Utterance(9.0 * i, 9.0 * i + 5, text, (), "en", "sidecar"))
                 for i, text in enumerate(said))
    path = tmp_path / f"a.emotions.{kind}"
    path.write_text(formats.FORMATS[kind](replace(timeline, rows=rows), plain), encoding="utf-8")
    found: list[list[str]] = [[] for _ in said]
    for utterance in sidecar.read(path):
        found[int(utterance.start // 9)].append(utterance.text)
    assert [" ".join(parts) for parts in found] == [" ".join(text.split()) for text in said]


def test_words_in_braces_reach_players(timeline: Timeline) -> None:
    odd = replace(timeline, rows=(row(0, 1, 6, Utterance(0, 1, MARKUP[0], (), "en", "sidecar")),))
    texts = {kind: formats.FORMATS[kind](odd, PLAIN) for kind in ("srt", "vtt", "ass")}
    assert "I {really} <" in texts["srt"]
    assert "I {really} &lt;i&gt;mean&lt;/i&gt; it" in texts["vtt"]
    assert r"I \{really\} <i>mean</i> it" in texts["ass"]  # as libass reads braces


@pytest.mark.parametrize(("style", "lang", "first", "gap"), [
    ("emoji", "en", 'He said "yes", 네. 😊', "😢"), ("tag", "ko", 'He said "yes", 네. [기쁨]', "[슬픔]"),
    ("plain", "en", 'He said "yes", 네.', ""), ("hi", "en", '[happily] He said "yes", 네.', "[sadly]"),
    ("hi", "ko", '[기쁘게] He said "yes", 네.', "[슬프게]")])
def test_subtitle_styles(timeline: Timeline, style: str, lang: str, first: str, gap: str) -> None:
    read = pysubs2.SSAFile.from_string(cues.srt(timeline,
                                                OutputOptions(srt_style=style, lang=lang, gaps=True)))
    assert read[0].plaintext == first
    assert [c.plaintext for c in read if c.start == 1500] == ([gap] if gap else [])
    assert all(width(line) <= 42 for c in read for line in c.plaintext.split("\n"))
    # the long utterance is neutral, which is no manner of speaking
    assert "[" not in "".join(c.plaintext for c in read if c.start >= 3000) or style in ("both", "tag")


def test_options_of_subtitles_are_checked() -> None:
    for wrong in ({"srt_style": "loud"}, {"lang": "fr"}):
        with pytest.raises(UsageError, match="Give one of"):
            OutputOptions(**wrong)


def test_ass_has_a_colour_an_emotion_and_a_style_a_face(timeline: Timeline) -> None:
    read = pysubs2.SSAFile.from_string(cues.ass(timeline, PLAIN), format_="ass")
    assert set(read.styles) == {"Default", "Face 3"}
    assert read[0].style == "Face 3"
    assert read[0].text.startswith("{\\c&H7FCFF2&}")  # light orange, blue first
    assert read[1].text.startswith("{\\c&HCCCCCC&}")
    assert read[0].plaintext == 'He said "yes", 네. 😊 [happiness]'


def test_vtt_has_classes_voices_and_no_markup_of_the_speaker(timeline: Timeline) -> None:
    odd = replace(timeline, rows=(row(0, 1, 6, Utterance(0, 1, "<b>a</b> & b", (), "en", "sidecar")),))
    text = cues.vtt(odd, PLAIN)
    assert "<v Face 3><c.sadness>&lt;b&gt;a&lt;/b&gt; &amp; b 😢 [sadness]</c></v>" in text
    assert text.startswith("WEBVTT\n\nSTYLE\n::cue(.happiness)")


def test_where_several_speak_the_voice_is_the_speaker() -> None:
    timeline = of_two()
    text = cues.vtt(timeline, PLAIN)
    assert '<v S1><c.happiness>He said "yes", 네. 😊 [happiness]</c></v>' in text
    assert "<v S2><c.neutral>word0 " in text
    assert "Face" not in text
    read = pysubs2.SSAFile.from_string(cues.ass(timeline, PLAIN))
    assert set(read.styles) == {"Default", "S1", "S2"}
    assert [read[0].style, read[1].style] == ["S1", "S2"]
    assert cues.srt(timeline, PLAIN) == cues.srt(made_up(), PLAIN)
    lone = replace(timeline, rows=timeline.rows[:2])
    assert "<v Face 3>" in cues.vtt(lone, PLAIN)


def test_vtt_in_a_players_parser(timeline: Timeline, tmp_path: Path, node_modules: Path) -> None:
    path, script = tmp_path / "a.vtt", tmp_path / "read.js"
    path.write_text(cues.vtt(timeline, PLAIN), encoding="utf-8")
    script.write_text('''
        const { WebVTT, VTTCue } = require("vtt.js"), fs = require("fs");
        Object.assign(global, { window: global, VTTCue, navigator: { userAgent: "" } });
        const parser = new WebVTT.Parser(global, WebVTT.StringDecoder()), cues = [], errors = [];
        parser.oncue = (cue) => cues.push([cue.startTime, cue.endTime, cue.text]);
        parser.onparsingerror = (error) => errors.push(String(error));
        parser.parse(fs.readFileSync(process.argv[2], "utf8"));
        parser.flush();
        console.log(JSON.stringify([cues, errors]));''')
    out = subprocess.run(["node", script, path], capture_output=True, text=True, check=True,
                         env=os.environ | {"NODE_PATH": str(node_modules)})
    read, errors = json.loads(out.stdout)
    assert all("::cue" in error for error in errors)  # it is older than style blocks, and passes over them
    assert read[0] == [0.2, 1.4, '<v Face 3><c.happiness>He said "yes", 네. 😊 [happiness]</c></v>']
    assert [[round(a * 1000), round(b * 1000)] for a, b, _ in read] == [
        [round(c.start * 1000), round(c.end * 1000)] for c in cues.cues(timeline, PLAIN)]


def test_names_stand_before_words(timeline: Timeline) -> None:
    named = rename(of_two(), {"S1": "Anna", "3": "Anna"})
    first, *_ = pysubs2.SSAFile.from_string(cues.srt(named, OutputOptions(srt_style="hi")))
    assert first.plaintext == 'Anna: [happily] He said "yes", 네.'
    read = pysubs2.SSAFile.from_string(cues.srt(named, PLAIN))
    assert read[1].plaintext.startswith("word0 ")  # S2 has no name
    assert '<v Anna><c.happiness>Anna: He said "yes", 네. 😊' in cues.vtt(named, PLAIN)
    assert "<v S2><c.neutral>word0 " in cues.vtt(named, PLAIN)
    assert "Anna" not in cues.srt(rename(named, {"Anna": ""}), PLAIN)


def test_names_are_no_markup(timeline: Timeline) -> None:
    named = rename(timeline, {"3": f"Ann, <b>{{\\i1}}--> {HOSTILE}"})
    shown = "Ann, <b>{\\i1}--> <scrip…: He said"
    assert "<v Ann, &lt;b&gt;{\\i1}--&gt; &lt;script&gt;" in cues.vtt(named, PLAIN)
    for kind, words in (("srt", markup.words_of), ("vtt", markup.words_of_vtt), ("ass", markup.words_of_ass)):
        read = pysubs2.SSAFile.from_string(formats.FORMATS[kind](named, PLAIN), format_=kind,
                                           keep_ssa_tags=True)
        assert len(read) == len(cues.cues(named, PLAIN))
        assert words(read[0].text).startswith(shown)
        assert "\u202e" not in read.to_string("srt")
    assert {event.style for event in read} < set(read.styles)
