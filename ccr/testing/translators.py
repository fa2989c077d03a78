"""Checks of translators: what may be cached for ever, sentence by sentence."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from ccr.base import Translator
from ccr.errors import CcrError
from ccr.host import Host
from ccr.settings import make_settings
from ccr.testing.checks import Failed, NotApplicable, Watched, check
from ccr.testing.subjects import SENTENCES, Subject

SOURCE, TARGETS = "en", ("de", "fr", "cs", "zh", "ja")


class Bench:
    """A translator under test, from English into the first target language that it knows."""

    def __init__(self, host: Host, subject: Subject) -> None:
        self.host, self.spec, self.argument = host, host.spec("translator", subject.name), subject.argument
        self.watched = Watched()

    def open(self) -> Translator:
        settings = make_settings(self.host.resolve(self.spec.settings), {}, f"translator {self.spec.name}")
        factory = self.host.resolve(self.spec.factory)
        if missing := factory.missing(self.argument, settings):
            raise NotApplicable(f"{missing[0]} (ccr plugins check {self.spec.name}:ARGUMENT)")
        translator: Translator = factory(self.argument, settings)
        return translator

    @cached_property
    def opened(self) -> tuple[Translator, str, list[str]]:
        """One instance, the language that it translates into, and its translations of the sentences."""
        refusal = ""
        with self.watched.watching():
            translator = self.open()
            for target in TARGETS:
                try:
                    return translator, target, translator.translate(SENTENCES, SOURCE, target)
                except CcrError as error:
                    refusal = refusal or str(error)
        raise NotApplicable(f"it takes none of the kit's English sentences (ccr.testing.SENTENCES): {refusal}")

    def again(self, texts: Sequence[str]) -> list[str]:
        translator, target, _ = self.opened
        return translator.translate(texts, SOURCE, target)


@check("translator", "translate(texts, source, target) gives a list with one string for each text", basis=True)
def one_for_each(bench: Bench) -> None:
    """One text gives one text, which is not empty; no text gives none."""
    translator, target, made = bench.opened
    if not isinstance(made, list) or len(made) != len(SENTENCES):
        raise Failed(f"{len(SENTENCES)} sentences gave {type(made).__name__} of {len(made)}")
    for text, translation in zip(SENTENCES, made, strict=True):
        if not isinstance(translation, str) or not translation.strip():
            raise Failed(f'"{text}" gave {translation!r}')
    if list(translator.translate([], SOURCE, target)):
        raise Failed("no sentence gave a translation")


@check("translator", "name engine and revision in `fingerprint`, set in __init__")
def fingerprint(bench: Bench) -> None:
    """It has a fingerprint, one text without spaces, the same each time."""
    prints = [getattr(translator, "fingerprint", "") for translator in (bench.opened[0], bench.open())]
    if not prints[0] or not isinstance(prints[0], str) or prints[0] != "".join(prints[0].split()):
        raise Failed(f"its fingerprint is {prints[0]!r}")
    if prints[0] != prints[1]:
        raise Failed(f"opened twice, it has two fingerprints, {prints[0]} and {prints[1]}")


@check("translator", "let a translation depend on its own text alone: no sampling, no padding that is read")
def cacheable(bench: Bench) -> None:
    """The same text gives the same translation, alone, beside others, twice, and from a translator opened anew."""
    target, made = bench.opened[1:]
    for text, translation in zip(SENTENCES, made, strict=True):
        if bench.again([text]) != [translation]:
            raise Failed(f'"{text}" has another translation alone than beside others')
    if bench.again([*SENTENCES, SENTENCES[0]]) != [*made, made[0]]:
        raise Failed("a text that stands twice, or a second call, gives another translation")
    if bench.open().translate(SENTENCES, SOURCE, target) != made:
        raise Failed("opened anew, it translates otherwise")


@check("translator", "give translations in the order of the texts")
def order(bench: Bench) -> None:
    """Texts in another order give the same translations in that order."""
    if bench.again(SENTENCES[::-1]) != bench.opened[2][::-1]:
        raise Failed("in another order, the translations are others")


@check("translator", "load models from files or from the cache of ccr.hub_file, and tell what is missing ahead")
def no_network(bench: Bench) -> None:
    """It reaches for no network where its files are there."""
    _ = bench.opened
    bench.watched.refuse("network", "it reached for the network")


@check("translator", "keep no cache of your own: ccr caches every translation")
def no_writes(bench: Bench) -> None:
    """It writes no file outside of the cache and of temporary folders."""
    _ = bench.opened
    bench.watched.refuse("write", "it wrote")
