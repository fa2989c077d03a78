"""Resolving: from what the user wrote to everything that makes the run, before any weight is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import attrs
from attrs import frozen

from ccr.base import Encoder
from ccr.config import RunConfig
from ccr.data.faults import leaving
from ccr.data.opening import Opening, opening
from ccr.data.records import Data
from ccr.errors import CcrError, nearest
from ccr.files import cache_root
from ccr.host import Host
from ccr.pipeline.extension import Base, read_base
from ccr.pipeline.ready import refuse_what_has_no_effect, require_ready
from ccr.pipeline.sound import open_sound
from ccr.protocols import Protocol, ProtocolSettings, get_protocol, selection
from ccr.settings import make_settings, settings_values
from ccr.specs import DatasetSpec, EncoderSpec, MethodSpec, Recipe, TestSet
from ccr.translation.open import OpenTranslator, open_translator

IDENTITY = 1  # bump when the meaning of a run id changes


@frozen(eq=False)
class Plan:
    """A run, resolved."""

    config: RunConfig
    host: Host
    method: MethodSpec
    settings: Any  # of the method
    data: Data
    corpus: Data | None  # what zero-shot trains on
    protocol: Protocol
    protocol_settings: ProtocolSettings
    select: str
    langs: tuple[str, ...]  # target languages
    test_set: TestSet
    recipe_name: str
    recipe: Recipe
    encoder: EncoderSpec
    encoder_argument: str
    translator: OpenTranslator | None
    base: Base | None = None  # the run that languages are added to

    @property
    def trains(self) -> tuple[str, ...]:
        """The languages that train: all, or those that are added."""
        return tuple(lang for lang in self.langs if not self.base or lang not in self.base.langs)

    @property
    def spec(self) -> DatasetSpec:
        return self.data.spec

    @property
    def source_lang(self) -> str:
        return self.data.spec.source_lang

    def make_encoder(self) -> Encoder:
        """The encoder as it comes, frozen, on the CPU."""
        settings = self.config.settings_for("encoder", self.host.resolve(self.encoder.settings))
        encoder: Encoder = self.host.resolve(self.encoder.factory)(self.encoder_argument, settings)
        encoder.name = self.config.encoder or self.spec.encoder
        return encoder

    def identity(self, encoder: str, tokens: str, content: Mapping[str, str]) -> dict[str, Any]:
        """What the run id is the hash of: fingerprints of the encoder and of the tokens, digests of the training data.

        Device, threads, jobs and paths are not in it, and a setting at its default changes nothing.
        """
        added: dict[str, Any] = {"from": [self.base.id, self.base.weights]} if self.base else {}
        left = leaving(self.data.faults, self.data.accepted)
        added |= {"left_out": list(left)} if left else {}
        return {
            **added,
            "identity": IDENTITY,
            "method": [self.method.name, self.method.version, _changed(self.settings)],
            "data": [
                [data.spec.name, data.spec.version, _changed(data.dataset.settings)]
                for data in (self.data, self.corpus)
                if data
            ],
            "content": dict(content),
            "encoder": encoder,
            "protocol": [self.protocol.name, _changed(self.protocol_settings), self.select],
            "recipe": attrs.asdict(self.recipe),
            "langs": list(self.langs),
            "test_set": self.test_set.id,
            "tokens": tokens,
            "translator": self.translator and self.translator.fingerprint,
            "seed": self.config.seed,
        }


def resolve(config: RunConfig, opened: dict[str, tuple[Data, Data | None]] | None = None) -> Plan:
    """Resolve a configuration. Everything that can be wrong with names and settings is told here.

    Who resolves many, to plan them and not to run them, passes one dict as `opened` to all calls: data that several
    have in common is read and checked once, and no item is kept.
    """
    host = Host.load(config.registry)
    method = host.spec("method", config.method)
    base = read_base(config)
    spec, path = host.dataset(config.dataset)
    if path and config.data_root:
        raise CcrError(f"--data-root has no effect: {config.dataset} names its files itself")
    protocol = get_protocol(config.protocol or spec.protocol)
    recipe_name = config.recipe or next(iter(spec.recipes))
    if recipe_name not in spec.recipes:
        raise CcrError(
            f"dataset {spec.name} has no recipe {recipe_name!r}{nearest(recipe_name, spec.recipes)}; "
            f"it has {', '.join(spec.recipes)}"
        )
    recipe = config.settings_for("recipe", Recipe, spec.recipes[recipe_name])
    recipe = base.recipe(recipe) if base else recipe
    protocol_settings = config.settings_for("protocol", ProtocolSettings)
    encoder, argument = find_encoder(host, config.encoder or spec.encoder)
    also = base.langs if base else ()
    target = dataset_opening(host, config, "dataset", spec, recipe_name, path or config.data_root, also=also)
    general = None
    if protocol.trains_on == "corpus" or protocol_settings.align_data == "general":
        if not spec.corpus:
            raise CcrError(f"dataset {spec.name} declares no general corpus to train on; use --protocol finetune")
        general = dataset_opening(host, config, "corpus", host.spec("dataset", spec.corpus), recipe_name, None)
    translator = config.translator or spec.translator if method.translates else ""
    if method.translates and not translator:
        raise CcrError(f"{method.name} translates, and {spec.name} names no translator: name one with --translator")
    refuse_what_has_no_effect(config, method, protocol, corpus=general is not None)
    require_ready(
        host,
        config,
        target=target,
        general=general,
        mt=_wanted(config, spec) if protocol.captions == "mt" else (),
        trains_on_general=protocol.trains_on == "corpus",
        encoder=encoder,
        argument=argument,
        translator=translator,
        directions=[(lang, spec.source_lang) for lang in _wanted(config, spec)],
        settings_of=lambda section: partial(config.settings_for, section),
    )
    data, corpus = open_sound(
        config,
        target,
        general,
        trains=protocol.trains_on == "dataset",
        pictures=not host.resolve(encoder.factory).precomputed,
        opened=opened,
    )
    spec = data.spec
    langs, test_set = _langs(config, spec), _test_set(config, spec)
    if base:  # those of before are tested beside them, where the test set has them
        langs = (*(lang for lang in base.langs if lang in test_set.langs), *langs)
    untested = [lang for lang in langs if lang not in test_set.langs]
    if untested:
        raise CcrError(
            f"test set {test_set.id} has no {', '.join(untested)} captions; it has {', '.join(test_set.langs)}: "
            "name others with --langs"
        )
    return Plan(
        config=config,
        host=host,
        method=method,
        settings=_method_settings(host, config, method, base),
        data=data,
        corpus=corpus,
        protocol=protocol,
        protocol_settings=protocol_settings,
        select=selection(protocol, config.select)[0],
        langs=langs,
        test_set=test_set,
        recipe_name=recipe_name,
        recipe=recipe,
        encoder=encoder,
        encoder_argument=argument,
        translator=_translator(host, config, translator, [(lang, spec.source_lang) for lang in langs]),
        base=base,
    )


def dataset_opening(
    host: Host,
    config: RunConfig,
    section: str,
    spec: DatasetSpec,
    recipe: str,
    root: Path | None,
    *,
    also: Sequence[str] = (),
) -> Opening:
    """A dataset under a recipe of that name, if it has one, and the settings of that section of the configuration.

    It speaks the languages that are asked for, and those of `also`.
    """
    sizes = spec.recipes[recipe].dataset_settings if recipe in spec.recipes else {}
    default = make_settings(host.resolve(spec.settings), sizes, f"recipe {recipe} of {spec.name}")
    settings = config.settings_for(section, type(default), default)
    if further := [lang for lang in spec.more_langs if lang in (*_wanted(config, spec), *also)]:
        settings = attrs.evolve(settings, more_langs=",".join(further))
    return opening(host, spec, settings, root=root, mt=config.mt if section == "dataset" else ())


def _method_settings(host: Host, config: RunConfig, method: MethodSpec, base: Base | None) -> Any:
    cls = host.resolve(method.settings)
    return make_settings(cls, base.settings, str(base.folder)) if base else config.settings_for("method", cls)


def _wanted(config: RunConfig, spec: DatasetSpec) -> tuple[str, ...]:
    """The target languages asked for: by default the usual ones, with "all" every one that the dataset speaks."""
    if config.langs == "all":
        return (*spec.target_langs, *spec.more_langs)
    return spec.target_langs if config.langs is None else tuple(config.langs)


def _translator(
    host: Host, config: RunConfig, reference: str, directions: Sequence[tuple[str, str]]
) -> OpenTranslator | None:
    if not reference:
        return None
    device = None if config.device == "auto" else config.device
    settings = partial(config.settings_for, "translator")
    return open_translator(host, reference, settings, cache_root(config.cache), device, directions)


def _changed(settings: Any) -> dict[str, Any]:
    defaults = settings_values(type(settings)())
    return {key: value for key, value in settings_values(settings).items() if value != defaults[key]}


def find_encoder(host: Host, reference: str) -> tuple[EncoderSpec, str]:
    """The encoder and its argument that NAME[:ARGUMENT] stands for."""
    if not reference:
        raise CcrError("this dataset has no default encoder; name one with --encoder, e.g. openclip:ViT-B-32/openai")
    name, _, argument = reference.partition(":")
    spec = host.spec("encoder", name)
    if not spec.alias:
        return spec, argument
    if argument:
        raise CcrError(f"encoder {name} stands for {spec.alias} and takes no argument, but was given {argument!r}")
    name, _, argument = spec.alias.partition(":")
    spec = host.spec("encoder", name)
    if spec.alias:
        raise CcrError(f"encoder {reference} stands for {name}, which stands for {spec.alias}: one step is enough")
    return spec, argument


def _langs(config: RunConfig, spec: DatasetSpec) -> tuple[str, ...]:
    asked = _wanted(config, spec)
    for lang in asked:
        if lang == spec.source_lang:
            raise CcrError(f"{lang} is the source language of {spec.name}; --langs names target languages")
        if lang not in spec.target_langs:
            raise CcrError(
                f"dataset {spec.name} has no target language {lang!r}; "
                f"it has {', '.join((*spec.target_langs, *spec.more_langs))}"
            )
    # the dataset's own order, so that the order of typing does not make another run
    return tuple(lang for lang in spec.target_langs if lang in asked)


def _test_set(config: RunConfig, spec: DatasetSpec) -> TestSet:
    if not spec.test_sets:
        raise CcrError(f"dataset {spec.name} has no test set: it is a training corpus")
    known = {test.id: test for test in spec.test_sets}
    name = config.test_set or spec.test_sets[0].id
    if name not in known:
        raise CcrError(f"dataset {spec.name} has no test set {name!r}{nearest(name, known)}; it has {', '.join(known)}")
    return known[name]
