"""Makes the JSONL of docs/real-photos.md from a folder of captioned Flickr photos with precomputed features.

    python docs/examples/real_photos.py FOLDER features.npz photos.jsonl [ENGINE]

ENGINE made the translations into Chinese that train: google-2016 (the default) or baidu-2016; others are left out.
FOLDER holds captions.jsonl, a row per photo: `id`, and `captions` with `lang` (en, de, fr, cs, zh, and en-flickr8k for
a second English set), `origin`, `text` and, for translations, `parallel_to` ("en#0": the first of that language).
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

SHARES = {"test": 1000 / 7235, "val": 500 / 7235}


def split_of(photo: str) -> str:
    """By the photo alone, whatever the order of the rows."""
    draw = int.from_bytes(hashlib.sha256(f"split/{photo}".encode()).digest()[:8], "big") / 2**64
    if draw < SHARES["test"]:
        return "test"
    return "val" if draw < SHARES["test"] + SHARES["val"] else "train"


def converted(row: dict[str, Any], mt: str) -> dict[str, Any]:
    """A row of `ccr`'s JSONL: both English sets are English, and parallels are told by caption ids."""
    captions, counts = [], {}
    tested = split_of(row["id"]) == "test"
    for caption in row["captions"]:
        lang, origin = caption["lang"], caption["origin"]
        if origin.startswith("mt:") and (origin != mt or tested):  # people's captions are tested, and nothing else
            continue
        number = counts.setdefault((lang, origin), 0)
        counts[lang, origin] += 1
        made = {
            "id": f"{row['id']}#{lang}-{number}" + ("-mt" if origin == mt else ""),
            "lang": lang.partition("-")[0],
            "text": caption["text"],
            "origin": origin,
        }
        if "parallel_to" in caption:
            made["parallel"] = f"{row['id']}#{caption['parallel_to'].replace('#', '-')}"
        captions.append(made)
    return {"id": row["id"], "split": split_of(row["id"]), "captions": captions}


def twins(features: str) -> set[str]:
    """Photos that lie there under an earlier id, too: equal features."""
    seen: dict[bytes, str] = {}
    with np.load(features) as archive:
        pairs = zip(archive["ids"].tolist(), archive["features"], strict=True)
        return {photo for photo, row in pairs if seen.setdefault(row.tobytes(), photo) != photo}


def main(folder: str, features: str, out: str, engine: str = "google-2016") -> None:
    rows = [json.loads(line) for line in (Path(folder) / "captions.jsonl").read_text(encoding="utf-8").splitlines()]
    left_out = twins(features)
    made = [json.dumps(converted(row, f"mt:{engine}"), ensure_ascii=False) for row in rows if row["id"] not in left_out]
    Path(out).write_text("\n".join(made) + "\n", encoding="utf-8")
    print(f"{len(made)} photos; left out as twins: {', '.join(sorted(left_out)) or 'none'}")


if __name__ == "__main__":
    main(*sys.argv[1:])
