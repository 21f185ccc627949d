"""The options of `emocli analyze`: their names and help.  Defaults are those of `AnalyzeOptions`,
`OutputOptions` and `Plan`."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Option

from emocli.errors import UsageError

#: The options of a batch, in the help.
_MANY = "Many videos"
#: The options of models, in the help.
_MODELS = "Models"

Paths = Annotated[list[str], Argument(
    metavar="PATH...", help="Videos, sound files, folders of them, or .txt files that list them; paths or "
                            "URLs (s3://, gs://, ...).")]
Out = Annotated[str | None, Option(
    "-o", "--out", help="Folder for the results; beside each video if left out. With several videos it also "
                        "keeps account, so that a second run does only what is left.")]
Formats = Annotated[str, Option(
    "-f", "--formats", help="Which files: csv, srt, vtt, ass, json, html (the report), eaf (ELAN), textgrid "
                            "(Praat), audacity.")]
Report = Annotated[bool, Option("--report", help="Also write the report page and the JSON behind it.")]
FaceFps = Annotated[float, Option(help="Frames a second that are searched for faces.")]
Transcript = Annotated[str, Option(help="auto, none, or a subtitle file.")]
AsrModel = Annotated[str, Option(
    help="Whisper size, the folder of a model of faster-whisper, or a .pt file.")]
AsrEngine = Annotated[str, Option(
    help="What runs Whisper: faster (faster-whisper, int8), openai (openai-whisper), or auto: faster on a "
         "CPU, openai on a GPU and for a .pt file.")]
Language = Annotated[str, Option(help="auto, or the code of the spoken language.")]
Device = Annotated[str, Option(help="auto, cpu or cuda.")]
Offline = Annotated[bool, Option("--offline", help="Fetch nothing.")]
Overwrite = Annotated[bool, Option("--overwrite", help="Replace results that are there.")]
Faces = Annotated[bool, Option("--faces", help="Also write <stem>.faces.csv.")]
Blendshapes = Annotated[bool, Option(
    "--blendshapes", help="Also write <stem>.faces.csv with the 52 blendshapes and the head's yaw, pitch and "
                          "roll of every face.")]
Smooth = Annotated[bool, Option("--smooth/--no-smooth", help="Blend each row lightly with its neighbours.")]
VoiceMode = Annotated[str, Option(
    help="fast (the small network), accurate, cascade (fast, and accurate where it is unsure), or auto (fast "
         "on a busy machine).")]
VoiceBaseline = Annotated[str, Option(
    metavar="[Sn=]FILE", help="A recording of the speaker, talking neutrally; helps where the video holds "
                              "little speech. With S1= in front, of the first of several speakers.")]
Speakers = Annotated[str, Option(
    help="Tell speakers apart: auto, off, their number, or an .rttm file of turns (pyannote's, say).")]
TextMode = Annotated[str, Option(
    help="accurate (a sentence encoder), or fast (a small network of n-grams).")]
Face = Annotated[str, Option(
    metavar="MODEL", help="Which model reads the face: builtin:default, KIND:FILE or KIND:ID, an ensemble as "
                          "A+B; see docs/models.md and `emocli models list`.", rich_help_panel=_MODELS)]
Voice = Annotated[str, Option(metavar="MODEL", help="Which reads the voice.", rich_help_panel=_MODELS)]
Text = Annotated[str, Option(metavar="MODEL", help="Which reads the words.", rich_help_panel=_MODELS)]
Labels = Annotated[str, Option(
    metavar="FILE", help="A .toml file that says what a model's labels stand for, as LABEL_0 = \"anger\".",
    rich_help_panel=_MODELS)]
Weights = Annotated[str, Option(
    metavar="SHARES", help="Shares of an ensemble's models, as 0.6,0.4; alike if left out.",
    rich_help_panel=_MODELS)]
Features = Annotated[str, Option(
    metavar="KIND", help="What a Keras model of the voice takes: mfcc40-mean, mfcc40x128 or logmel.",
    rich_help_panel=_MODELS)]
Fusion = Annotated[str, Option(
    metavar="FILE", help="Weights of fusion, as `emocli train fusion --voice MODEL` writes them.",
    rich_help_panel=_MODELS)]
Trust = Annotated[bool, Option(
    "--trust", help="Allow models that would run code or unpickle.", rich_help_panel=_MODELS)]
Commercial = Annotated[bool, Option(
    "--commercial", help="Use only weights that may be used commercially: voice and words, not the face.")]
Workers = Annotated[str, Option(
    help="Videos at a time: auto (what cores and free memory bear), or a number.", rich_help_panel=_MANY)]
Include = Annotated[list[str] | None, Option(
    help="Only files that match, as '*.mkv' or 'day1/*'; may be repeated.", rich_help_panel=_MANY)]
Exclude = Annotated[list[str] | None, Option(
    help="No files that match; may be repeated.", rich_help_panel=_MANY)]
Timeout = Annotated[float, Option(
    min=0, help="Seconds that one video may take; 0 for any time.", rich_help_panel=_MANY)]
Combine = Annotated[bool, Option(
    "--combine", help="Also write all rows into all.emotions.csv (with -o).", rich_help_panel=_MANY)]
Parquet = Annotated[bool, Option(
    "--parquet", help="Also write batch.csv and all.emotions.csv as Parquet (with -o).",
    rich_help_panel=_MANY)]
RetryFailed = Annotated[bool, Option(
    "--retry-failed", help="Try again what failed in an earlier run (with -o).", rich_help_panel=_MANY)]
Wait = Annotated[bool, Option(
    "--wait", help="Wait for another run on the same folder (with -o).", rich_help_panel=_MANY)]
Engine = Annotated[str, Option(
    help="local, or ray for several machines (with -o; docs/cluster.md).", rich_help_panel=_MANY)]
RayAddress = Annotated[str, Option(help="Of the Ray cluster.", rich_help_panel=_MANY)]
Quiet = Annotated[bool, Option("-q", "--quiet", help="Print only the paths written.")]
Verbose = Annotated[bool, Option("-v", "--verbose", help="Say more on standard error.")]


def shares(text: str) -> tuple[float, ...]:
    """The numbers of `--weights`.  Raises `UsageError`."""
    try:
        return tuple(float(part) for part in text.split(",")) if text else ()
    except ValueError as error:
        raise UsageError("--weights", f"{text} are no numbers", "give them as 0.6,0.4") from error
