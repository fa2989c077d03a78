"""The shipped translators: tables that someone made, and transformers' models, tiny ones made on the spot."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest
from ccr_translators import models
from ccr_translators.languages import flores, may_be, spellings
from ccr_translators.settings import HfSettings
from ccr_translators.table import TableTranslator

from ccr import CcrError, NoSettings

TSV = "en\tde\tzh\nA dog.\tEin Hund.\t一只狗。\n Two cats \tZwei Katzen\t\nA dog.\tEin Hund.\t一只狗。\n"
JSONL = (
    '{"en": "A dog.", "de": "Ein Hund.", "zh": "一只狗。"}\n'
    '{"en": "Two cats", "de": "Zwei\u2028Katzen"}\n'  # a separator of lines for some readers, and no end of a row
)


def table(tmp_path: Path, content: str, name: str = "google.tsv") -> TableTranslator:
    (tmp_path / name).write_bytes(content.encode())
    return TableTranslator(str(tmp_path / name), NoSettings())


# --- tables --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "name"), [(TSV, "google.tsv"), (TSV.replace("\n", "\r\n"), "google.tsv"), (JSONL, "google.jsonl")]
)
def test_a_table_serves_every_direction_between_its_languages(tmp_path: Path, content: str, name: str) -> None:
    made = table(tmp_path, content, name)
    assert made.translate(["A dog.", "Two cats "], "en", "de")[0] == "Ein Hund."
    assert made.translate(["Two cats"], "en", "de")[0].split() == ["Zwei", "Katzen"]
    assert made.translate(["一只狗。", " 一只狗。"], "zh", "en") == ["A dog.", "A dog."]


def test_the_fingerprint_of_a_table_is_its_content(tmp_path: Path) -> None:
    prints = [table(tmp_path, content).fingerprint for content in (TSV, TSV, TSV + "x\ty\tz\n")]
    assert prints[0] == prints[1] != prints[2]
    assert prints[0].startswith("table:google@")


def test_missing_sentences_are_counted_and_named(tmp_path: Path) -> None:
    with pytest.raises(CcrError) as told:
        table(tmp_path, TSV).translate(["A dog.", "A bird.", "Two cats", "A bird."], "en", "zh")
    assert str(told.value) == (
        f"{tmp_path / 'google.tsv'}: 2 of 3 sentences have no translation from en to zh: "
        '"A bird."; "Two cats"; add rows for them'
    )


def test_only_the_direction_that_is_asked_for_must_be_unambiguous(tmp_path: Path) -> None:
    made = table(tmp_path, "en\tde\nA dog\tEin Hund\nOne dog\tEin Hund\n")
    assert made.translate(["One dog"], "en", "de") == ["Ein Hund"]
    with pytest.raises(CcrError, match=r'google.tsv:3: "Ein Hund" has another en translation than in row 2; keep one'):
        made.translate(["Ein Hund"], "de", "en")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.tsv", "", r'has no language "en"'),
        ("a.tsv", "en\n", r"a.tsv:1: the header must name languages with tabs between, not 'en'"),
        ("a.tsv", "en\ten\n", r"a.tsv:1: the header"),
        ("a.tsv", "en\tde\nx\ty\tz\n", r"a.tsv:2: the row has 3 columns, and the header 2"),
        ("a.tsv", "en\tfr\nx\ty\n", r'a.tsv has no language "de"; it has en, fr'),
        ("a.jsonl", '{"en": "x", "de": "y"}\n{"en": \n', r"a.jsonl:2: the row is no JSON"),
        ("a.jsonl", '{"en": "x", "de": 7}\n', r"a.jsonl:1: the row must be an object of texts by language"),
        ("a.jsonl", "[]\n", r"a.jsonl:1: the row must be an object"),
    ],
)
def test_faulty_tables_are_told_by_file_and_row(tmp_path: Path, name: str, content: str, sentence: str) -> None:
    with pytest.raises(CcrError, match=sentence):
        table(tmp_path, content, name).translate(["x"], "en", "de")


def test_a_table_in_another_encoding_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_bytes("en\tde\nx\tHündin\n".encode("latin-1"))
    with pytest.raises(CcrError, match=r"a.tsv is not UTF-8 \(.* at byte \d+\); convert it"):
        TableTranslator(str(tmp_path / "a.tsv"), NoSettings())


def test_what_a_table_lacks_is_told_ahead(tmp_path: Path) -> None:
    assert TableTranslator.missing("", NoSettings()) == [
        "name a file of translations: table:FILE.tsv or table:FILE.jsonl"
    ]
    assert "there is no file nowhere.tsv" in TableTranslator.missing("nowhere.tsv", NoSettings())[0]


# --- what models call the languages --------------------------------------------------------------------------------


def test_languages() -> None:
    assert [flores(lang) for lang in ("de", "zh", "zh-Hant", "pt-BR", "kab_Latn")] == [
        "deu_Latn", "zho_Hans", "zho_Hant", "por_Latn", "kab_Latn",
    ]  # fmt: skip
    assert [*spellings("zh")] == ["zh", "zho_Hans", "cmn_Hans", "cmn", "zho", "zh"]
    assert "fra" in spellings("fr")
    assert may_be("jap", "ja")
    assert may_be("deu", "de")
    assert may_be("mul", "de"), "no known language"
    assert not may_be("de", "fr")


# --- models of transformers ----------------------------------------------------------------------------------------

CORPUS = [
    "a dog runs on the beach",
    "two women drink tea",
    "ein Hund läuft am Strand",
    "一只狗在跑 。",
    "犬が走っている",
] * 20
TEXTS = ["a dog runs on the beach", "two women", "tea", "the beach runs a dog on two women tea", "一只狗", "a"]
SIZES = {
    "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
    "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "max_position_embeddings": 64, "init_std": 1.0,
}  # fmt: skip


@pytest.fixture(scope="session")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of tiny models with random weights: marian, many (to several languages), nllb and m2m."""
    reason = "the extra hf is not installed"
    for name in models.EXTRA:
        pytest.importorskip(name, reason=reason)
    import sentencepiece

    root = tmp_path_factory.mktemp("zoo")
    (root / "corpus").write_text("\n".join(CORPUS), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(root / "corpus"), model_prefix=str(root / "spm"), vocab_size=100, hard_vocab_limit=False,
        character_coverage=1.0, minloglevel=2,
    )  # fmt: skip
    spm = sentencepiece.SentencePieceProcessor(model_file=str(root / "spm.model"))
    pieces = [spm.id_to_piece(i) for i in range(spm.get_piece_size())]
    _marian(root, "opus-mt-en-de", pieces, (), source_lang="en", target_lang="de")
    _marian(root, "opus-mt-en-mul", pieces, (">>deu<<", ">>cmn_Hans<<"), source_lang="en", target_lang="mul")
    _nllb(root)
    _m2m(root, pieces)
    return root


def _marian(root: Path, name: str, pieces: Sequence[str], extra: Sequence[str], **tokenizer: str) -> None:
    import torch
    from transformers import MarianConfig, MarianMTModel, MarianTokenizer

    ids = {token: i for i, token in enumerate(dict.fromkeys(["</s>", "<unk>", *extra, *pieces, "<pad>"]))}
    (root / "vocab.json").write_text(json.dumps(ids))
    spm = str(root / "spm.model")
    MarianTokenizer(spm, spm, str(root / "vocab.json"), **tokenizer).save_pretrained(root / name)
    pad = ids["<pad>"]
    special = {"pad_token_id": pad, "decoder_start_token_id": pad, "eos_token_id": 0, "forced_eos_token_id": 0}
    torch.manual_seed(0)
    MarianMTModel(MarianConfig(vocab_size=len(ids), **special, **SIZES)).save_pretrained(root / name)


def _nllb(root: Path) -> None:
    from transformers import NllbTokenizer

    letters = sorted(set("".join(CORPUS)) - {" "} | {"▁"})
    ids = {token: i for i, token in enumerate(["<s>", "<pad>", "</s>", "<unk>", *letters])}
    tokenizer = NllbTokenizer(vocab=ids, merges=[])
    tokenizer.save_pretrained(root / "nllb")
    _seq2seq(root / "nllb", len(tokenizer), range(len(ids), len(tokenizer)))


def _m2m(root: Path, pieces: Sequence[str]) -> None:
    from transformers import M2M100Tokenizer

    ids = {token: i for i, token in enumerate(dict.fromkeys(["<s>", "<pad>", "</s>", "<unk>", *pieces]))}
    (root / "vocab.json").write_text(json.dumps(ids))
    tokenizer = M2M100Tokenizer(str(root / "vocab.json"), str(root / "spm.model"))
    tokenizer.save_pretrained(root / "m2m")
    languages = list(tokenizer.lang_code_to_id.values())
    _seq2seq(root / "m2m", max(languages) + 9, languages)


def _seq2seq(folder: Path, size: int, languages: Any) -> None:
    import torch
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    special = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 2}
    torch.manual_seed(0)
    model = M2M100ForConditionalGeneration(M2M100Config(vocab_size=size, **special, **SIZES))
    with torch.no_grad():  # language tokens that are never said, and do steer what is said
        model.model.shared.weight[list(languages)] *= 0.05
    model.save_pretrained(folder)


def hf(folder: Path, **settings: Any) -> Any:
    from ccr_translators.hf import HfTranslator

    assert HfTranslator.missing(str(folder), HfSettings()) == []
    given = {"beams": 1, "max_tokens": 12, "batch_size": 4, "device": "cpu", **settings}
    return HfTranslator(str(folder), HfSettings(**given))


@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("name", ["opus-mt-en-de", "opus-mt-en-mul", "nllb", "m2m"])
def test_a_translation_does_not_depend_on_its_neighbours(zoo: Path, name: str, beams: int) -> None:
    translator = hf(zoo / name, beams=beams)
    made = translator.translate(TEXTS, "en", "de")
    assert made == [translator.translate([text], "en", "de")[0] for text in TEXTS]
    assert made == hf(zoo / name, beams=beams, batch_size=2).translate(TEXTS[::-1], "en", "de")[::-1]
    assert all(made)
    assert len(set(made)) > 1
    assert not any(code in text for text in made for code in ("__de__", "deu_Latn", ">>deu<<", "<pad>", "</s>"))


@pytest.mark.parametrize("name", ["nllb", "m2m", "opus-mt-en-mul"])
def test_both_languages_are_told_to_the_model(zoo: Path, name: str) -> None:
    translator = hf(zoo / name)
    german = translator.translate(TEXTS, "en", "de")
    assert german != translator.translate(TEXTS, "en", "zh")
    assert german == translator.translate(TEXTS, "en", "de"), "and not remembered"
    if name != "opus-mt-en-mul":
        assert german != translator.translate(TEXTS, "ja", "de")


@pytest.mark.parametrize(
    ("name", "source", "target", "sentence"),
    [
        ("opus-mt-en-de", "en", "fr", "opus-mt-en-de translates to de, not to fr; one model per direction is named"),
        ("opus-mt-en-de", "fr", "de", "opus-mt-en-de translates from en, not from fr"),
        ("opus-mt-en-mul", "en", "ja", r"no language 'ja'; it has deu, cmn_Hans; .* --set translator.codes.ja=CODE"),
        ("nllb", "en", "tlh", r"nllb has no language 'tlh'"),
        ("m2m", "de", "tlh", r"m2m has no language 'tlh'.* --set translator.codes.tlh=CODE"),
    ],
)
def test_languages_that_a_model_does_not_have_are_told(
    zoo: Path, name: str, source: str, target: str, sentence: str
) -> None:
    with pytest.raises(CcrError, match=sentence):
        hf(zoo / name).translate(["a"], source, target)


def test_codes_can_be_set(zoo: Path) -> None:
    plain, named = hf(zoo / "nllb"), hf(zoo / "nllb", codes={"xx": "deu_Latn"})
    assert named.translate(TEXTS, "en", "xx") == plain.translate(TEXTS, "en", "de")
    assert named.fingerprint == f"{plain.fingerprint}-xx=deu_Latn"


def test_the_fingerprint_names_the_model_and_how_it_decodes(zoo: Path, tmp_path: Path) -> None:
    shutil.copytree(zoo / "nllb", tmp_path / "nllb")
    own = hf(zoo / "nllb", max_tokens=256).fingerprint
    assert own == hf(tmp_path / "nllb", max_tokens=256, batch_size=1).fingerprint
    assert own.startswith("hf:nllb@")
    assert own.endswith("-greedy")
    assert hf(zoo / "nllb", max_tokens=12, beams=2).fingerprint.endswith("-beam2-max12")
    weights = tmp_path / "nllb" / "model.safetensors"
    changed = bytearray(weights.read_bytes())
    changed[-1] ^= 1
    weights.write_bytes(changed)
    assert hf(tmp_path / "nllb", max_tokens=256).fingerprint != own


def test_a_sentence_that_is_too_long_is_not_cut(zoo: Path) -> None:
    with pytest.raises(CcrError, match=r'nllb reads 64 tokens; these are \d+: "a dog runs'):
        hf(zoo / "nllb").translate(["tea", "a dog runs " * 20], "en", "de")


def test_what_a_folder_lacks_is_told_in_one_sentence(zoo: Path, tmp_path: Path) -> None:
    assert models.missing("/nowhere/model") == [
        "there is no folder /nowhere/model: put there a Marian, NLLB or M2M100 model as transformers saves it"
    ]
    folder = tmp_path / "model"
    folder.mkdir()
    assert models.missing(str(folder)) == [
        f"{folder} has no config.json that can be read: put there all files of the model"
    ]
    (folder / "config.json").write_text('{"model_type": "marian"}')
    assert models.missing(str(folder)) == [
        f"{folder} lacks source.spm, target.spm, vocab.json, model.safetensors or pytorch_model.bin: "
        "put there all files of the model"
    ]
    (folder / "config.json").write_text('{"model_type": "bert"}')
    assert models.missing(str(folder)) == [
        f"{folder} holds a model of the type bert: hf reads marian, m2m_100 (NLLB is m2m_100)"
    ]
    shutil.copytree(zoo / "nllb", folder, dirs_exist_ok=True)
    (folder / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(CcrError, match=f"the model in {folder} cannot be loaded: "):
        hf(folder).translate(["a"], "en", "de")


def test_weights_that_are_not_all_there_are_refused(zoo: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    shutil.copytree(zoo / "nllb", tmp_path / "nllb")
    weights = load_file(tmp_path / "nllb" / "model.safetensors")
    del weights["model.decoder.layers.0.fc1.bias"]
    save_file(weights, tmp_path / "nllb" / "model.safetensors", {"format": "pt"})
    with pytest.raises(CcrError, match=r"nllb lack 1 tensors, such as model.decoder.layers.0.fc1.bias"):
        hf(tmp_path / "nllb").translate(["a"], "en", "de")


def test_a_model_that_cannot_be_fetched_is_told_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(models, "EXTRA", ("a_module_that_is_nowhere",))
    monkeypatch.setattr(models, "_cached", lambda name: None)
    assert models.missing("") == [
        "the translator hf needs a_module_that_is_nowhere: pip install 'ccr[hf]'",
        "name a model: hf:ORG/NAME of the hub, or hf:FOLDER",
    ]

    def unreachable(*_: Any, **__: Any) -> Path:
        raise OSError("https://huggingface.co is out of reach")

    monkeypatch.setattr(models, "EXTRA", ())
    monkeypatch.setattr("ccr.hub_file", unreachable)
    sentence = (
        "the model facebook/nllb is not on this machine and cannot be fetched (https://huggingface.co is out of reach)"
        ": get all its files from https://huggingface.co/facebook/nllb, put them into a folder and name that, "
        "hf:/FOLDER"
    )
    assert models.missing("facebook/nllb") == [sentence]
    with pytest.raises(CcrError) as told:
        models.locate("facebook/nllb")
    assert str(told.value) == sentence


def test_a_snapshot_of_the_hub_is_known_by_its_commit(
    zoo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    snapshot = tmp_path / "models--facebook--tiny" / "snapshots" / commit
    shutil.copytree(zoo / "nllb", snapshot)
    (tmp_path / "models--facebook--tiny" / "refs").mkdir()
    (tmp_path / "models--facebook--tiny" / "refs" / "main").write_text(commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert models.missing("facebook/tiny") == []
    assert models.locate("facebook/tiny") == models.Source("facebook/tiny", snapshot, commit[:12])


def test_settings_are_checked() -> None:
    with pytest.raises(ValueError, match="beams must be at least 1, not 0"):
        HfSettings(beams=0)
    assert attrs.evolve(HfSettings(), device="cpu").beams == 4
