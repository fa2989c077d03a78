"""Errors that a user can mend. The command line prints them as one sentence and exits with code 2."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccr.specs import Item


class CcrError(Exception):
    """Bad input: the message names the file, the row or the key, and the remedy."""

    exit_code = 2


class SealedSplitError(CcrError):
    """The test split was asked for outside of the harness's own evaluation."""


class PartlyReadError(CcrError):
    """Rows of a source are not what they should be, and all of them are told; `items` is what the others hold.

    A dataset's reader raises it where it can. A run refuses it; `ccr data check` goes on with the items.
    """

    def __init__(self, text: str, items: Sequence[Item]) -> None:
        super().__init__(text)
        self.items = items


class NotAdaptableError(CcrError):
    """The encoder has no text tower that an adapter can enter."""


def nearest(name: str, known: Iterable[str]) -> str:
    """' (did you mean "x"?)' for the closest known name, '' if none is close."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f' (did you mean "{close[0]}"?)' if close else ""
