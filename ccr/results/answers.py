"""What a search found, for a terminal and as a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import frozen

from ccr.errors import CcrError
from ccr.results.report.page import Chapter, Section, escape, foreign, page
from ccr.results.report.pictures import thumbnail
from ccr.results.table import display_width
from ccr.specs import Item

SIDE = 224  # pixels of a picture on the page


@frozen
class Answer:
    """One text, and what was found for it, best first: the score, the item and its source-language captions."""

    text: str
    found: Sequence[tuple[float, Item, Sequence[str]]]


def answers_text(answers: Sequence[Answer]) -> str:
    """Below each text a line per picture: place, cosine, path or id, first caption."""
    blocks = []
    for answer in answers:
        names = [str(item.path or item.id) for _, item, _ in answer.found]
        width = max(map(display_width, names))
        places = len(str(len(names)))
        lines = [
            f"  {place:>{places}}  {score:.3f}  {name}{' ' * (width - display_width(name))}  {' '.join(captions[:1])}"
            for place, (name, (score, _, captions)) in enumerate(zip(names, answer.found, strict=True), 1)
        ]
        blocks.append("\n".join([answer.text, *(line.rstrip() for line in lines)]))
    return "\n\n".join(blocks)


def answers_page(answers: Sequence[Answer], lang: str, source: str, method: str, read: Callable[[Item], bytes]) -> str:
    """A page with the pictures. One that cannot be read is told in its place."""
    sections = [
        Section(title="", html=foreign(answer.text, lang, "p", "asked") + _found(answer, source, read))
        for answer in answers
    ]
    lead = f"found by {method}, which read {lang}; cosines of text and picture"
    return page("Search", lead, [Chapter(title="", sections=sections)], ["theme.js"], ["base.css", "answers.css"])


def _found(answer: Answer, source: str, read: Callable[[Item], bytes]) -> str:
    cells = []
    for place, (score, item, captions) in enumerate(answer.found, 1):
        caption = captions[0] if captions else ""
        try:
            shown = f'<img src="{thumbnail(read(item), SIDE)}" alt="{escape(caption or item.id)}">'
        except CcrError as error:
            shown = f'<span class="none">{escape(str(error))}</span>'
        cells.append(
            f'<li>{shown}<span class="id">{place}. {escape(item.id)} · {score:.3f}</span>'
            f"{foreign(caption, source) if caption else ''}</li>"
        )
    return f'<ol class="thumbs">{"".join(cells)}</ol>'
