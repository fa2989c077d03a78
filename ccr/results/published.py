"""Results of the literature, which may stand beside ours and are never tested against them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import frozen

from ccr import yamlstrict
from ccr.errors import CcrError, nearest
from ccr.settings import make_settings

FILE = Path(__file__).with_name("published.yaml")


@frozen(kw_only=True)
class Published:
    """One published result on one dataset."""

    method: str
    setting: str  # what it was trained on, in a few words
    source: str  # where the figures were read
    dataset: str
    test: str  # what it was tested on
    values: Mapping[str, Mapping[str, float]]  # "AR" or "R@1 t2i" -> language or "*" -> percent
    note: str = ""
    selection: str = ""  # how its checkpoint was chosen, where that is known


@frozen
class _File:
    results: tuple[Published, ...]


def published(names: Sequence[str] = ()) -> tuple[Published, ...]:
    """The shipped results, or those of the methods named. CcrError: a name that none has."""
    document = yamlstrict.read(FILE)
    document.check()
    results = make_settings(_File, document.data, document.at).results
    known = dict.fromkeys(result.method for result in results)
    for name in names:
        if name not in known:
            raise CcrError(f'no published result is of "{name}"{nearest(name, known)}; there are {", ".join(known)}')
    return tuple(result for result in results if not names or result.method in names)
