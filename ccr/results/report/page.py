"""A self-contained page: sections, styles, scripts and data in one file that asks the network for nothing."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import field, frozen

HERE = Path(__file__).parent


@frozen(kw_only=True)
class Section:
    """One part of a page: static HTML, and data that the renderer `kind` of the page's scripts draws below it."""

    title: str
    kind: str = ""  # CCR.render[kind](root, data, chapter); "" = the HTML is all
    html: str = ""  # its text escaped already
    data: Any = None  # JSON-able


@frozen(kw_only=True)
class Chapter:
    """Sections about the same rows."""

    title: str
    labels: Sequence[str] = ()  # of the rows; a row has one colour throughout
    sections: Sequence[Section] = field(factory=list)


def page(title: str, lead: str, chapters: Sequence[Chapter], scripts: Sequence[str], styles: Sequence[str]) -> str:
    """The page. `title` and `lead` are plain text; scripts and styles are files beside this one."""
    data: list[Mapping[str, Any]] = []
    body, places = [], []
    for number, chapter in enumerate(chapters, 1):
        sections = []
        for place, section in enumerate(chapter.sections, 1):
            name = f"s{number}-{place}"
            places.append((name, section.title, chapter.title if len(chapters) > 1 else ""))
            if section.kind:
                data.append({"id": name, "kind": section.kind, "chapter": number - 1, "data": section.data})
            canvas = f'<div class="canvas" data-section="{name}"></div>' if section.kind else ""
            sections.append(
                f'<section id="{name}" aria-labelledby="{name}-t"><h3 id="{name}-t">{escape(section.title)}</h3>'
                f"{section.html}{canvas}</section>"
            )
        legend = f'<div class="legend" data-legend="{number - 1}"></div>' if len(chapter.labels) > 1 else ""
        body.append(f"<article><h2>{escape(chapter.title)}</h2>{legend}{''.join(sections)}</article>")
    rows = [{"title": chapter.title, "labels": list(chapter.labels)} for chapter in chapters]
    parts = {
        "TITLE": escape(title),
        "LEAD": escape(lead),
        "NAV": _navigation(places),
        "BODY": "".join(body),
        "STYLE": "\n".join(_file(name) for name in styles),
        "SCRIPT": "\n".join(_file(name) for name in scripts),
        "DATA": embedded({"chapters": rows, "sections": data}),
    }
    out: list[str] = []
    for piece in _file("page.html").split("%%"):  # %%NAME%%: replaced in one pass, so that no text is taken for a place
        out.append(parts.get(piece, piece) if len(out) % 2 else piece)
    return "".join(out)


def escape(text: str) -> str:
    """Text for HTML, in an attribute or out of one."""
    return html.escape(text, quote=True)


def foreign(text: str, lang: str, tag: str = "span", kind: str = "") -> str:
    """Text in its language: fonts, hyphenation and direction follow it."""
    shown = f' class="{kind}"' if kind else ""
    return f'<{tag}{shown} lang="{escape(lang)}" dir="auto">{escape(text)}</{tag}>'


def embedded(value: Any) -> str:
    """JSON that can stand in a <script>: nothing in it closes the element or opens a comment; NaN becomes null."""
    text = json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _navigation(places: Sequence[tuple[str, str, str]]) -> str:
    links, chapter = [], ""
    for name, title, group in places:
        if group != chapter:
            links.append(f'<span class="group">{escape(group)}</span>')
            chapter = group
        links.append(f'<a href="#{name}">{escape(title)}</a>')
    return "".join(links)


def _file(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
