"""Preparing: the encoder of the protocol, its features, the training views and the token input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from attrs import frozen
from safetensors.torch import load_file

from ccr.base import Encoder, TokenInput
from ccr.data.order import numbered
from ccr.data.records import Data, content_digest
from ccr.data.tokens import add_tokens, load_tokens
from ccr.data.views import Queries, View, queries, training_views
from ccr.errors import CcrError
from ccr.evaluation.score import selector
from ccr.features.extract import Features, image_features, text_features
from ccr.features.fingerprint import encoder_fingerprint
from ccr.features.inputs import input_digests
from ccr.features.store import FeatureStore
from ccr.files import artifact, cache_root
from ccr.pipeline.device import Compute
from ccr.pipeline.english import WEIGHTS, English
from ccr.pipeline.plan import Plan
from ccr.progress import say
from ccr.protocols import ENGLISH_SEED, SELECTIONS, training_captions
from ccr.specs import Item, Split

ENGLISH_CODE = 1  # bump when the English fine-tune changes its result
TOKEN_WIDTH = 768  # of mBERT's word embeddings; a BPE table takes the recipe's share of it


@frozen(eq=False)
class Corpus:
    """What trains in one or more phases, with the features of the protocol's encoder."""

    digests: tuple[str, ...]  # content of each image
    views: Mapping[str, View]
    sources: tuple[str, ...]  # source-language texts that the views translate
    images: Features  # of all items
    texts: Features  # of all sources

    def pictures(self) -> dict[str, np.ndarray]:
        """By language, (n,) int64: the picture behind each training row, equal for equal content."""
        of_item = numbered(self.digests)
        return {lang: of_item[view.image] for lang, view in self.views.items()}


@frozen(eq=False)
class Validation:
    """The held-out captions that select checkpoints."""

    digests: tuple[str, ...]  # content of each image
    queries: Mapping[str, Queries]
    images: Features


class Prepared:
    """Everything a run stands on.

    Made from what is cheap to what is dear: captions and tokens that do not serve are told before any tower runs.
    """

    def __init__(self, plan: Plan, compute: Compute, base_tokens: TokenInput | None = None) -> None:
        """`base_tokens` are those of the run that languages are added to."""
        self.plan, self.compute = plan, compute
        self.cache = cache_root(plan.config.cache)
        self.store = FeatureStore(self.cache / "features")
        self.score = selector(plan.host)  # what selects checkpoints
        self.encoder: Encoder = plan.make_encoder()
        if self.encoder.untrained:
            raise CcrError(self.encoder.untrained)
        self.encoded = 0  # images that went through the image tower for their features
        self.base_fingerprint = encoder_fingerprint(self.encoder, "any")  # of the weights, whatever computes with them
        self._digests: dict[tuple[str, str], list[str]] = {}
        self._computing = ""  # fingerprint of the protocol's encoder in the precision that it computes with
        self._seeing = ""  # the same, of the encoder that has its image side
        self._train = self._phase_data()
        self.content = {
            f"{data.spec.name}/{split}": content_digest(data.records(split), self.digests(data, split))
            for data, split in self.used()
        }
        self._views = {data.spec.name: self._training_views(data) for data in self._train.values()}
        self._asked = self._validation_queries()
        self.tokens = self._tokens(base_tokens)

    def _phase_data(self) -> dict[str, Data]:
        """Which dataset trains in which phase."""
        plan = self.plan
        general = dict.fromkeys(plan.protocol.phases, plan.protocol.trains_on == "corpus")
        if plan.protocol_settings.align_data == "general":
            general["align"] = True
        return {name: plan.corpus if general[name] and plan.corpus else plan.data for name in plan.protocol.phases}

    def _validation_data(self) -> Data:
        return self.plan.corpus if self.plan.protocol.trains_on == "corpus" and self.plan.corpus else self.plan.data

    def used(self) -> list[tuple[Data, Split]]:
        """What trains, and what selects."""
        return [(data, "train") for data in self._train.values()] + [(self._validation_data(), "val")]

    def digests(self, data: Data, split: Split) -> list[str]:
        """The content of every image of "train" or "val"."""
        if (data.spec.name, split) not in self._digests:
            found = input_digests(self.encoder, data.dataset, data.records(split), self.store.files)
            self._digests[data.spec.name, split] = found
        return self._digests[data.spec.name, split]

    def _training_views(self, data: Data) -> tuple[tuple[str, ...], dict[str, View]]:
        plan = self.plan
        rule, allowed = training_captions(plan.protocol, plan.protocol_settings)
        where = f"{data.spec.name}/train"
        return training_views(data.records("train"), plan.trains, plan.source_lang, allowed, rule, where)

    def _validation_queries(self) -> dict[str, Queries]:
        plan, data = self.plan, self._validation_data()
        rule, where = f"--select {plan.select}", f"{data.spec.name}/val"
        return {lang: queries(data.records("val"), lang, SELECTIONS[plan.select], rule, where) for lang in plan.trains}

    def _tokens(self, base: TokenInput | None) -> TokenInput:
        """The token input, from the protocol's training text alone."""
        recipe, trains = self.plan.recipe, self.plan.trains
        rule, _ = training_captions(self.plan.protocol, self.plan.protocol_settings)
        every = self._views.values()
        targets = [text for _, views in every for view in views.values() for text in view.texts]
        key = {"content": self.content, "langs": list(trains), "rule": rule}
        if base:
            return add_tokens(base, trains, targets, vocabulary=recipe.vocabulary, cache=self.cache, key=key)
        return load_tokens(
            self.plan.config.tokens,
            texts=lambda: [text for sources, _ in every for text in sources] + targets,
            vocabulary=recipe.vocabulary,
            dim=max(1, round(TOKEN_WIDTH * recipe.size_scale)),
            cache=self.cache,
            key=key,
        )

    # --- the encoder ----------------------------------------------------------------------------------------------

    def finetune_encoder(self) -> str:
        """Put the weights of the protocol in place, English-fine-tuned where it asks for that; their fingerprint."""
        self.encoder.module.to(self.compute.device)
        if not self.plan.protocol.finetunes_encoder:
            self._computing = self._seeing = encoder_fingerprint(self.encoder, self.compute.precision)
            return self.base_fingerprint
        recipe, lang, data = self.plan.recipe, self.plan.source_lang, self.plan.data
        # of precomputed features and clips the text tower alone trains: image features stay those of before
        text_only = self.encoder.precomputed or any(item.frames for item in data.records("train"))
        self._seeing = encoder_fingerprint(self.encoder, self.compute.precision) if text_only else ""
        english = English(
            encoder=self.encoder,
            data=data,
            files=self.store.files,
            machine=self.compute,
            score=self.score,
            epochs=recipe.encoder_epochs,
            lr=recipe.encoder_lr,
            batch_size=recipe.encoder_batch_size,
            seed=ENGLISH_SEED,
            images=self._train_and_val if text_only else None,
            title=f"{lang} fine-tune",
        )

        def build(folder: Path) -> None:
            say(f"fine-tuning the encoder on the {lang} captions of {self.plan.spec.name}")
            english.train(folder)

        trained = {"trained": "text"} if text_only else {}
        folder = artifact(
            self.cache,
            "encoders",
            {"code": ENGLISH_CODE, "encoder": self.base_fingerprint, **english.key(), **trained},
            build,
            waiting=lambda: say("waiting for another process that fine-tunes the same encoder"),
            together=True,
        )
        self.encoder.module.load_state_dict(load_file(folder / WEIGHTS), strict=True)
        self.encoder.module.eval().requires_grad_(False)
        self._computing = encoder_fingerprint(self.encoder, self.compute.precision)
        self._seeing = self._seeing or self._computing
        return encoder_fingerprint(self.encoder, "any")

    # --- features and views -----------------------------------------------------------------------------------------

    def _train_and_val(self, split: Split) -> Features:
        data = self.plan.data
        return self.images(data, data.records(split), f"image features, {data.spec.name}/{split}")

    def images(self, data: Data, items: Sequence[Item], title: str) -> Features:
        """Image features of items, from the store where they are there."""
        found = image_features(
            self.encoder,
            data.dataset,
            items,
            self.store,
            device=self.compute.device,
            precision=self.compute.precision,
            title=title,
            fingerprint=self._seeing,
        )
        self.encoded += found.encoded
        return found

    def source_texts(self, texts: Sequence[str], title: str) -> Features:
        """The encoder's features of source-language texts, from the store where they are there."""
        return text_features(
            self.encoder,
            texts,
            self.plan.source_lang,
            self.store,
            device=self.compute.device,
            precision=self.compute.precision,
            title=title,
            fingerprint=self._computing,
        )

    def corpora(self) -> dict[str, Corpus]:
        """By phase, what trains in it."""
        made: dict[str, Corpus] = {}
        for data in self._train.values():
            if data.spec.name not in made:
                made[data.spec.name] = self._corpus(data)
        return {phase: made[data.spec.name] for phase, data in self._train.items()}

    def _corpus(self, data: Data) -> Corpus:
        where, items = f"{data.spec.name}/train", data.records("train")
        sources, views = self._views[data.spec.name]
        return Corpus(
            tuple(self.digests(data, "train")),
            views,
            sources,
            self.images(data, items, f"image features, {where}"),
            self.source_texts(sources, f"{self.plan.source_lang} text features, {where}"),
        )

    def validation(self) -> Validation:
        """What selects checkpoints."""
        data = self._validation_data()
        images = self.images(data, data.records("val"), f"image features, {data.spec.name}/val")
        return Validation(tuple(self.digests(data, "val")), self._asked, images)
