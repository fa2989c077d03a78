"""What the scenes datasets hold, and how well their training captions cover the words of their test captions.

    python -m ccr_scenes.describe [--recipe quick|full] [--more-langs all]

prints, per part, how many images there are and how much is said of them; then, per target language, the share of
content-word forms in the human-like test captions that never occur in the machine-translated training captions. It
must stay at or below 5 %, and every other form must occur at least 50 times: otherwise the set measures unseen words.
The scarce language has a hundredth of the training captions, so that much more of it is unseen.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import ccr_scenes
from ccr_scenes import coverage
from ccr_scenes.dataset import TEST_SET, CorpusSettings, Scenes, ScenesCorpus, ScenesSettings, entries
from ccr_scenes.sampling import Entry


def main() -> None:
    parser = argparse.ArgumentParser(description="What the scenes datasets hold.")
    parser.add_argument("--recipe", choices=sorted(ccr_scenes.RECIPES), default="quick")
    parser.add_argument("--more-langs", default="", help="languages besides the usual ones, e.g. es,ar, or all")
    options = parser.parse_args()
    sizes = {**ccr_scenes.RECIPES[options.recipe].dataset_settings, "more_langs": options.more_langs}
    scenes, corpus = Scenes(ScenesSettings(**sizes), None), ScenesCorpus(CorpusSettings(**sizes), None)
    for dataset, split in ((scenes, "train"), (scenes, "val"), (scenes, "test"), (corpus, "train"), (corpus, "val")):
        print(f"{dataset.source} {split}: {said(entries(dataset.drawn(split)))}")
    for dataset in (scenes, corpus):
        print(f"test captions of scenes after training on {dataset.source}:")
        for found in covered(dataset, scenes):
            print(f"  {coverage.line(found)}")


def said(found: Sequence[Entry]) -> str:
    """How much is said of the scenes of a split."""
    claims = [claim for entry in found for claim in entry.claims]
    mentions = [mention for claim in claims for mention in claim.mentions]
    means = {
        "things an image": sum(len(entry.scene.things) for entry in found) / len(found),
        "mentions a caption": len(mentions) / len(claims),
        "relations": sum(len(claim.relations) for claim in claims) / len(claims),
        "backgrounds": sum(claim.background is not None for claim in claims) / len(claims),
        "colours a mention": sum(mention.colour is not None for mention in mentions) / len(mentions),
        "sizes": sum(mention.size is not None for mention in mentions) / len(mentions),
    }
    told = ", ".join(f"{value:.2f} {name}" for name, value in means.items())
    return f"{len(found)} images, {len(claims)} captions a language; {told}"


def covered(trained: Scenes | ScenesCorpus, tested: Scenes) -> list[coverage.Coverage]:
    """Per target language: the test captions of `tested` against the training captions of `trained`."""
    training = [caption for item in trained.items("train") for caption in item.captions]
    test = [caption for item in tested.test_items(TEST_SET) for caption in item.captions]
    return [
        coverage.coverage([c.text for c in test if c.lang == lang], [c.text for c in training if c.lang == lang], lang)
        for lang in tested.targets
    ]


if __name__ == "__main__":
    main()
