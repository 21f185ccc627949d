"""Text from outside, made harmless."""

from __future__ import annotations

import json

import pytest

from emocli.errors import InputError
from emocli.plaintext import escaped, printable


@pytest.mark.parametrize(("text", "shown"), [
    ("a\x1b[2Jb", "a�[2Jb"), ("a\r\n\tb\u2028c", "a b c"), ("\x9b31m\x7f\x00", "�31m��"),
    ("gnp\u202eabc\u2066", "gnp�abc�"),
    ("name\udcff.mp4", "name�.mp4"), ("안녕 👩\u200d👧 ‏שלום", "안녕 👩\u200d👧 ‏שלום")])
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(shown) == shown
    assert str(InputError(text, "is no video", "give another")) == f"{shown}: is no video. Give another."
    packed = escaped(json.dumps([text], ensure_ascii=False))
    assert json.loads(packed) == [text]
    assert not set(packed) & set("\x1b\x7f\x9b\u202e\u2066\udcff")
