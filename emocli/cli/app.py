"""The Typer app: one command a file, each imported when it runs."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from emocli.errors import EXIT_INTERRUPTED, EmocliError

app = typer.Typer(name="emocli", no_args_is_help=True, add_completion=True, rich_markup_mode="rich",
                  context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "EMOCLI"},
                  pretty_exceptions_enable=False,
                  help="What was felt in this video, when, and how sure are we? Timed emotions from face, "
                       "voice and words, on your own machine. The scores say how others would label an "
                       "expression, not what a person feels.")


#: Commands in the order of the help, a file each, and those that have commands of their own.
COMMANDS = ("analyze", "report", "convert", "annotate", "mux", "clips", "compare", "init", "doctor", "train",
            "evaluate", "export")
GROUPS = ("models", "data")


def _register() -> None:
    for name in COMMANDS:
        app.command(name)(getattr(import_module(f"emocli.cli.{name}"), f"{name}_command"))
    for name in GROUPS:
        app.add_typer(import_module(f"emocli.cli.{name}").app, name=name)


_register()


@app.callback(invoke_without_command=True)
def root(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.", is_eager=True)] = False,
    config: Annotated[Path | None, typer.Option(help="Defaults of the options; emocli.toml here, or in the user's "
                                                     "configuration folder, if left out (`emocli init` writes "
                                                     "one).")] = None,
) -> None:
    """Hold the options that belong to no command."""
    if version:
        from emocli import __version__

        typer.echo(f"emocli {__version__}")
        raise typer.Exit
    if ctx.invoked_subcommand in (None, "init"):
        return
    from emocli.cli import config as files

    ctx.default_map = files.defaults(config, ctx.command)


def main() -> None:
    """Entry point: run the app; our errors become one line and their exit code."""
    from emocli.cli import interrupt

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    interrupt.watch()
    try:
        app()
    except EmocliError as error:
        print(f"emocli: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except SystemExit as end:
        if end.code == EXIT_INTERRUPTED:
            interrupt.leave()  # threads inside native code would be waited for
        if end.code:
            raise
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)  # taking PyTorch and numba apart piece by piece costs half a second
