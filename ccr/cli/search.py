"""`ccr search`: a trained method in use."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("texts", nargs=-1)
@click.option("--lang", required=True, help="The language of TEXTS, e.g. de.")
@click.option("--top", type=click.IntRange(min=1), default=5, show_default=True, help="How many pictures to find.")
@click.option("--split", type=click.Choice(("test", "val", "train")), default="test", show_default=True)
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page with the pictures to FILE.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1.")
@click.option("--data-root", type=click.Path(path_type=Path), help="Folder of the dataset's files, if it moved.")
@click.option("--cache", type=click.Path(path_type=Path), help="Features and artifacts, if not where the run had them.")
@click.option("--registry", type=click.Path(path_type=Path), help="A registry.yaml of your own.")
def search(
    run: Path,
    texts: tuple[str, ...],
    lang: str,
    top: int,
    split: str,
    html: Path | None,
    device: str,
    data_root: Path | None,
    cache: Path | None,
    registry: Path | None,
) -> None:
    """Find the pictures that TEXTS describe, with the method that the folder RUN holds.

    ccr search runs/scenes-finetune/dasd-s0-05373192 "ein Hund im Schnee" --lang de
    """
    from ccr.errors import CcrError

    if not texts:
        raise CcrError('which TEXTS? e.g. ccr search RUN "ein Hund im Schnee" --lang de')
    if html and not html.parent.is_dir():
        raise CcrError(f"{html.parent} is no folder; make it first")

    from ccr.files import replacing
    from ccr.pipeline.load import load_run
    from ccr.progress import say
    from ccr.results.answers import Answer, answers_page, answers_text

    loaded = load_run(run, device=device, cache=cache, data_root=data_root, registry=registry)
    found = loaded.search(texts, lang, top, split)  # type: ignore[arg-type]
    source = loaded.plan.source_lang
    answers = [
        Answer(text, [(hit.score, hit.item, [c.text for c in hit.item.captions if c.lang == source]) for hit in hits])
        for text, hits in zip(texts, found, strict=True)
    ]
    click.echo(answers_text(answers))
    if html:
        page = answers_page(answers, lang, source, loaded.record.result["method"], loaded.read)
        with replacing(html) as temporary:
            temporary.write_text(page, encoding="utf-8")
        say(f"{html} is written")
