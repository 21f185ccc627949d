"""The Typer app: one command a file, each imported when it runs."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from emocli.cli.usage import Command, Group
from emocli.errors import EXIT_INTERRUPTED, EmocliError, OutputError

#: Options that are no settings but said each time: no environment variable stands for them.
PER_CALL = frozenset("""version install-completion show-completion out overwrite quiet verbose wait
                        retry-failed embed json full preview reel video plot emotions link-people dry-run
                        embeddings person""".split())


class Commands(Group):
    """All commands, whose settings may also come from variables as `EMOCLI_ANALYZE_LANG`."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        commands: list[Any] = [self]
        for command in commands:
            commands += getattr(command, "commands", {}).values()
            for option in command.params:
                if {name.lstrip("-") for name in option.opts} & PER_CALL:
                    option.allow_from_autoenv = False


app = typer.Typer(name="emocli", cls=Commands, no_args_is_help=True, add_completion=True,
                  rich_markup_mode="rich",
                  context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "EMOCLI"},
                  pretty_exceptions_enable=False,
                  help="What was felt in this video, when, and how sure are we? Timed emotions from face, "
                       "voice and words, on your own machine. The scores say how others would label an "
                       "expression, not what a person feels.")


#: Commands in the order of the help, a file each, and those that have commands of their own.
COMMANDS = ("analyze", "live", "live-report", "report", "convert", "annotate", "mux", "clips", "name", "link",
            "summary", "compare", "init", "doctor", "train", "evaluate", "export")
GROUPS = ("models", "data")


def _register() -> None:
    for name in COMMANDS:
        module = name.replace("-", "_")
        command = getattr(import_module(f"emocli.cli.{module}"), f"{module}_command")
        app.command(name, cls=Command)(command)
    for name in GROUPS:
        app.add_typer(import_module(f"emocli.cli.{name}").app, name=name)


_register()


@app.callback(invoke_without_command=True)
def root(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option(
        "--version", help="Print the version and leave.", is_eager=True)] = False,
    config: Annotated[Path | None, typer.Option(
        help="Defaults of the options; emocli.toml here, or in the user's configuration folder, if left out "
             "(`emocli init` writes one).")] = None,
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
    if sys.stdout:
        sys.stdout.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]  # file names are bytes
    try:
        code = _run()
    except EmocliError as error:
        print(f"emocli: {error}", file=sys.stderr)
        code = error.exit_code
    if code == EXIT_INTERRUPTED:
        interrupt.leave()
    sys.stderr.flush()
    # Threads inside native code would be waited for, and taking PyTorch and numba apart costs half a second.
    os._exit(code)


def _run() -> int:
    """The exit code.  Raises `OutputError` when what was printed does not arrive."""
    code: object = 0
    try:
        try:
            app()
        except SystemExit as end:
            code = end.code
        if sys.stdout:
            sys.stdout.flush()
    except OSError as error:
        if error.filename is not None:
            raise  # of a file, not of what was printed
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # what waits for the other would fail again
        raise OutputError("standard output", f"cannot be written to ({error.strerror})",
                          "the results are there; leave it open to see their paths") from error
    return code if isinstance(code, int) else int(code is not None)
