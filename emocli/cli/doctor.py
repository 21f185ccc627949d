"""`emocli doctor`."""

from __future__ import annotations

import typer

#: Packages whose versions explain most trouble.
PACKAGES = ("torch", "tensorflow", "keras", "ai-edge-litert", "opencv-python-headless", "av", "librosa",
            "faster-whisper", "openai-whisper", "silero-vad", "mtcnn", "pandas", "numpy", "moviepy")


def doctor_command() -> None:
    """Say what this installation is made of and whether each part works.

    Example: emocli doctor
    """
    import os
    import platform
    from importlib.metadata import PackageNotFoundError, version

    from emocli import __version__, weights
    from emocli.errors import EmocliError, WeightsError

    typer.echo(f"emocli {__version__}, Python {platform.python_version()}, {platform.platform()}, "
               f"{os.cpu_count()} cores")
    for name in PACKAGES:
        try:
            typer.echo(f"  {name:24} {version(name)}")
        except PackageNotFoundError:
            typer.echo(f"  {name:24} MISSING: install emocli again")
    damaged = False
    for weight in weights.manifest().values():
        state = weights.state(weight)
        damaged |= state == "damaged" or (weight.bundled and state != "ok")
        typer.echo(f"  weights {weight.name:16} {state}: {weight.path}")
    typer.echo(f"  cache   {weights.cache_folder()}")
    if damaged:
        raise WeightsError("weights", "some are missing or damaged", "install emocli again")
    try:
        import numpy as np

        from emocli.face.process import FaceProcess

        with FaceProcess(weights.resolve("face-litert"), device="cpu") as process:
            process.classify(np.zeros((1, 48, 48), np.uint8)).result(timeout=120)
        typer.echo("  face process             ok")
    except EmocliError as error:
        typer.echo(f"  face process             FAILED: {error}")
        raise typer.Exit(1) from error
