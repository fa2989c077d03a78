"""`ccr translate`: the training captions of a dataset, machine-translated once."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("dataset")
@click.option("--to", "langs", help="Target languages, e.g. de,fr; all of the dataset's by default.")
@click.option("--translator", help="NAME or NAME:ARGUMENT, e.g. hf:Helsinki-NLP/opus-mt-en-{target}.")
@click.option("--split", "splits", default="train,val", show_default=True, help="Splits to translate.")
@click.option(
    "--output", type=click.Path(path_type=Path), help="One file for all; by default mt/LANG.jsonl per language."
)
@click.option("--data-root", type=click.Path(path_type=Path), help="Folder of the dataset's files.")
@click.option(
    "--set", "assignments", multiple=True, metavar="KEY=VALUE", help="e.g. translator.noise=0.3, dataset.train=100."
)
@click.option("--device", help="auto (default: a GPU where there is one), cpu, cuda, cuda:1.")
@click.option("--cache", type=click.Path(path_type=Path), help="Translations (default: $CCR_CACHE, ~/.cache/ccr).")
@click.option("--registry", type=click.Path(path_type=Path), help="A registry.yaml of your own.")
def translate(
    dataset: str,
    langs: str | None,
    translator: str | None,
    splits: str,
    output: Path | None,
    data_root: Path | None,
    assignments: tuple[str, ...],
    device: str | None,
    cache: Path | None,
    registry: Path | None,
) -> None:
    """Translate the training captions of DATASET by machine, into files that `ccr run` finds.

    Interrupted, the same command goes on; finished, it does nothing. Test captions are never translated here.
    """
    from ccr.translation.command import translate_dataset

    done = translate_dataset(
        dataset,
        langs=_words(langs) if langs else None,
        translator=translator,
        splits=_words(splits),
        output=output,
        data_root=data_root,
        assignments=assignments,
        device=device,
        cache=cache,
        registry=registry,
    )
    for one in done:
        if one.made:
            click.echo(f"{one.lang}: {one.made:,} captions by {one.origin} written to {one.file}")
        else:
            click.echo(f"{one.lang}: nothing to do, all {one.kept:,} captions by {one.origin} are in {one.file}")


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
