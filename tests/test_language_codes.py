"""Codes of languages in all their spellings."""

import pytest

from emocli.errors import UsageError
from emocli.language_codes import code_of
from emocli.options import AnalyzeOptions

CODES = {"spa": "es", "ger": "de", "deu": "de", "jpn": "ja", "por": "pt", "pol": "pl", "swe": "sv",
         "kor": "ko", "KO": "ko", "eng": "en", "pt-BR": "pt", "pt_br": "pt", "zh-Hant": "zh", "cmn": "zh",
         "nob": "no", "fil": "tl", "yue": "yue", "und": "", "xx": "", "sdh": "", "": "",
         "english!": "", "x" * 99: ""}


def test_every_spelling_of_a_language() -> None:
    assert {tag: code_of(tag) for tag in CODES} == CODES


@pytest.mark.parametrize(("given", "kept"), [("KO", "ko"), ("kor", "ko"), ("pt-BR", "pt"), ("auto", "auto"),
                                             ("ja", "ja")])
def test_the_option_keeps_the_code(given: str, kept: str) -> None:
    assert AnalyzeOptions(language=given).language == kept


@pytest.mark.parametrize("wrong", ["english!", "klingonish", "xx", "zz", "und", "ko,en"])
def test_an_unknown_code_is_a_usage_error(wrong: str) -> None:
    with pytest.raises(UsageError, match=r"no language code. Give auto, or a code of ISO 639: en, ko"):
        AnalyzeOptions(language=wrong)
