"""Which language a transcript is in."""

import pytest

from emocli.transcript import language


@pytest.mark.parametrize(("texts", "code"), [
    (["Where have you been all this time?", "I was at home."], "en"), (["오늘 정말 행복해요"], "ko"),
    (["Ich weiß nicht, was soll es bedeuten, dass ich so traurig bin."], "de"),
    (["Jeg ville have været i byen i dag, men vi have det godt, og i er velkomne."], "da"),
    (["My ma is bly, dit was my huis en my kar."], "af"), (["Hm."], ""), ([], "")])
def test_language(texts: list[str], code: str) -> None:
    asked: list[str] = []
    assert language.detect(texts, asked.append) == code
    assert asked == ([] if code in ("en", "ko", "") else ["py3langid"])
