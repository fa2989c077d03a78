"""Opening a dataset by its name, or by the path of a file: what is missing is known before anything is read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from ccr.base import Dataset
from ccr.data.records import Data, seal
from ccr.data.translations import Translation, mt_files, mt_folder, read_translations
from ccr.errors import CcrError
from ccr.host import Host
from ccr.loading import why
from ccr.specs import DatasetSpec


@frozen(eq=False)
class Opening:
    """A dataset that is named and set up, and not read yet."""

    spec: DatasetSpec
    dataset: Dataset
    root: Path | None
    lost: str  # why its root is not known; "" = it is, or none is needed
    translations: tuple[Translation, ...]  # from files of their own
    refused: tuple[str, ...] = ()  # what is wrong with those files, all of which are then left aside

    def missing(self, *, pictures: bool = True, mt: Sequence[str] = ()) -> list[str]:
        """One sentence per thing that is not in place. `mt` are languages that machine translations are needed of."""
        found = [*([self.lost] if self.lost else []), *self.refused, *self._absent(pictures)]
        there = {row.lang for row in self.translations}
        unheard = [] if self.spec.holds_mt or self.refused else [lang for lang in mt if lang not in there]
        if unheard:
            folder = mt_folder(self.root or Path())
            place = f" --data-root {self.root}" if self.root and not self.lost and "CCR_DATA" not in os.environ else ""
            words = f"{self.spec.name}{place} --to {','.join(unheard)} --translator"
            found.append(
                f"no machine-translated captions in {', '.join(unheard)} to train on: make them with `ccr translate "
                f"{words} hf:Helsinki-NLP/opus-mt-{self.spec.source_lang}-{{target}}`, or put a JSONL of them into "
                f"{folder}, or name one with --mt (docs/data.md says what a row holds)"
            )
        return found

    def _absent(self, pictures: bool) -> Sequence[str]:
        try:
            return self.dataset.missing(pictures)
        except CcrError as error:
            return str(error).split("\n")
        except Exception as error:  # a plugin's, over files that nobody has looked at
            return [f"the reader of {self.spec.name} failed: {why(error)}"]

    def open(self, **checked: Any) -> Data:
        """The dataset, its test split sealed. Only once nothing is missing. `checked`: what `Data` takes of a check."""
        seal(self.dataset, self.spec.name)
        return Data(self.dataset.describe(self.spec), self.dataset, self.translations, **checked)


def opening(
    host: Host, spec: DatasetSpec, settings: Any, *, root: Path | None = None, mt: Sequence[Path] = ()
) -> Opening:
    """A dataset with its files below `root`, else below $CCR_DATA/<name>; `settings` is of the spec's class.

    `mt` are files of machine-translated captions, beside those in the root's own folder.
    """
    lost = ""
    if root is None and spec.needs_root:
        if "CCR_DATA" in os.environ:
            root = Path(os.environ["CCR_DATA"]) / spec.name
        else:
            lost = f"dataset {spec.name} reads files: name their folder with --data-root, or set CCR_DATA to its parent"
            root = Path("$CCR_DATA") / spec.name  # what is missing is named as it will be found there
    dataset: Dataset = host.resolve(spec.factory)(settings, root)
    try:
        return Opening(spec, dataset, root, lost, read_translations([*mt_files(root), *mt]))
    except CcrError as error:
        return Opening(spec, dataset, root, lost, (), tuple(str(error).split("\n")))


def open_data(host: Host, spec: DatasetSpec, root: Path | None, settings: Any) -> Data:
    """Open a dataset at once. What is missing is told all together."""
    door = opening(host, spec, settings, root=root)
    require(spec.name, door.missing())
    return door.open()


def require(what: str, missing: Sequence[str]) -> None:
    """Raises CcrError with all that is missing; nothing if nothing is."""
    if missing:
        raise CcrError(f"{what} is not complete:\n" + "\n".join(f"  - {sentence}" for sentence in missing))
