"""Records under seal, and views that respect provenance."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from ccr import open_dataset
from ccr.base import Dataset
from ccr.data.records import Data, training, unsealed
from ccr.data.views import is_human, is_mt, queries, training_views
from ccr.errors import CcrError, SealedSplitError
from ccr.protocols import PROTOCOLS, ProtocolSettings, get_protocol, protocol_id, selection, training_captions
from ccr.specs import Caption, DatasetSpec, Item, NoSettings, Split


def item(name: str, *captions: Caption) -> Item:
    return Item(name, captions, digest=name)


EN = Caption("en1", "en", "a red circle")
MT = Caption("de1", "de", "ein rot Kreis", "mt:toy@1", parallel="en1")
HUMAN = Caption("de2", "de", "ein roter Kreis")


class Toy(Dataset):
    def __init__(self, items: Iterable[Item]) -> None:
        super().__init__(NoSettings(), None)
        self._items = tuple(items)

    def items(self, split: Split) -> Iterable[Item]:
        return self._items

    def test_items(self, test_set: str) -> Iterable[Item]:
        return self._items


def data(*items: Item) -> Data:
    return Data(DatasetSpec(name="toy", factory="x:y"), Toy(items))


def test_the_test_split_is_sealed_to_everyone_but_the_harness() -> None:
    toy = data(item("a", EN))
    with pytest.raises(SealedSplitError, match="test split of toy is sealed"):
        toy.records("test", "toy-v1")
    with unsealed():
        assert len(toy.records("test", "toy-v1")) == 1
    with pytest.raises(SealedSplitError):
        toy.records("test", "toy-v1")  # what was read is sealed again


def test_the_readers_own_door_is_sealed_too() -> None:
    opened = open_dataset("scenes", train=8, val=8, test=8)
    with pytest.raises(SealedSplitError, match="test split of scenes is sealed"):
        opened.dataset.test_items("scenes-v1")
    assert len(opened.records("train")) == 8


def test_nobody_opens_it_while_a_method_trains() -> None:
    with training(), pytest.raises(SealedSplitError, match="while a method trains"), unsealed():
        pass


def test_bad_records_are_told_all_at_once() -> None:
    bad = data(
        item("a", EN, Caption("x", "de", "  ")),
        item("a", Caption("x", "de", "zwei")),
        item("b", Caption("y", "de", "drei", "mt:toy@1", parallel="nobody")),
    )
    with pytest.raises(CcrError) as error:
        bad.records("train")
    for words in (
        "item id 'a' stands twice",
        "caption id 'x' stands twice",
        "'x' of item 'a' is empty",
        "the parallel 'nobody' of caption 'y' is not there",
    ):
        assert words in str(error.value)
    with pytest.raises(CcrError, match="there is no item"):
        data().records("val")


def test_only_captions_of_the_right_provenance_train() -> None:
    items = [item("a", EN, MT, HUMAN)]
    for allowed, text in ((is_mt, MT.text), (is_human, HUMAN.text)):
        sources, views = training_views(items, ["de"], "en", allowed, "rule", "toy/train")
        assert views["de"].texts == (text,)
        assert sources == (EN.text,)
    with pytest.raises(CcrError, match=r"toy/train: no fr caption may train here \(under finetune only machine"):
        training_views(items, ["fr"], "en", is_mt, PROTOCOLS["finetune"].rule, "toy/train")


def test_a_caption_without_a_source_is_named() -> None:
    with pytest.raises(CcrError, match=r"caption 'de2' \(de\) of item 'a' has no en caption"):
        training_views([item("a", HUMAN)], ["de"], "en", is_human, "rule", "toy/train")


def test_the_gallery_of_a_language_is_what_has_captions_in_it() -> None:
    items = [item("a", EN), item("b", HUMAN), item("c", Caption("de3", "de", "x"), Caption("de4", "de", "y"))]
    asked = queries(items, "de", lambda c: True, "any", "toy")
    assert asked.gallery.tolist() == [1, 2]
    assert asked.owner.tolist() == [0, 1, 1]
    assert asked.origins == ("human",)


def test_protocol_ids_tell_apart_what_may_not_share_a_column() -> None:
    ids = {
        protocol_id("toy-v1", protocol, ProtocolSettings(align), select, {"human"})
        for protocol in PROTOCOLS.values()
        for select in ("mt-val", "human-val")
        for align in ("target", "general")
    }
    assert len(ids) == 10  # finetune-human selects on human captions in any case
    assert selection(PROTOCOLS["finetune-human"], "mt-val")[0] == "human-val"
    with pytest.raises(CcrError, match='did you mean "finetune"'):
        get_protocol("fine-tune")


def test_a_share_of_the_captions_is_the_same_in_all_languages_and_part_of_a_larger_one() -> None:
    protocol = PROTOCOLS["finetune"]
    items = [item(f"i{i}", Caption(f"en{i}", "en", f"text {i}"), Caption(f"h{i}", "de", "x")) for i in range(400)]
    items = [
        item(i.id, *i.captions, *(Caption(f"{lang}-{i.id}", lang, i.id, "mt:toy@1", f"en{i.id[1:]}") for lang in "ab"))
        for i in items
    ]

    def kept(share: float) -> tuple[str, ...]:
        rule, allowed = training_captions(protocol, ProtocolSettings(mt_share=share))
        _, views = training_views(items, ["a", "b"], "en", allowed, rule, "toy/train")
        assert views["a"].texts == views["b"].texts
        return views["a"].texts

    assert kept(1.0) == tuple(f"i{i}" for i in range(400))
    tenth, half = kept(0.1), kept(0.5)
    assert 20 < len(tenth) < 65
    assert 160 < len(half) < 240
    assert set(tenth) < set(half)
    assert "finetune+share0.1/" in protocol_id("t", protocol, ProtocolSettings(mt_share=0.1), "mt-val", {"human"})
    assert training_captions(protocol, ProtocolSettings())[0] == protocol.rule
    for bad in (0.0, -1.0, 1.5, float("nan")):
        with pytest.raises(ValueError, match="mt_share must be above 0 and at most 1"):
            ProtocolSettings(mt_share=bad)
    with pytest.raises(CcrError, match=r"no a caption may train here .*a share of 1e-09"):
        kept(1e-9)
