"""The tiny world that methods are checked in: a few pictures of `scenes`, two target languages, a random encoder.

It is put together from what `ccr run` is put together from: the same views, order, batches, trainer and ranking.
"""

from __future__ import annotations

import copy
import signal
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ccr.base import Context, FrozenEncoder, Method
from ccr.data import records
from ccr.data.batches import Feed, TextRows
from ccr.data.opening import open_data
from ccr.data.order import Order, numbered
from ccr.data.tokens import load_tokens
from ccr.data.views import Queries, is_mt, queries, training_views
from ccr.evaluation.encode import rank
from ccr.evaluation.ranks import Ranks
from ccr.evaluation.score import selector
from ccr.features.fingerprint import content_digests
from ccr.features.inputs import read_image
from ccr.features.store import FeatureStore
from ccr.files import cache_root
from ccr.host import Host
from ccr.protocols import make_phase
from ccr.settings import make_settings
from ccr.specs import Batch, Item, MethodSpec, Recipe
from ccr.testing.guard import GUARD
from ccr.testing.tiny import TinyEncoder
from ccr.training.journal import Journal
from ccr.training.loop import Stage, Trainer
from ccr.translation.open import open_translator

DATASET, LANGS, SEED = "scenes", ("de", "zh"), 3
SIZES = {"train": 24, "val": 8, "test": 8, "captions": 1}
RECIPE = Recipe(batch_size=8, size_scale=1 / 16, validations=2, vocabulary=400)
PHASES = ("align", "match")
CPU = torch.device("cpu")


class World:
    """Data, tokens and features; `build` makes a method, `trainer` one that trains it."""

    def __init__(self, host: Host) -> None:
        self.host, self.cache = host, cache_root()
        self.spec = host.spec("dataset", DATASET)
        settings = make_settings(host.resolve(self.spec.settings), SIZES, DATASET)
        self.data = open_data(host, self.spec, None, settings)
        with records.unsealed():
            tested = self.data.records("test", self.spec.test_sets[0].id)
        _note_test_reads(type(self.data.dataset))
        train, val = self.data.records("train"), self.data.records("val")
        self.source_lang = self.spec.source_lang
        self.sources, self.views = training_views(train, LANGS, self.source_lang, is_mt, "", "train")
        self.held_out = {lang: queries(val, lang, is_mt, "", "val") for lang in LANGS}
        self.asked = {lang: queries(tested, lang, lambda c: True, "", "test") for lang in LANGS}
        self.tokens = load_tokens(
            "bpe",
            texts=lambda: [*self.sources, *(text for view in self.views.values() for text in view.texts)],
            vocabulary=RECIPE.vocabulary,
            dim=48,
            cache=self.cache,
            key={"kit": 1},
        )
        self.encoder = TinyEncoder()
        self.lent = self.encoder  # what the method that was built last has: a copy, so that it spoils its own alone
        files = FeatureStore(self.cache / "features").files
        pictures = numbered(content_digests(train, self.data.dataset, files))
        self.pictures = {lang: pictures[view.image] for lang, view in self.views.items()}
        self.train_images, self.val_images, self.test_images = (self._images(items) for items in (train, val, tested))
        with torch.no_grad():
            self.source_features = self.encoder.encode_texts(self.encoder.tokenize(self.sources, self.source_lang))

    def _images(self, items: Sequence[Item]) -> Tensor:
        pixels = [self.encoder.preprocess(read_image(self.data.dataset, item)) for item in items]
        with torch.no_grad():
            return self.encoder.encode_images(torch.stack(pixels))

    def build(self, spec: MethodSpec, settings: Any, seed: int = SEED) -> Method:
        """The method, untrained."""
        translate = None
        if spec.translates:
            directions = [(lang, self.source_lang) for lang in LANGS]
            reference = self.spec.translator
            empty: Callable[[type], Any] = lambda cls: make_settings(cls, {}, reference)  # noqa: E731
            translate = open_translator(self.host, reference, empty, self.cache, None, directions).translate
        self.lent = copy.deepcopy(self.encoder)
        context = Context(
            settings=settings,
            langs=LANGS,
            tokens=self.tokens,
            encoder=FrozenEncoder(self.lent, self.source_lang),
            seed=seed,
            size_scale=RECIPE.size_scale,
            feature_rms=float(self.source_features.square().mean().sqrt()),
            translate=translate,
        )
        torch.manual_seed(seed)
        method: Method = self.host.resolve(spec.factory)(context)
        return method

    def rows(self, method: Method, lang: str, texts: Sequence[str]) -> TextRows:
        return TextRows(lang, texts, method.tokens, method.context_length)

    def trainer(
        self,
        method: Method,
        folder: Path,
        *,
        seed: int = SEED,
        at_step: Callable[[int], None] = lambda step: None,
    ) -> Trainer:
        """What trains a method below `folder`; `at_step` is told the number of each step, over all phases."""
        source = self.rows(method, self.source_lang, self.sources) if method.reads_source else None
        texts = {lang: self.rows(method, lang, view.texts) for lang, view in self.views.items()}
        stages: list[Stage] = []
        for name in PHASES:
            order = Order(seed, name, self.pictures, RECIPE.batch_size, 1.0)
            phase = make_phase(name, RECIPE, len(order))
            if method.players(phase):
                feed = Feed(order, self.views, texts, source, self.source_features, self.train_images)
                stages.append(Stage(phase, _told(feed, at_step, sum(stage.phase.steps for stage in stages))))
        folder.mkdir(parents=True, exist_ok=True)
        held_out = {lang: self.rows(method, lang, q.texts) for lang, q in self.held_out.items()}
        score = selector(self.host)

        def validate() -> float:
            return score(rank(method, self.held_out, held_out, {}, self.val_images, CPU), LANGS)

        return Trainer(
            method=method,
            stages=stages,
            validate=validate,
            folder=folder,
            journal=Journal(folder / "log.jsonl"),
            seed=seed,
            device=CPU,
        )

    def test(self, method: Method) -> dict[tuple[str, str], Ranks]:
        """The ranks that a run's evaluation would give."""
        texts = {lang: self.rows(method, lang, q.texts) for lang, q in self.asked.items()}
        return rank(method, self.asked, texts, {}, self.test_images, CPU)

    def texts(self, lang: str) -> tuple[str, ...]:
        """Captions of one language, short and long."""
        asked: Queries = self.asked[lang]
        return (*asked.texts, *self.views[lang].texts[:8])


def embed(method: Method, rows: TextRows, batches: Sequence[Sequence[int]]) -> Tensor:
    """(n, D) features of some rows in batches, in the order of the rows."""
    method.eval()
    with torch.no_grad():
        features = torch.cat([method(rows.take(np.array(batch, dtype=np.int64)))["text"] for batch in batches])
    return features[torch.argsort(torch.tensor([row for batch in batches for row in batch]))]


def interrupt_at(step: int) -> Callable[[int], None]:
    """For `World.trainer`: what a person does who presses Ctrl-C in that step."""
    return lambda now: signal.raise_signal(signal.SIGINT) if now == step else None


@lru_cache(maxsize=1)
def the_world(host: Host) -> World:
    """One world for all methods of a process."""
    return World(host)


def _told(feed: Callable[[int], Batch], at_step: Callable[[int], None], first: int) -> Callable[[int], Batch]:
    def told(step: int) -> Batch:
        at_step(first + step)
        return feed(step)

    return told


def _note_test_reads(dataset: Any) -> None:
    """From now on, who asks for the test split is noted, let in or not."""
    read, knock = dataset.test_items, records._require_open

    def test_items(self: Any, test_set: str) -> Any:
        GUARD.note("test", test_set)
        return read(self, test_set)

    def require_open(name: str) -> None:
        GUARD.note("test", f"the test split of {name}")
        knock(name)

    dataset.test_items = test_items
    records._require_open = require_open
