"""What `ccr translate` does: from names and flags to captions in files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import cast, get_args

from ccr.config import RunConfig, load_config
from ccr.data.opening import opening, require
from ccr.data.records import Data
from ccr.errors import CcrError, nearest
from ccr.files import cache_root
from ccr.host import Host
from ccr.settings import make_settings
from ccr.specs import Split
from ccr.translation.captions import Translated, translate_captions
from ccr.translation.open import open_translator

SECTIONS = ("translator", "dataset")  # whose settings can be set here


def translate_dataset(
    dataset: str,
    *,
    langs: Sequence[str] | None = None,
    translator: str | None = None,
    splits: Sequence[str] = ("train", "val"),
    output: Path | None = None,
    data_root: Path | None = None,
    assignments: Sequence[str] = (),
    device: str | None = None,
    cache: Path | None = None,
    registry: Path | None = None,
) -> list[Translated]:
    """Translate the source captions of a dataset's splits; without `langs`, to all of its target languages.

    `assignments` are the texts of `--set`. Raises CcrError for whatever is wrong with them, and for "test".
    """
    for split in splits:
        if split == "test":
            raise CcrError(
                "test captions are never translated in advance; translate-test translates them when it tests"
            )
        if split not in get_args(Split):
            raise CcrError(f"there is no split {split!r}{nearest(split, get_args(Split))}; name train, val or both")
    if not splits:
        raise CcrError("--split names no split; name train, val or both")
    flags = {"dataset": dataset, "translator": translator, "data_root": data_root, "device": device}
    # settings and flags as `ccr run` reads them; no method runs
    config = load_config(None, {**flags, "method": "none", "cache": cache, "registry": registry, "set": assignments})
    for key in config.settings:
        if key.partition(".")[0] not in SECTIONS:
            raise CcrError(f"{config.where(key)}: {key} has no effect here; set {' or '.join(SECTIONS)} settings")
    host = Host.load(config.registry)
    data = _open(host, config)
    spec = data.spec
    langs = langs or spec.target_langs
    if not langs:
        raise CcrError(f"{spec.name} names no target language; name some with --to, e.g. --to de,fr")
    for lang in langs:
        if not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]+)*", lang):
            raise CcrError(f'--to: "{lang}" is no language code; write e.g. de, zh or zh-Hant')
    reference = config.translator or spec.translator
    if not reference:
        raise CcrError(
            f"{spec.name} has no translator of its own; name one with --translator, "
            "e.g. hf:facebook/nllb-200-distilled-600M"
        )
    opened = open_translator(
        host,
        reference,
        partial(config.settings_for, "translator"),
        cache_root(config.cache),
        None if config.device == "auto" else config.device,
        [(spec.source_lang, lang) for lang in langs],
    )
    return translate_captions(data, opened, langs, cast(Sequence[Split], splits), output)


def _open(host: Host, config: RunConfig) -> Data:
    """The dataset under its first recipe, as `ccr run` opens it. Pictures and MT captions may still be missing."""
    spec, path = host.dataset(config.dataset)
    if path and config.data_root:
        raise CcrError(f"--data-root has no effect: {config.dataset} names its files itself")
    recipe = next(iter(spec.recipes.values()))
    base = make_settings(host.resolve(spec.settings), recipe.dataset_settings, f"recipe of {spec.name}")
    settings = config.settings_for("dataset", type(base), base)
    door = opening(host, spec, settings, root=path or config.data_root)
    require(spec.name, door.missing(pictures=False))
    return door.open()
