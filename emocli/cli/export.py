"""`emocli export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emocli.cli.optional import optional_dependency
from emocli.errors import UsageError


def export_command(
    modality: Annotated[str, typer.Argument(help="face, voice, text or fusion.")],
    form: Annotated[str, typer.Option("--format", help="keras, tflite or onnx (face); torchscript or onnx (the "
                                                       "others).")],
    quantize: Annotated[str, typer.Option(help="How weights are stored: none, fp16 or int8.")] = "none",
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The file to write; MODALITY with the format's ending "
                                                                 "if left out.")] = None,
    data: Annotated[Path | None, typer.Option(help="The data folder, to compare macro-F1 on its test split.")] = None,
    language: Annotated[str, typer.Option(help="Whose head the text network answers with: en or ko.")] = "en",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
) -> None:
    """Write a shipped network in another form, load it again and say how far it differs.

    Example: emocli export voice --format onnx --quantize int8 -o voice.onnx
    """
    from emocli.text.reader import SUPPORTED
    from emocli.training import export

    for name, given, known in (("the network", modality, tuple(export.FORMATS)),
                               ("--quantize", quantize, export.QUANTIZE), ("--language", language, SUPPORTED)):
        if given not in known:
            raise UsageError(name, f"{given} is not known", f"choose from {', '.join(known)}")
    ending = export.ENDINGS.get(form, "")
    target = out or Path(modality + ending)
    if ending and target.suffix != ending:
        raise UsageError(target, f"does not end in {ending}", f"give -o {target.with_suffix(ending)}")
    if target.exists() and not overwrite:
        raise UsageError(target, "is there already", "give --overwrite, or another -o")
    with optional_dependency("emocli export"):
        report = export.export(modality, target, form=form, quantize=quantize, data=data, language=language)
    scores = f"scores differ by at most {report.difference:.1e}"
    if report.f1:
        scores += f", macro-F1 {report.f1[0]:.3f} before and {report.f1[1]:.3f} after"
    typer.echo(f"wrote {target}, {report.bytes / 1e6:.2f} MB; loaded again, {scores}")
