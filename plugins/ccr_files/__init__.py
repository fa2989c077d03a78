"""Data of one's own: a JSONL file with a row per item, or img2dataset's webdataset shards."""

from __future__ import annotations

from collections.abc import Iterable

from ccr import DatasetSpec, hookimpl

CCR_API = 1


@hookimpl
def ccr_register_datasets() -> Iterable[DatasetSpec]:
    return [
        DatasetSpec(
            name="jsonl",
            factory="ccr_files.jsonl:Jsonl",
            settings="ccr_files.rows:RowSettings",
            summary="A JSONL file of your own: one row per image, with its split and its captions by language",
            encoder="openclip:ViT-B-32/openai",
            needs_root=True,
            suffixes=(".jsonl",),
        ),
        DatasetSpec(
            name="webdataset",
            factory="ccr_files.webdataset:WebDataset",
            settings="ccr_files.webdataset:WebDatasetSettings",
            summary="Shards as img2dataset writes them: FOLDER, SHARD.tar or FOLDER/{00000..00012}.tar",
            encoder="openclip:ViT-B-32/openai",
            needs_root=True,
            suffixes=(".tar",),
        ),
    ]
