"""Token input: the byte-level BPE, mBERT's vocabulary and table, and rows of ids."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from ccr.data.tokens import AddedTokens, BpeTokens, MbertTokens, load_tokens, pad_rows, train_bpe
from ccr.errors import CcrError

TEXTS = [
    "Ein Hund läuft über die Wiese .",
    "Ein Mann läuft über die Straße .",
    "un chien court dans l'herbe",
    "un homme court dans la rue",
    "pes běží po trávě",
    "muž běží po ulici",
    "一只狗在草地上奔跑",
    "一个男人在街上奔跑",
    "犬が草の上を走っている",
    "男が道を走っている",
] * 3

TRAIN = f"""
import sys
from ccr.data.tokens import train_bpe
sys.stdout.buffer.write(train_bpe({TEXTS!r}, 340).encode())
"""


@pytest.fixture(scope="module")
def bpe() -> BpeTokens:
    return BpeTokens(train_bpe(TEXTS, 340), dim=16)


# --- the byte-level BPE ---------------------------------------------------------------------------------------------


def test_same_vocabulary_in_every_process_and_with_any_number_of_threads() -> None:
    jsons = {
        subprocess.run(
            [sys.executable, "-c", TRAIN],
            env={**os.environ, "RAYON_NUM_THREADS": threads, "PYTHONHASHSEED": threads, "TOKENIZERS_PARALLELISM": on},
            capture_output=True,
            check=True,
        ).stdout.decode()
        for threads, on in (("1", "false"), ("7", "true"))
    }
    assert jsons == {train_bpe(TEXTS, 340)}


def test_vocabulary_has_the_size_asked_for_and_its_specials_first(bpe: BpeTokens) -> None:
    assert (bpe.vocab_size, bpe.pad, bpe.cls, bpe.sep) == (340, 0, 1, 2)
    assert "[UNK]" not in json.loads(train_bpe(TEXTS, 340))["model"]["vocab"]


def test_vocabulary_below_the_alphabet_is_refused() -> None:
    with pytest.raises(CcrError, match="at least 259 tokens, not 200"):
        train_bpe(TEXTS, 200)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), st.integers(2, 12))
def test_any_text_is_framed_and_cut_with_sep_kept(bpe: BpeTokens, text: str, limit: int) -> None:
    (whole,), (cut,) = bpe.encode([text], 10_000), bpe.encode([text], limit)
    assert whole.dtype == cut.dtype == np.int32
    assert (whole[0], whole[-1]) == (bpe.cls, bpe.sep)
    assert not set(whole[1:-1]) & {bpe.pad, bpe.cls, bpe.sep}
    assert len(cut) == min(limit, len(whole))
    assert cut.tolist() == [*whole[: len(cut) - 1], bpe.sep]


def test_empty_text_is_cls_and_sep(bpe: BpeTokens) -> None:
    assert [row.tolist() for row in bpe.encode(["", ""], 5)] == [[1, 2], [1, 2]]
    assert bpe.encode([], 5) == []


def test_text_never_seen_in_training_loses_nothing(bpe: BpeTokens) -> None:
    rows = bpe.encode(["Привет 🐕", "Привет 🐈", "안녕"], 100)
    assert len({row.tobytes() for row in rows}) == 3


def test_composed_and_full_width_spellings_are_one(bpe: BpeTokens) -> None:
    rows = bpe.encode(["läuft ABC", "la\u0308uft ＡＢＣ"], 100)
    assert rows[0].tolist() == rows[1].tolist()


def test_specials_typed_in_a_caption_are_text(bpe: BpeTokens) -> None:
    (row,) = bpe.encode(["ein [SEP] [PAD] Hund"], 100)
    assert row.tolist().count(bpe.sep) == 1
    assert bpe.pad not in row


def test_table_is_drawn_from_a_fixed_seed_with_a_zero_pad_row(bpe: BpeTokens) -> None:
    torch.manual_seed(1)
    first = bpe.table()
    torch.manual_seed(2)
    assert torch.equal(first, BpeTokens(train_bpe(TEXTS, 340), dim=16).table())
    assert first.shape == (340, 16)
    assert first.dtype == torch.float32
    assert not first[bpe.pad].any()
    assert first[1:].std().item() == pytest.approx(0.02, rel=0.05)


def test_fingerprint_tells_vocabularies_and_widths_apart(bpe: BpeTokens) -> None:
    others = [BpeTokens(train_bpe(TEXTS, 330), 16), BpeTokens(train_bpe(TEXTS, 340), 8)]
    assert len({bpe.fingerprint, *(other.fingerprint for other in others)}) == 3
    assert bpe.fingerprint == BpeTokens(train_bpe(TEXTS, 340), 16).fingerprint


# --- as an artifact -------------------------------------------------------------------------------------------------


def open_bpe(cache: Path, texts: list[str] = TEXTS, vocabulary: int = 300) -> BpeTokens:
    tokens = load_tokens("bpe", texts=lambda: texts, vocabulary=vocabulary, dim=8, cache=cache, key={"dataset": "x"})
    assert isinstance(tokens, BpeTokens)
    return tokens


def test_bpe_is_trained_once_and_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_bpe(tmp_path)
    monkeypatch.setattr("ccr.data.tokens.train_bpe", lambda *_: pytest.fail("trained again"))
    assert open_bpe(tmp_path).fingerprint == first.fingerprint


def test_other_texts_or_sizes_are_another_artifact(tmp_path: Path) -> None:
    made = {open_bpe(tmp_path).fingerprint, open_bpe(tmp_path, TEXTS[:-1]).fingerprint}
    made.add(open_bpe(tmp_path, vocabulary=310).fingerprint)
    assert len(made) == 3
    assert len(list((tmp_path / "vocabularies").glob("*/sealed.json"))) == 3


def test_two_at_once_build_one(tmp_path: Path) -> None:
    prints: list[str] = []
    threads = [threading.Thread(target=lambda: prints.append(open_bpe(tmp_path).fingerprint)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(prints) == 4
    assert len(set(prints)) == 1


def test_damaged_artifact_is_told(tmp_path: Path) -> None:
    open_bpe(tmp_path)
    (file,) = tmp_path.glob("vocabularies/*/tokenizer.json")
    file.write_text(file.read_text(encoding="utf-8")[:100], encoding="utf-8")
    with pytest.raises(CcrError, match=r"tokenizer.json \(remove its folder to make it anew\) is no file of"):
        open_bpe(tmp_path)


@pytest.mark.parametrize(("spec", "hint"), [("mbrt", 'did you mean "mbert"'), ("bpe:x", "known: bpe, mbert")])
def test_unknown_spec_is_told(tmp_path: Path, spec: str, hint: str) -> None:
    with pytest.raises(CcrError, match=hint):
        load_tokens(spec, texts=lambda: TEXTS, vocabulary=300, dim=8, cache=tmp_path, key={})


# --- mBERT ----------------------------------------------------------------------------------------------------------

WORDS = ["[PAD]", "x", "[UNK]", "y", "[CLS]", "[SEP]", "Hund", "hund", "##e", "狗", "běží", "[", "]", "SEP"]
KEY = "bert.embeddings.word_embeddings.weight"


def mbert_folder(folder: Path, vocabulary: str = "json", weights: str = "safetensors", key: str = KEY) -> Path:
    from tokenizers import BertWordPieceTokenizer

    folder.mkdir(exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    if vocabulary == "json":
        tokenizer = BertWordPieceTokenizer(str(folder / "vocab.txt"), lowercase=False)
        tokenizer.enable_truncation(3)  # left in the file, as some folders on the hub have it
        tokenizer.enable_padding(length=9)
        tokenizer.save(str(folder / "tokenizer.json"))
        (folder / "vocab.txt").unlink()
    tensors = {key: torch.arange(len(WORDS) * 4).reshape(-1, 4).half(), "other": torch.zeros(3)}
    if weights == "safetensors":
        save_file(tensors, folder / "model.safetensors")
    else:
        torch.save(tensors, folder / "pytorch_model.bin")
    return folder


@pytest.mark.parametrize("vocabulary", ["json", "txt"])
@pytest.mark.parametrize("weights", ["safetensors", "bin"])
@pytest.mark.parametrize("key", [KEY, "embeddings.word_embeddings.weight"])
def test_mbert_folder_in_every_form(tmp_path: Path, vocabulary: str, weights: str, key: str) -> None:
    tokens = MbertTokens.load(mbert_folder(tmp_path / "mbert", vocabulary, weights, key))
    assert (tokens.pad, tokens.cls, tokens.sep, tokens.vocab_size, tokens.dim) == (0, 4, 5, len(WORDS), 4)
    rows = [row.tolist() for row in tokens.encode(["Hund hund Hunde", "狗běží", "", "[SEP]"], 20)]
    assert rows == [[4, 6, 7, 6, 8, 5], [4, 9, 10, 5], [4, 5], [4, 11, 13, 12, 5]]
    assert tokens.encode(["Hund hund Hunde"], 4)[0].tolist() == [4, 6, 7, 5]
    assert tokens.table().dtype == torch.float32
    assert torch.equal(tokens.table(), torch.arange(len(WORDS) * 4.0).reshape(-1, 4))


def test_mbert_table_is_private_and_in_the_fingerprint(tmp_path: Path) -> None:
    folder = mbert_folder(tmp_path / "mbert")
    tokens = load_tokens(
        f"mbert:{folder}", texts=lambda: pytest.fail("reads no texts"), vocabulary=0, dim=0, cache=tmp_path, key={}
    )
    tokens.table().zero_()
    assert tokens.table().any()
    assert tokens.fingerprint == MbertTokens.load(folder).fingerprint
    save_file({KEY: torch.ones(len(WORDS), 4)}, folder / "model.safetensors")
    assert tokens.fingerprint != MbertTokens.load(folder).fingerprint


def test_mbert_faults_are_one_sentence(tmp_path: Path) -> None:
    def says(match: str) -> None:
        with pytest.raises(CcrError, match=match) as caught:
            MbertTokens.load(folder)
        assert "\n" not in str(caught.value)

    folder = tmp_path / "nowhere"
    says(r"there is no tokenizer.json or vocab.txt in .*nowhere; both come from https://huggingface.co/google-bert")
    mbert_folder(folder)
    (folder / "model.safetensors").unlink()
    says(r"there is no model.safetensors or pytorch_model.bin in")
    (folder / "model.safetensors").write_bytes(b"\x08\x00\x00")
    says(r"model.safetensors is damaged")
    mbert_folder(folder, key="embedding")
    says(r"model.safetensors has no embedding table bert.embeddings.word_embeddings.weight or")
    save_file({KEY: torch.ones(3, 4)}, folder / "model.safetensors")
    says(r"the embedding table has 3 rows for a vocabulary of 14")
    (folder / "tokenizer.json").write_text("{")
    says(r"tokenizer.json is no file of the tokenizers library")
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n", encoding="utf-8")
    says(r"vocab.txt is no BERT vocabulary: sep_token not found")


def test_pickled_objects_are_not_loaded(tmp_path: Path) -> None:
    folder = mbert_folder(tmp_path / "mbert")
    (folder / "model.safetensors").unlink()
    torch.save({KEY: threading.Thread}, folder / "pytorch_model.bin")
    with pytest.raises(CcrError, match=r"pytorch_model.bin is damaged, or holds more than tensors"):
        MbertTokens.load(folder)


def test_hub_out_of_reach_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *_: None)
    with pytest.raises(CcrError, match=r"get tokenizer.json and model.safetensors .* say --tokens mbert:FOLDER"):
        MbertTokens.load(None)


def test_hub_cache_is_used_without_asking_the_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub
    from huggingface_hub import constants

    folder = mbert_folder(tmp_path / "mbert")
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda _, name: str(folder / name))
    assert MbertTokens.load(None).fingerprint == MbertTokens.load(folder).fingerprint


# --- languages added later --------------------------------------------------------------------------------------------


def test_added_tokens_keep_every_row_of_before_and_lack_none() -> None:
    base = BpeTokens(train_bpe(["ein Hund läuft", "ein Hund schläft", "zwei Hunde laufen"] * 3, 300), 8)
    added = AddedTokens(base, ["zh"], train_bpe(["一只狗在跑", "一只狗在睡", "ein Hund 狗"] * 3, 300))
    german, chinese = ["ein Hund läuft"], ["一只狗在跑", "[SEP]"]
    assert added.of("de") is base
    assert added.of("zh") is added
    assert all((a == b).all() for a, b in zip(added.of("de").encode(german, 20), base.encode(german, 20), strict=True))
    table = added.table()
    assert torch.equal(table[: base.vocab_size], base.table())
    assert table.shape == (added.vocab_size, base.dim)
    rows = added.encode(chinese, 20)
    assert rows[0][0] == base.cls
    assert rows[0][-1] == base.sep
    assert max(rows[0]) >= base.vocab_size, "Chinese has tokens of its own"
    assert len(rows[0]) < len(base.encode(chinese, 20)[0]), "so that it is shorter than its bytes"
    assert added.fingerprint != base.fingerprint
    twice = AddedTokens(added, ["cs"], train_bpe(["dva psi běží", "pes spí"] * 3, 290))
    assert twice.of("zh") is added
    assert twice.of("de") is base
    assert torch.equal(twice.table()[: added.vocab_size], table)


# --- rows -----------------------------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.integers(0, 9), max_size=6), max_size=6))
def test_rows_are_padded_to_the_longest(rows: list[list[int]]) -> None:
    ids, lengths = pad_rows([np.array(row, dtype=np.int32) for row in rows], pad=77)
    assert ids.dtype == lengths.dtype == torch.int64
    assert ids.shape == (len(rows), max(map(len, rows), default=0))
    assert lengths.tolist() == [len(row) for row in rows]
    assert ids.tolist() == [row + [77] * (ids.shape[1] - len(row)) for row in rows]


def test_marks_belong_to_their_letters() -> None:
    """GPT-2's words end at a vowel sign, so that Hindi would be cut to pieces. Others stay as they are."""
    hindi = ["एक बैंगनी तारा, समुद्र तट पर", "एक छोटा बैंगनी दिल"] * 20
    tokens = BpeTokens(train_bpe([*TEXTS, *hindi], 500), dim=16)
    (row,) = tokens.encode(["एक बैंगनी तारा"], 48)
    assert len(row) == 2 + 3
    (marked,) = tokens.encode(["a red star, बैंगनी"], 48)
    rows = {number: text for text, number in tokens.rows().items()}
    assert rows[int(marked[1])].startswith("Ġ")  # a first word is as any other
    plain = json.loads(train_bpe([*TEXTS, "e\u0301toile", "\u2764\ufe0f"], 400))  # composed; a mark on no letter
    assert plain["normalizer"] == {"type": "NFKC"}
    assert plain["pre_tokenizer"]["type"] == "ByteLevel"
