"""Resolving: from what the user wrote to everything that makes the run, before any weight is touched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from attrs import frozen

from ccr.base import Encoder, Translator
from ccr.config import RunConfig
from ccr.data.records import Data, open_data
from ccr.errors import CcrError, nearest
from ccr.host import Host
from ccr.protocols import Protocol, ProtocolSettings, get_protocol, selection
from ccr.settings import make_settings, settings_values
from ccr.specs import DatasetSpec, EncoderSpec, MethodSpec, Recipe, TestSet

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
    translator: Translator | None

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
        return {
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


def resolve(config: RunConfig) -> Plan:
    """Resolve a configuration. Everything that can be wrong with names and settings is told here."""
    host = Host.load(config.registry)
    method = host.spec("method", config.method)
    spec = host.spec("dataset", config.dataset)
    protocol = get_protocol(config.protocol or spec.protocol)
    recipe_name = config.recipe or next(iter(spec.recipes))
    if recipe_name not in spec.recipes:
        raise CcrError(
            f"dataset {spec.name} has no recipe {recipe_name!r}{nearest(recipe_name, spec.recipes)}; "
            f"it has {', '.join(spec.recipes)}"
        )
    recipe = config.settings_for("recipe", Recipe, spec.recipes[recipe_name])
    protocol_settings = config.settings_for("protocol", ProtocolSettings)
    default = make_settings(
        host.resolve(spec.settings), recipe.dataset_settings, f"recipe {recipe_name} of {spec.name}"
    )
    settings = config.settings_for("dataset", type(default), default)
    data = open_data(host, spec, config.data_root, settings)
    corpus = None
    if protocol.trains_on == "corpus" or protocol_settings.align_data == "general":
        if not spec.corpus:
            raise CcrError(f"dataset {spec.name} declares no general corpus to train on; use --protocol finetune")
        general = host.spec("dataset", spec.corpus)
        sizes = general.recipes[recipe_name].dataset_settings if recipe_name in general.recipes else {}
        default = make_settings(host.resolve(general.settings), sizes, f"recipe {recipe_name} of {general.name}")
        corpus = open_data(host, general, None, config.settings_for("corpus", type(default), default))
    unused = {"corpus": corpus is None, "translator": not config.translator}
    for key in config.settings:
        section, _, rest = key.partition(".")
        if unused.get(section):
            raise CcrError(f"{config.where(key)}: {key} has no effect: this run has no {section}")
        phase = rest.partition(".")[2]
        if section == "recipe" and phase and phase not in protocol.phases:
            raise CcrError(
                f"{config.where(key)}: {key} names no phase of {protocol.name}{nearest(phase, protocol.phases)}; "
                f"it has {', '.join(protocol.phases)}"
            )
    encoder, argument = _encoder(host, config.encoder or spec.encoder)
    langs, test_set = _langs(config, spec), _test_set(config, spec)
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
        settings=config.settings_for("method", host.resolve(method.settings)),
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
        translator=_translator(host, config),
    )


def _translator(host: Host, config: RunConfig) -> Translator | None:
    if not config.translator:
        return None
    name, _, argument = config.translator.partition(":")
    spec = host.spec("translator", name)
    settings = config.settings_for("translator", host.resolve(spec.settings))
    translator: Translator = host.resolve(spec.factory)(argument, settings)
    return translator


def _changed(settings: Any) -> dict[str, Any]:
    defaults = settings_values(type(settings)())
    return {key: value for key, value in settings_values(settings).items() if value != defaults[key]}


def _encoder(host: Host, reference: str) -> tuple[EncoderSpec, str]:
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
    asked = spec.target_langs if config.langs in (None, "all") else tuple(config.langs)
    for lang in asked:
        if lang == spec.source_lang:
            raise CcrError(f"{lang} is the source language of {spec.name}; --langs names target languages")
        if lang not in spec.target_langs:
            raise CcrError(
                f"dataset {spec.name} has no target language {lang!r}; it has {', '.join(spec.target_langs)}"
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
