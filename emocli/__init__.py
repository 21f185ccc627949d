"""emocli: timed, fused, calibrated emotions of a video, on your own machine.

    import emocli
    timeline = emocli.analyze("interview.mp4")
    print(timeline.to_dataframe())
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["EMOTIONS", "AnalyzeOptions", "Analyzer", "EmocliError", "Timeline", "analyze"]

_HOMES = {"EMOTIONS": "emocli.emotions", "AnalyzeOptions": "emocli.options", "Analyzer": "emocli.analyzer",
          "EmocliError": "emocli.errors", "Timeline": "emocli.timeline.types", "analyze": "emocli.analyzer"}

if TYPE_CHECKING:
    from emocli.analyzer import Analyzer, analyze
    from emocli.emotions import EMOTIONS
    from emocli.errors import EmocliError
    from emocli.options import AnalyzeOptions
    from emocli.timeline.types import Timeline


def __getattr__(name: str) -> Any:
    """Import on first use (PEP 562), so that `import emocli` and `emocli --help` stay quick."""
    if name not in _HOMES:
        raise AttributeError(f"module 'emocli' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
