"""A page from its template, words, style and scripts: one file that needs no network.

Whatever comes from outside (names, words) is escaped by Jinja2 or travels as JSON; the page's policy allows
no script and no style but those that it carries, by their hash.
"""

from __future__ import annotations

import base64
import hashlib
import json
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from emocli.emotions import CLASSES, INDEX

#: Colours of persons, apart from the emotions' and, as those of parts of a plot must, at 3:1 or more on the
#: light and on the dark page.
PERSONS = ("#7c5cd6", "#8a7a00", "#a5573f", "#178a94", "#c2437f", "#4b6bdc", "#5f8f2e", "#6b7a8f")


@cache
def words(language: str) -> dict[str, Any]:
    """The page's words in a language of `emotions.LANGUAGES`."""
    return tomllib.loads(_part(f"{language}.toml"))


@cache
def _part(name: str) -> str:
    return files("emocli.outputs.page").joinpath(name).read_text(encoding="utf-8")


def page(template: str, language: str, *, scripts: tuple[str, ...], data: dict[str, Any],
         **values: Any) -> str:
    """The page of a template's `values`; its `scripts` read `data`."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    code = "\n".join(_part(name) for name in scripts)
    css = _part("page.css") + _part(f"{template}.css") + _colours()
    environment = Environment(loader=FunctionLoader(_part), autoescape=True, undefined=StrictUndefined,
                              trim_blocks=True)
    # A "<" would let a text end the element that holds the data.
    packed = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return environment.get_template(f"{template}.html").render(
        lang=language, t=words(language), classes=CLASSES, index=INDEX,
        policy=_policy(code, css, str(values.get("media", ""))),
        css=Markup(css), script=Markup(code), data=Markup(packed), **values)


def _colours() -> str:
    emotions = (f".c{i} {{ background-color: {own.colour}; fill: {own.colour}; }}\n"
                for i, own in enumerate(CLASSES))
    persons = (f".p{i} {{ background-color: {colour}; }}\n" for i, colour in enumerate(PERSONS))
    return "".join((*emotions, *persons))


def _policy(code: str, css: str, media: str) -> str:
    remote = " http: https:" if media.startswith(("http://", "https://")) else ""
    return (f"default-src 'none'; script-src {_hash(code)}; style-src {_hash(css)}; img-src data:; "
            f"media-src 'self' file: data:{remote}; base-uri 'none'; form-action 'none'")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def clock(seconds: float) -> str:
    """`1:02:03`, without the hours when there are none."""
    minutes, rest = divmod(round(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
