"""`emocli export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emocli.cli.inputs import target
from emocli.cli.optional import optional_dependency
from emocli.cli.parameters import Overwrite, out_file
from emocli.errors import UsageError
from emocli.plaintext import printable


def export_command(
    modality: Annotated[str, typer.Argument(
        help="face, voice, text-small (the n-grams) or fusion.")],
    form: Annotated[str, typer.Option(
        "--format", help="keras, tflite or onnx (face); torchscript or onnx (the others).")],
    quantize: Annotated[str, typer.Option(help="How weights are stored: none, fp16 or int8.")] = "none",
    out: Annotated[Path | None, out_file("MODALITY with the format's ending")] = None,
    data: Annotated[Path | None, typer.Option(
        help="The data folder, to compare macro-F1 on its test split.")] = None,
    language: Annotated[str, typer.Option(
        help="Whose head text-small answers with: en or ko.")] = "en",
    overwrite: Overwrite = False,
) -> None:
    """Write a shipped network in another form, load it again and say how far it differs.

    Example: emocli export voice --format onnx --quantize int8 -o voice.onnx
    """
    from emocli.text.reader import SUPPORTED
    from emocli.training import export

    for name, value, known in (("the network", modality, tuple(export.FORMATS)),
                               ("--quantize", quantize, export.QUANTIZE),
                               ("--language", language, SUPPORTED)):
        if value not in known:
            raise UsageError(name, f"{value} is not known", f"choose from {', '.join(known)}")
    ending = export.ENDINGS.get(form, "")
    path = target(out, Path(modality + ending), overwrite=overwrite)
    if ending and path.suffix != ending:
        raise UsageError(path, f"does not end in {ending}", f"give -o {path.with_suffix(ending)}")
    with optional_dependency("emocli export"):
        report = export.export(modality, path, form=form, quantize=quantize, data=data, language=language)
    scores = f"scores differ by at most {report.difference:.1e}"
    if report.f1:
        scores += f", macro-F1 {report.f1[0]:.3f} before and {report.f1[1]:.3f} after"
    typer.echo(f"wrote {printable(path)}, {report.bytes / 1e6:.2f} MB; loaded again, {scores}")
    if report.temperature != 1:
        typer.echo(f"calibrated scores are softmax(logits / {report.temperature:.4g})")
