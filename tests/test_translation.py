"""The translation cache, noise, and how a translator is opened: whoever kills, shares, repeats or spoils it."""

from __future__ import annotations

import math
import multiprocessing
import os
import textwrap
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccr import CcrError, NoSettings, Translator
from ccr.config import load_config
from ccr.features.environment import DATA, Environment
from ccr.host import Host
from ccr.translation.cache import BATCH, CachedTranslator, TranslationCache
from ccr.translation.noise import NoisyTranslator, spoil
from ccr.translation.open import OpenTranslator, missing, open_translator

ODD = [
    "Zwei Hunde laufen.",
    "两只狗在跑。",
    "犬が２匹、走っている。",
    "Pes běží přes řeku",
    "line\u2028break\tand \U0001f415",
    " a ",
]


class Toy(Translator):
    """Turns a text around. Told what to answer, or when to fail, by the test."""

    fingerprint = "toy@1"

    def __init__(self, answer: Callable[[str], Any] = lambda text: f"<{text[::-1]}>", log: Path | None = None) -> None:
        super().__init__("", NoSettings())
        self.asked: list[str] = []
        self.calls: list[tuple[int, str, str]] = []
        self._answer, self._log = answer, log

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        self.calls.append((len(texts), source, target))
        self.asked += texts
        if self._log:
            with self._log.open("a", encoding="utf-8") as out:
                out.writelines(f"{text}\n" for text in texts)
        return [self._answer(text) for text in texts]


def sentences(count: int) -> list[str]:
    return [f"sentence {i} of many" + " word" * (i % 7) for i in range(count)]


def child(cache: Path, log: Path, count: int, pause: float) -> BaseProcess:
    """A process that translates `sentences(count)` and takes its time for each."""

    def slow(text: str) -> str:
        time.sleep(pause)
        return text.upper()

    def work() -> None:
        made = CachedTranslator(Toy(slow, log), cache).translate(sentences(count), "en", "de")
        assert made == [text.upper() for text in sentences(count)]

    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    return process


# --- the cache -----------------------------------------------------------------------------------------------------


def test_no_sentence_is_asked_for_twice(tmp_path: Path) -> None:
    toy = Toy()
    cached = CachedTranslator(toy, tmp_path)
    texts = [*ODD, ODD[1], ODD[0]]
    assert cached.translate(texts, "de", "en") == [f"<{text[::-1]}>" for text in texts]
    assert sorted(toy.asked) == sorted(ODD)
    again = Toy()
    assert CachedTranslator(again, tmp_path).translate(texts[::-1], "de", "en")[0] == f"<{ODD[0][::-1]}>"
    assert again.asked == []
    assert (cached.fingerprint, cached.translate([], "de", "en")) == ("toy@1", [])


def test_directions_and_translators_do_not_see_each_other(tmp_path: Path) -> None:
    toy, other = Toy(), Toy(str.upper)
    other.fingerprint = "toy@2"
    for source, target in (("de", "en"), ("en", "de"), ("de", "fr")):
        CachedTranslator(toy, tmp_path).translate(["eins"], source, target)
    assert [call[1:] for call in toy.calls] == [("de", "en"), ("en", "de"), ("de", "fr")]
    assert CachedTranslator(other, tmp_path).translate(["eins"], "de", "en") == ["EINS"]


def test_a_language_is_not_translated_into_itself(tmp_path: Path) -> None:
    toy = Toy()
    assert CachedTranslator(toy, tmp_path).translate(["eins", ""], "de", "de") == ["eins", ""]
    assert not toy.calls


def test_batches_hold_sentences_of_like_length_and_come_back_in_order(tmp_path: Path) -> None:
    toy, texts = Toy(), sentences(3 * BATCH + 5)
    made = CachedTranslator(toy, tmp_path).translate(texts, "en", "de")
    assert made == [f"<{text[::-1]}>" for text in texts]
    assert [size for size, _, _ in toy.calls] == [BATCH, BATCH, BATCH, 5]
    assert toy.asked == sorted(toy.asked, key=len, reverse=True)


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_text_is_told_by_its_row(tmp_path: Path, text: str) -> None:
    with pytest.raises(CcrError, match="text 2 of 3 to translate from en to de is empty"):
        CachedTranslator(Toy(), tmp_path).translate(["a", text, "b"], "en", "de")


@pytest.mark.parametrize("answer", ["", " ", None, 7])
def test_a_sentence_without_a_translation_is_named_and_the_others_are_kept(tmp_path: Path, answer: Any) -> None:
    bad = Toy(lambda text: answer if text.startswith("bad") else text.upper())
    with pytest.raises(
        CcrError, match=r'toy@1 gave nothing for 2 of 3 sentences from en to de: "bad one"; "bad 2"; mend'
    ):
        CachedTranslator(bad, tmp_path).translate(["bad one", "good", "bad 2"], "en", "de")
    mended = Toy()
    CachedTranslator(mended, tmp_path).translate(["bad one", "good"], "en", "de")
    assert mended.asked == ["bad one"]


def test_a_translator_that_loses_a_sentence_is_told(tmp_path: Path) -> None:
    toy = Toy()
    toy.translate = lambda texts, source, target: ["x"]  # type: ignore[method-assign]
    with pytest.raises(CcrError, match="toy@1 gave 1 translations of 2 sentences"):
        CachedTranslator(toy, tmp_path).translate(["a", "b"], "en", "de")


def test_an_interruption_loses_one_batch_at_most(tmp_path: Path) -> None:
    texts, seen = sentences(4 * BATCH), []

    def interrupted(text: str) -> str:
        seen.append(text)
        if len(seen) == 2 * BATCH + 3:
            raise KeyboardInterrupt
        return text

    with pytest.raises(KeyboardInterrupt):
        CachedTranslator(Toy(interrupted), tmp_path).translate(texts, "en", "de")
    rest = Toy()
    CachedTranslator(rest, tmp_path).translate(texts, "en", "de")
    assert len(rest.asked) == 2 * BATCH
    assert set(rest.asked) | set(seen) == set(texts)


def test_a_killed_process_loses_one_batch_at_most(tmp_path: Path) -> None:
    log, count = tmp_path / "log", 6 * BATCH
    process = child(tmp_path / "cache", log, count, 0.002)
    while not log.exists() or len(log.read_text().splitlines()) < 3 * BATCH:
        assert process.is_alive()
        time.sleep(0.01)
    process.kill()
    process.join()
    begun = len(log.read_text().splitlines())
    rest = Toy(str.upper)
    made = CachedTranslator(rest, tmp_path / "cache").translate(sentences(count), "en", "de")
    assert made == [text.upper() for text in sentences(count)]
    assert count - begun <= len(rest.asked) <= count - begun + BATCH


def test_processes_that_want_the_same_sentences_share_the_work(tmp_path: Path) -> None:
    logs = [tmp_path / "one", tmp_path / "two"]
    count = 4 * BATCH
    processes = [child(tmp_path / "cache", log, count, 0.001) for log in logs]
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    asked = [line for log in logs if log.exists() for line in log.read_text().splitlines()]
    assert sorted(asked) == sorted(sentences(count))


def test_the_map_grows(tmp_path: Path) -> None:
    cache = TranslationCache(tmp_path, map_size=1 << 16)
    texts = {TranslationCache.key("toy@1", "en", "de", str(i)): f"{i} " * 2000 for i in range(100)}
    for key, text in texts.items():
        cache.put({key: text})
    assert cache.get(list(texts)) == list(texts.values())
    assert (tmp_path / DATA).stat().st_size > 1 << 16


def test_a_damaged_translation_is_made_again(tmp_path: Path) -> None:
    CachedTranslator(Toy(), tmp_path).translate(["eins", "zwei"], "de", "en")
    key = TranslationCache.key("toy@1", "de", "en", "eins")
    for junk in (b"", b"abc", b"\0\0\0\0damaged"):
        Environment(tmp_path / "translations").write(lambda txn, junk=junk: txn.put(key, junk))  # type: ignore[misc]
        again = Toy()
        assert CachedTranslator(again, tmp_path).translate(["eins", "zwei"], "de", "en") == ["<snie>", "<iewz>"]
        assert again.asked == ["eins"]


def test_a_damaged_cache_is_told_with_the_remedy(tmp_path: Path) -> None:
    CachedTranslator(Toy(), tmp_path).translate(sentences(500), "de", "en")
    Environment(tmp_path / "translations").close()
    os.truncate(tmp_path / "translations" / DATA, 5000)
    with pytest.raises(CcrError, match=r"translations.*; remove that folder, and its sentences are translated anew"):
        CachedTranslator(Toy(), tmp_path).translate(["eins"], "de", "en")


def test_long_work_shows_its_progress(tmp_path: Path, capfd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    CachedTranslator(Toy(), tmp_path).translate(sentences(3 * BATCH), "en", "de")
    assert capfd.readouterr().err == ""
    monkeypatch.setattr("ccr.translation.cache.LONG", 0.0)
    CachedTranslator(Toy(), tmp_path).translate(sentences(3 * BATCH), "en", "fr")
    assert f"translating en to fr: {3 * BATCH} sentences in" in capfd.readouterr().err


# --- noise ---------------------------------------------------------------------------------------------------------

WORDS = st.lists(st.text("abcdeß", min_size=1, max_size=4), min_size=1, max_size=12, unique=True).map(" ".join)
HAN = st.lists(st.sampled_from("一只大白狗在雪地里跑、。"), min_size=1, max_size=12, unique=True).map("".join)
LEVELS = st.floats(0, 1)


@settings(max_examples=200)
@given(
    st.one_of(st.tuples(WORDS, st.just("de")), st.tuples(HAN, st.sampled_from(["zh", "ja", "zh-Hant"]))), LEVELS, LEVELS
)
def test_laws_of_noise(written: tuple[str, str], one: float, other: float) -> None:
    text, lang = written
    low, high = sorted((one, other))
    made = spoil(text, lang, high)
    assert made.strip(), "never empty"
    assert made == spoil(text, lang, high), "the same text gives the same noise"
    if lang == "de" and " " in text:
        assert set(made.split()) <= set(text.split()), "words are the text's own"
    else:
        assert set(made) <= set(text), "characters are the text's own"
        assert " " not in made
    if made == text:
        assert spoil(text, lang, low) == text, "less noise spoils no more"


@pytest.mark.parametrize("lang", ["de", "zh"])
def test_the_level_is_the_share_of_words_that_is_spoilt(lang: str) -> None:
    words = [f"w{i}" for i in range(2000)] if lang == "de" else [chr(0x4E00 + i) for i in range(2000)]
    join = " ".join if lang == "de" else "".join
    for level in (0.1, 0.5, 1.0):
        made = spoil(join(words), lang, level)
        out = made.split() if lang == "de" else list(made)
        gone = len(set(words) - set(out))
        # dropped or confused, and not the word that another one was confused with
        assert abs(gone / 2000 - 2 / 3 * level * math.exp(-level / 3)) < 0.04
        assert out != words
    assert spoil(join(words), lang, 0.0) == join(words)


def test_words_keep_to_their_text(tmp_path: Path) -> None:
    noisy = NoisyTranslator(CachedTranslator(Toy(), tmp_path), 0.5)
    texts = [*ODD, *sentences(40)]
    together = noisy.translate(texts, "en", "de")
    assert together == [noisy.translate([text], "en", "de")[0] for text in texts]
    assert together[::-1] == noisy.translate(texts[::-1], "en", "de")
    assert noisy.fingerprint == "toy@1+noise0.5"
    assert noisy.translate(["as it is"], "en", "en") == ["as it is"]


@pytest.mark.parametrize("text", ["x", "狗", "Hund", "собака", "กำ", "が", "!", "ha ha ha"])
def test_short_texts_survive_all_noise(text: str) -> None:
    for lang in ("de", "zh", "ja", "th"):
        assert spoil(text, lang, 1.0).strip()


# --- opening -------------------------------------------------------------------------------------------------------

TOYS = """
from pathlib import Path
from attrs import frozen
import ccr

@frozen
class Own:
    noise: float = ccr.setting(0.25, "Its own.")
    device: str = "auto"

class Plain(ccr.Translator):
    asked = []
    def __init__(self, argument, settings):
        super().__init__(argument, settings)
        self.fingerprint = f"plain@{argument}"
    @classmethod
    def missing(cls, argument, settings):
        return [f"{argument} is not here"] if "nowhere" in argument else []
    def translate(self, texts, source, target):
        Plain.asked += texts
        return [f"{source} {target} " + text for text in texts]

class Noisy(Plain):
    def __init__(self, argument, settings):
        super().__init__(argument, settings)
        self.fingerprint = f"noisy@{settings.noise}{settings.device}"
"""
REGISTRY = """
plugins:
  - {kind: translator, name: plain, file: toys.py, object: Plain}
  - {kind: translator, name: noisy, file: toys.py, object: Noisy, settings: Own}
"""


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., OpenTranslator]:
    (tmp_path / "toys.py").write_text(textwrap.dedent(TOYS))
    (tmp_path / "registry.yaml").write_text(REGISTRY)
    host = Host.load(tmp_path / "registry.yaml")

    def door(reference: str, *assignments: str, **more: Any) -> OpenTranslator:
        config = load_config(None, {"method": "m", "dataset": "d", "set": assignments})
        read = partial(config.settings_for, "translator")
        return open_translator(host, reference, read, tmp_path / "cache", **more)

    door.host = host  # type: ignore[attr-defined]
    return door


def test_every_translator_takes_noise(opened: Callable[..., OpenTranslator]) -> None:
    texts = sentences(20)
    plain, noisy = opened("plain:x"), opened("plain:x", "translator.noise=0.3")
    clean, spoilt = (translator.translate(texts, "en", "de") for translator in (plain, noisy))
    assert (plain.fingerprint, noisy.fingerprint) == ("plain@x", "plain@x+noise0.3")
    assert noisy.origin("en", "de") == "mt:plain@x+noise0.3"
    assert clean == [f"en de {text}" for text in texts]
    assert spoilt == [spoil(text, "de", 0.3) for text in clean] != clean
    assert sorted(plain.factory.asked) == sorted(texts), "another level asks for nothing again"  # type: ignore[attr-defined]


def test_cold_it_translates_anew_and_keeps_nothing(opened: Callable[..., OpenTranslator]) -> None:
    door = opened("plain:x", "translator.noise=0.3")
    before = door.translate(["ein Hund"], "en", "de")
    with door.cold():
        assert door.translate(["ein Hund"], "en", "de") == before
        door.translate(["eine Katze"], "en", "de")
    assert door.translate(["ein Hund", "eine Katze"], "en", "de")[0] == before[0]
    assert door.factory.asked == ["ein Hund", "ein Hund", "eine Katze", "eine Katze"]  # type: ignore[attr-defined]


def test_a_translator_with_noise_of_its_own_keeps_it(opened: Callable[..., OpenTranslator]) -> None:
    assert opened("noisy").fingerprint == "noisy@0.25auto"
    assert opened("noisy", "translator.noise=0.5", device="cpu").fingerprint == "noisy@0.5cpu"
    assert opened("noisy", "translator.device=cuda", device="cpu").fingerprint == "noisy@0.25cuda"


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("noize=0.3", 'translator.noize is unknown (did you mean "noise"?)'),
        ("noise=1.5", "translator.noise is a share from 0 to 1, not 1.5"),
        ("noise=much", 'translator.noise must be a number, not "much"'),
    ],
)
def test_settings_stay_strict(opened: Callable[..., OpenTranslator], setting: str, sentence: str) -> None:
    with pytest.raises(CcrError) as told:
        opened("plain", f"translator.{setting}")
    assert str(told.value) == f"--set: {sentence}"


def test_a_template_is_one_engine_per_direction(opened: Callable[..., OpenTranslator]) -> None:
    directions = [("en", "de"), ("en", "fr")]
    many = opened("plain:opus-{source}-{target}", directions=directions)
    assert many.origin("en", "de") == "mt:plain@opus-en-de"
    assert many.translate(["a"], "en", "fr") == ["en fr a"]
    same = opened("plain:opus-{source}-{target}", directions=directions[::-1])
    assert (
        same.fingerprint
        == many.fingerprint
        != opened("plain:opus-{source}-{target}", directions=directions[:1]).fingerprint
    )
    assert many.fingerprint.startswith("plain:opus-{source}-{target}@")


def test_what_is_missing_is_told_at_once(opened: Callable[..., OpenTranslator]) -> None:
    directions = [("en", "de"), ("en", "fr"), ("en", "de")]
    with pytest.raises(CcrError) as told:
        opened("plain:nowhere-{target}", directions=directions)
    assert str(told.value) == (
        "translator plain is not complete:\n  - nowhere-de is not here\n  - nowhere-fr is not here"
    )
    config = load_config(None, {"method": "m", "dataset": "d"})
    read = partial(config.settings_for, "translator")
    assert missing(opened.host, "plain:nowhere-{target}", read, directions[:1]) == ["nowhere-de is not here"]  # type: ignore[attr-defined]
    with pytest.raises(CcrError, match=r'no translator is named "plane" .did you mean "plain"'):
        opened("plane")
