"""The confusion matrix of two codings as a plot (matplotlib)."""

from __future__ import annotations

import io

import numpy as np

from emocli.agreement.kappa import Agreement
from emocli.emotions import EMOTIONS
from emocli.plaintext import printable

#: Share of a row's time from which its number is white on the dark blue.
DARK = 0.65


def confusion_svg(agreement: Agreement, first: str, second: str) -> str:
    """The matrix as SVG whose text stays text: shares of each row's time, and seconds."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    seconds = agreement.confusion
    shares = seconds / seconds.sum(1, keepdims=True).clip(min=1e-9)
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "emocli", "text.parse_math": False}):
        figure = Figure(figsize=(7, 6.6), layout="constrained")
        axes = figure.add_subplot()
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for (row, column), share in np.ndenumerate(shares):
            axes.text(column, row, f"{share:.0%}\n{seconds[row, column]:.1f} s", ha="center", va="center",
                      fontsize=9, color="white" if share > DARK else "black")
        axes.set_xticks(range(len(EMOTIONS)), EMOTIONS, rotation=40, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(EMOTIONS)), EMOTIONS)
        axes.set(xlabel=printable(second), ylabel=printable(first))
        figure.suptitle(f"agree on {agreement.agree:.1%} of the time, Cohen's kappa {agreement.kappa:.2f}")
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()
