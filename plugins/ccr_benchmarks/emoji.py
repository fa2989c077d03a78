"""Emoji: the pictures and the names of three npm packages, unpacked. Short captions by people, in a hundred languages.

`emoji-datasource-google` draws 1,911 emoji and 1,875 variants of those that show people or hands, in five skin tones;
CLDR's annotations name them: "woman cook: medium-dark skin tone". All emoji without a tone train, and of the grid
person x gender x tone three cells in five. The two others of each person, one validated and one tested, are new
combinations of words that trained.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from attrs import frozen

import ccr
from ccr_benchmarks.catalogue import EMOJI
from ccr_benchmarks.reading import absent_files, absent_pictures, first_of, read_json, refuse, telling

PACKAGES = {  # npm package -> version, integrity as the registry tells it, what is read of it
    "emoji-datasource-google": (
        "16.0.0",
        "sha512-ZRexfzs7MVoLnmzZmNsO4TKhnAJp5D++Vm6PpUpH/jEQQlemp3l88CjZ+DoZ2faM9R4QxZkOPJCoT8DlPhfQ3A==",
        ("emoji.json", "img/google/64/"),
    ),
    "cldr-annotations-full": (
        "48.2.0",
        "sha512-DV7A+rEcgUSNTRsVGNGqBZRmAkGfwhGHO5Q1dRwzBoBnVrHWp804JP7/QJdEc66iHmx3+zLWVIMCFLm0lW7PUQ==",
        ("annotations/",),
    ),
    "cldr-annotations-derived-full": (
        "48.2.0",
        "sha512-log62km+AOzI7n/NEuNNFV0mg9DWnt67EYCh1RwxZq9dyRuyteB586LT83Ke8TchEfnwI9cIk2P31zO4nTvZmw==",
        ("annotationsDerived/",),
    ),
}
FROM = (
    "`ccr data prepare emoji` fetches them; or `npm pack` emoji-datasource-google, cldr-annotations-full and "
    "cldr-annotations-derived-full, and unpack each into a folder of its name"
)

_TONES = ("1F3FB", "1F3FC", "1F3FD", "1F3FE", "1F3FF")
_CELLS = {0: "test", 1: "val"}  # the other three of five train
_ALIKE = ("1F3C2",)  # the snowboarder, whose tones are one picture, trains


@frozen
class _Emoji:
    """A picture of emoji.json."""

    id: str  # the stem of its file
    text: str  # the emoji itself, without variation selectors, as CLDR's keys are
    split: str


class Emoji(ccr.Dataset):
    """One item a picture."""

    root: Path

    def __init__(self, settings: Any, root: Path) -> None:
        super().__init__(settings, root)
        self.folders = {name: first_of(root / name, root / "node_modules" / name) for name in PACKAGES}
        google, full, derived = self.folders.values()
        self.list, self.pictures = google / "emoji.json", google / "img" / "google" / "64"
        self.names = {
            lang: (
                full / "annotations" / lang / "annotations.json",
                derived / "annotationsDerived" / lang / "annotations.json",
            )
            for lang in EMOJI
        }

    def items(self, split: str) -> Iterator[ccr.Item]:
        found = [emoji for emoji in self._emoji if emoji.split == split]
        refuse(
            [
                f"{self.list}: {emoji.id} has no English name in CLDR; fetch all packages again"
                for emoji in found
                if emoji.text not in self._named["en"]
            ]
        )
        return map(self._item, found)

    def _item(self, emoji: _Emoji) -> ccr.Item:
        captions = []
        for lang, of in self._named.items():
            if emoji.text not in of:
                continue
            name, path = of[emoji.text]
            captions.append(
                ccr.Caption(
                    f"{emoji.id}#{lang}",
                    lang,
                    name,
                    origin="human" if lang == "en" else "human-translation",
                    parallel=None if lang == "en" else f"{emoji.id}#en",
                    tags={"at": f"{path}: {emoji.id}"},  # the code points, as a terminal may not draw its key
                )
            )
        return ccr.Item(emoji.id, tuple(captions), source="emoji-google")

    def test_items(self, test_set: str) -> Iterator[ccr.Item]:
        return self.items("test")

    def read(self, item: ccr.Item) -> bytes:
        """On white: encoders know no transparency, and dark hair would be lost on black."""
        from PIL import Image

        path = self._picture(item.id)
        with Image.open(path) as picture:
            drawn = picture.convert("RGBA")
        ground = Image.new("RGBA", drawn.size, "white")
        ground.alpha_composite(drawn)
        buffer = io.BytesIO()
        ground.convert("RGB").save(buffer, "PNG")
        return buffer.getvalue()

    def missing(self, pictures: bool = True) -> Sequence[str]:
        files = [self.list, *(path for paths in self.names.values() for path in paths)]
        told = absent_files(files, self.root, FROM)
        if pictures:
            with telling(told):
                names = [self._picture(emoji.id).name for emoji in self._emoji] if self.list.is_file() else []
                told += absent_pictures(self.pictures, names, FROM)
        return told

    def downloads(self) -> Sequence[ccr.Download]:
        return [
            ccr.Download(
                url=f"https://registry.npmjs.org/{name}/-/{name}-{version}.tgz",
                path=self.root,
                members={f"package/{read}": f"{self.folders[name].relative_to(self.root)}/{read}" for read in parts},
                digest=integrity,
            )
            for name, (version, integrity, parts) in PACKAGES.items()
        ]

    def _picture(self, id: str) -> Path:
        return self.pictures / f"{id}.png"

    @cached_property
    def _named(self) -> dict[str, dict[str, tuple[str, Path]]]:
        """By language and emoji, its name and the file that says it."""
        faults: list[str] = []
        found = {lang: _names(paths, faults) for lang, paths in self.names.items()}
        refuse(faults)
        return found

    @cached_property
    def _emoji(self) -> list[_Emoji]:
        found, faults = [], []
        for k, row in enumerate(read_json(self.list, list)):
            try:
                base = str(row["unified"])
                found.append(_Emoji(Path(row["image"]).stem, _text(base), "train"))
                for tones, variant in row.get("skin_variations", {}).items():
                    split = "train" if base in _ALIKE else _split(base, tones)
                    found.append(_Emoji(Path(variant["image"]).stem, _text(variant["unified"]), split))
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                faults.append(f"{self.list}: row {k + 1} lacks {error}, or holds another value; fetch it again")
        refuse(faults)
        return found


def _split(base: str, tones: str) -> str:
    """Of a person's tones every fifth is tested, and the next one validated; two tones make a Latin square."""
    first, *others = (_TONES.index(tone) for tone in tones.split("-"))
    start = int(hashlib.sha256(base.encode()).hexdigest()[:8], 16)
    return _CELLS.get((start + first + 2 * (others[0] if others else 0)) % len(_TONES), "train")


def _text(unified: str) -> str:
    return "".join(chr(int(code, 16)) for code in unified.split("-") if code != "FE0F")


def _names(paths: Sequence[Path], faults: list[str]) -> dict[str, tuple[str, Path]]:
    """By emoji, its name in a language and where it stands."""
    found: dict[str, tuple[str, Path]] = {}
    for path in paths:
        parts: dict[str, Any] = {}
        with telling(faults):
            parts = read_json(path, dict)
        for part in parts.values():
            if not isinstance(part, dict) or not isinstance(part.get("annotations", {}), dict):
                faults.append(f"{path} holds no annotations; fetch it again")
                continue
            for emoji, row in part.get("annotations", {}).items():
                spoken = row.get("tts") if isinstance(row, dict) else None
                if isinstance(spoken, list) and spoken and isinstance(spoken[0], str):
                    found[emoji.replace("\ufe0f", "")] = spoken[0].strip(), path
    return found
