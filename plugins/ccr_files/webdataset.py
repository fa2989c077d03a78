"""The dataset `webdataset`: tar shards as img2dataset writes them, read in place."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from attrs import field, frozen

import ccr
from ccr_files.rows import Faults, Raw, RowDataset
from ccr_files.shards import Member, members, shards

PICTURES = ("jpg", "jpeg", "png", "webp")


def _share(_: Any, attribute: Any, value: float) -> None:
    if not 0 <= value < 1:
        raise ValueError(f"{attribute.name} must be from 0 to below 1, not {value}")


@frozen
class WebDatasetSettings:
    source: str = ccr.setting("en", "Language of the .txt captions, which the others are translated from.")
    val: float = field(
        default=0.02,
        validator=_share,
        metadata={"help": "Share of the samples that name no split which is held out to validate, by their keys."},
    )


class WebDataset(RowDataset):
    """Samples by key: a picture, its source caption (.txt, or `caption` of its .json), `captions` of its .json."""

    settings: WebDatasetSettings  # type: ignore[assignment]

    def __init__(self, settings: Any, root: Any) -> None:
        super().__init__(settings, root)
        self._pictures: dict[str, Member] = {}

    def title(self) -> str:
        return self.root.parent.resolve().name if "{" in self.root.name else self.root.resolve().stem

    def read(self, item: ccr.Item) -> bytes:
        return self._pictures[item.id].read()

    def rows(self, faults: Faults) -> Iterator[Raw]:
        found = shards(self.root)
        absent = [shard for shard in found if not shard.is_file()]
        if absent:
            more = ", ..." if len(absent) > 3 else ""
            raise ccr.CcrError(
                f"{len(absent)} of {len(found)} shards are not there ({', '.join(map(str, absent[:3]))}{more}): fetch "
                "them, or correct the path"
            )
        for shard in found:
            samples: dict[str, dict[str, Member]] = {}
            try:
                for member in members(shard):
                    parts = samples.setdefault(member.key, {})
                    if member.ending in parts:
                        faults.add(f"{shard}: {member.name}", "stands twice; make the shard again")
                    parts[member.ending] = member
            except ccr.CcrError as error:
                faults.told.append(str(error))
                continue
            for key, parts in samples.items():
                row = self._row(f"{shard}: {key}", key, parts, faults)
                if row is not None:
                    yield row

    def _row(self, where: str, key: str, parts: dict[str, Member], faults: Faults) -> Raw | None:
        before = faults.count
        meta = self._meta(where, parts, faults)
        pictures = [parts[ending] for ending in PICTURES if ending in parts]
        if len(pictures) != 1:
            fetched = f"; it was not fetched: {meta['error_message']}" if meta.get("error_message") else ""
            count = "no picture" if not pictures else f"{len(pictures)} pictures"
            faults.add(where, f"has {count}, not one of {', '.join(PICTURES)}{fetched}; remove the sample, or mend it")
        texts = [meta["caption"]] if meta.get("caption") is not None else []
        if "txt" in parts:
            try:
                text = parts["txt"].read().decode("utf-8-sig").strip()
                texts = texts if texts and isinstance(texts[0], str) and texts[0].strip() == text else [*texts, text]
            except UnicodeDecodeError:
                faults.add(where, f"{parts['txt'].name} is not UTF-8; write it anew")
        if len(texts) > 1:
            faults.add(where, "its .txt and the caption of its .json differ; keep one")
        captions = meta.get("captions", [])
        if not isinstance(captions, list):
            faults.add(where, "captions of its .json must be a list")
        elif not texts and not captions:
            faults.add(where, "has no caption: neither .txt nor caption nor captions in its .json; remove the sample")
        if faults.count > before:
            return None
        self._pictures[key] = pictures[0]
        row = {
            "id": key,
            "split": meta.get("split", self._split(key)),
            "captions": [*({"lang": self.settings.source, "text": text} for text in texts), *captions],
        }
        return Raw(where, row)

    def _meta(self, where: str, parts: dict[str, Member], faults: Faults) -> dict[str, Any]:
        """What its .json holds; keys that ccr does not know are img2dataset's own."""
        if "json" not in parts:
            return {}
        try:
            meta = json.loads(parts["json"].read())
        except (ValueError, RecursionError) as error:
            faults.add(where, f"{parts['json'].name} is no JSON ({error}); make the shard again")
            return {}
        if not isinstance(meta, dict):
            faults.add(where, f"{parts['json'].name} is no JSON object; make the shard again")
            return {}
        return meta

    def _split(self, key: str) -> str:
        """The split of a sample that names none: which ones validate depends on nothing but their keys."""
        drawn = int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) / 16**8
        return "val" if drawn < self.settings.val else "train"
