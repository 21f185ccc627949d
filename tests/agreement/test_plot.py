"""The plot of two codings."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np

from emocli.agreement.kappa import agreement
from emocli.agreement.plot import confusion_svg
from emocli.emotions import EMOTIONS


def test_names_and_seconds_are_text() -> None:
    of_two = agreement(np.array([2.5, 1.0]), np.array([[0, 0], [1, 0]]))
    svg = confusion_svg(of_two, "<anna> $x$", "b\x1b[2Jen")
    assert svg == confusion_svg(of_two, "<anna> $x$", "b\x1b[2Jen")
    words = "".join(ElementTree.fromstring(svg).itertext())
    for word in ("<anna> $x$", "b�[2Jen", "2.5 s", "100%", "agree on 71.4%", *EMOTIONS):
        assert word in words
