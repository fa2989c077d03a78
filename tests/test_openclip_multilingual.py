"""open_clip's multilingual models as they are: texts and features are those of open_clip's own tokenizer and model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import open_clip
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers.processors import TemplateProcessing

from ccr import CcrError, NoSettings, NotAdaptableError
from ccr.cli import main

transformers = pytest.importorskip("transformers", reason="transformers is not installed")

from ccr_openclip import tokenizer as own  # noqa: E402
from ccr_openclip.encoder import OpenClipEncoder  # noqa: E402
from ccr_openclip.languages import CODES, flores_code  # noqa: E402

FIELD = {
    "en": "eng_Latn", "de": "deu_Latn", "fr": "fra_Latn", "cs": "ces_Latn", "zh": "zho_Hans", "ja": "jpn_Jpan",
    "ko": "kor_Hang", "ru": "rus_Cyrl", "tr": "tur_Latn", "es": "spa_Latn", "it": "ita_Latn", "pl": "pol_Latn",
}  # fmt: skip
FLORES = (*FIELD.values(), "zho_Hant", "ace_Arab", "ace_Latn", "srp_Cyrl", "lus_Latn")
TEXTS = [
    "A Dog, running!", "zwei Männer fahren ein rotes Fahrrad, und noch ein langer Satz &amp; noch einer", "",
    "一只狗。", "два  человека", "犬が走る", "köpek </s> koşuyor",
]  # fmt: skip
VISION = {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16}
EMBED, ROOM = 24, 77


def words(folder: Path, kind: str, specials: Sequence[str], template: str) -> None:
    """A tiny vocabulary of these texts as a folder that transformers opens as `kind`."""
    folder.mkdir(parents=True, exist_ok=True)
    unigram = kind.startswith("XLM")
    built = Tokenizer(models.Unigram() if unigram else models.BPE(unk_token="<unk>"))
    built.normalizer = normalizers.NFKC()
    built.pre_tokenizer = pre_tokenizers.Metaspace()
    built.decoder = decoders.Metaspace()
    sizes: dict[str, Any] = {"vocab_size": 260, "special_tokens": list(specials), "show_progress": False}
    trainer = trainers.UnigramTrainer(unk_token="<unk>", **sizes) if unigram else trainers.BpeTrainer(**sizes)
    built.train_from_iterator([*TEXTS, *(text.lower() for text in TEXTS)], trainer)
    ids = [(name, built.token_to_id(name)) for name in template.split() if name != "$A"]
    built.post_processor = TemplateProcessing(single=template, special_tokens=ids)
    built.add_special_tokens([AddedToken(name, special=True) for name in specials])
    built.save(str(folder / "tokenizer.json"))
    marks = {"unk_token": "<unk>", "pad_token": "<pad>", "eos_token": "</s>", "model_max_length": 512}
    marks |= {"bos_token": "<s>", "cls_token": "<s>", "sep_token": "</s>"} if "<s>" in specials else {}
    extra = [name for name in specials if "_" in name]
    marks |= {"additional_special_tokens": extra} if extra else {}
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": kind, **marks}))


def write(folder: Path, kind: str, **changes: Any) -> Path:
    """A folder as open_clip's `local-dir:` reads it: config, random weights and tokenizer of a tiny model."""
    config: dict[str, Any] = {"embed_dim": EMBED, "vision_cfg": VISION, "custom_text": True}
    if kind == "xlm-roberta":
        words(folder, "XLMRobertaTokenizerFast", ["<s>", "<pad>", "</s>", "<unk>", "<mask>"], "<s> $A </s>")
        sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
        tower = transformers.XLMRobertaConfig(vocab_size=300, max_position_embeddings=514, **sizes)
        config["text_cfg"] = {"hf_pooler_type": "mean_pooler", "hf_proj_type": "mlp"}
    elif kind == "nllb":
        words(folder, "NllbTokenizerFast", ["<s>", "<pad>", "</s>", "<unk>", *FLORES], "eng_Latn $A </s>")
        sizes = {"d_model": 32, "encoder_layers": 2, "decoder_layers": 1, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48}
        sizes |= {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "max_position_embeddings": 100}
        tower = transformers.M2M100Config(vocab_size=300, **sizes)
        config["text_cfg"] = {"hf_pooler_type": "cls_pooler", "hf_proj_type": "linear"}
    else:  # siglip, whose padding is its end of text, and siglip2, whose padding is 0
        specials = ["<pad>", "</s>", "<unk>"]
        words(folder, "PreTrainedTokenizerFast", specials, "$A </s>")
        if kind == "siglip":
            marks = json.loads((folder / "tokenizer_config.json").read_text())
            (folder / "tokenizer_config.json").write_text(json.dumps({**marks, "pad_token": "</s>"}))
        text = {"context_length": 64, "vocab_size": 300, "width": 32, "heads": 2, "layers": 2, "no_causal_mask": True}
        text |= {"proj_bias": True, "pool_type": "last", "norm_kwargs": {"eps": 1e-6}}
        text |= {"act_kwargs": {"approximate": "tanh"}} if kind == "siglip2" else {}
        config |= {"init_logit_bias": -10, "text_cfg": {**text, "tokenizer_kwargs": {"clean": "canonicalize"}}}
        config["vision_cfg"] = {"image_size": 160, "timm_model_name": "test_vit", "timm_pool": "map"}
        config["vision_cfg"] |= {"timm_proj": "none"}
        config["embed_dim"] = 64
        tower = None
    if tower is not None:
        tower.save_pretrained(folder / "tower")
        config["text_cfg"] |= {"hf_model_name": str(folder / "tower"), "hf_model_pretrained": False}
    config["text_cfg"] |= {"hf_tokenizer_name": "someone/elsewhere", **changes}
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config, "preprocess_cfg": {}}))
    torch.manual_seed(7)
    model = open_clip.CustomTextCLIP(**{key: value for key, value in config.items() if key != "custom_text"})
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, folder / WEIGHTS)
    return folder


WEIGHTS = "open_clip_model.safetensors"
KINDS = ("xlm-roberta", "nllb", "siglip", "siglip2")


def opened(folder: Path) -> OpenClipEncoder:
    return OpenClipEncoder(str(folder), NoSettings())


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {kind: write(tmp_path_factory.mktemp("models") / kind, kind) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_texts_and_features_are_open_clips_own(folders: dict[str, Path], kind: str) -> None:
    encoder = opened(folders[kind])
    model = open_clip.create_model(f"local-dir:{folders[kind]}", precision="fp32").eval()
    tokenizer = open_clip.get_tokenizer(f"local-dir:{folders[kind]}")
    seen = []
    for lang, code in FIELD.items():
        expected = tokenizer(TEXTS)
        if kind == "nllb":  # the words as ever, behind the mark of their language
            english, mark = tokenizer.tokenizer.convert_tokens_to_ids(["eng_Latn", code])
            assert (expected[:, 0] == english).all()
            expected[:, 0] = mark
        ids = encoder.tokenize(TEXTS, lang)
        assert torch.equal(ids, expected), lang
        seen.append(tuple(ids[0].tolist()))
        if lang in ("en", "zh"):
            with torch.no_grad():
                features = model.encode_text(expected)
                torch.testing.assert_close(encoder.encode_texts(ids), features, atol=1e-5, rtol=1e-4)
            assert features.std() > 0.01
    assert len(set(seen)) == (len(FIELD) if kind == "nllb" else 1)  # NLLB alone marks the language
    assert encoder.context_length == ids.shape[1] == (64 if kind.startswith("siglip") else ROOM)
    assert encoder.tokenize([], "de").shape == (0, encoder.context_length)
    assert encoder.logit_scale == pytest.approx(model.logit_scale.exp().item(), rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_feature_does_not_depend_on_the_rows_beside_it(folders: dict[str, Path], kind: str) -> None:
    encoder = opened(folders[kind])
    together = encoder.encode_texts(encoder.tokenize(TEXTS, "de"))
    alone = torch.cat([encoder.encode_texts(encoder.tokenize([text], "de")) for text in TEXTS])
    torch.testing.assert_close(alone, together, atol=1e-5, rtol=1e-4)


def test_nllb_reads_the_same_words_otherwise_in_another_language(folders: dict[str, Path]) -> None:
    encoder = opened(folders["nllb"])
    fingerprint = encoder.architecture
    german, french = (encoder.encode_texts(encoder.tokenize(["Hand"], lang)) for lang in ("de", "fr"))
    again = encoder.encode_texts(encoder.tokenize(["Hand"], "de"))
    assert torch.equal(german, again)
    assert (german - french).abs().max() > 1e-3
    assert opened(folders["nllb"]).architecture == fingerprint  # whatever language was read last
    for lang, code in (("zh-TW", "zho_Hant"), ("zh-CN", "zho_Hans"), ("de-AT", "deu_Latn"), ("ace-Arab", "ace_Arab")):
        first = encoder.tokenize(["Hand"], lang)[0, 0]
        reader = transformers.AutoTokenizer.from_pretrained(folders["nllb"])
        assert reader.convert_ids_to_tokens(int(first)) == code


def test_a_language_that_the_tokenizer_lacks_is_one_sentence(folders: dict[str, Path]) -> None:
    with pytest.raises(CcrError, match=r"the tokenizer .*nllb has no language 'xx', so texts in it cannot be read$"):
        opened(folders["nllb"]).tokenize(["?"], "xx")
    assert opened(folders["xlm-roberta"]).tokenize(["?"], "xx").shape == (1, ROOM)


def test_codes_of_languages() -> None:
    assert [flores_code(lang, FLORES) for lang in FIELD] == list(FIELD.values())
    assert flores_code("lus", FLORES) == "lus_Latn"
    assert flores_code("ace", FLORES) is None  # in two scripts, and the tag names none
    assert flores_code("zh-Hant-HK", FLORES) == flores_code("zh-hk", FLORES) == "zho_Hant"
    assert flores_code("sr-Latn", FLORES) is None
    assert flores_code("fi", FLORES) is None  # known, but not to this tokenizer
    nllb = pytest.importorskip("transformers.models.nllb.tokenization_nllb")
    assert set(CODES.values()) <= set(nllb.FAIRSEQ_LANGUAGE_CODES)


@pytest.mark.parametrize("kind", ["siglip", "siglip2"])
def test_siglip_reads_canonical_text_of_a_fixed_length(folders: dict[str, Path], kind: str) -> None:
    encoder = opened(folders[kind])
    ids = encoder.tokenize(["A Dog, running!", "a dog running"], "en")
    assert torch.equal(ids[0], ids[1])
    assert encoder.encode_texts(ids).shape == (2, 64)
    tower = encoder.text_tower()
    assert (tower.pooling, tower.trim_exact, tower.context_length) == ("last", False, 64)
    lengths = torch.tensor([4, 7])
    x = tower.embed(ids[:, :7])
    padded = encoder.encode_texts(torch.stack([torch.cat([ids[i, :n], ids[i, -1:].expand(64 - n)]) for i, n in
                                               enumerate(lengths.tolist())]))  # fmt: skip
    torch.testing.assert_close(tower.run(x, lengths), padded, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", ["xlm-roberta", "nllb"])
def test_towers_of_transformers_are_read_and_not_adapted(folders: dict[str, Path], kind: str) -> None:
    encoder = opened(folders[kind])
    with pytest.raises(NotAdaptableError, match="HFTextEncoder is not open_clip's own transformer"):
        encoder.text_tower()
    assert {id(p) for p in encoder.text_parameters()} == {id(p) for p in encoder.module.text.parameters()}


def test_what_the_text_side_lacks_is_told_ahead(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    assert OpenClipEncoder.missing(str(folders["xlm-roberta"]), NoSettings()) == []

    def unreachable(name: str, files: Sequence[str], fetch: bool) -> None:
        raise OSError("the hub is out of reach")

    monkeypatch.setattr(own, "hub_file", unreachable)
    weights = folders["nllb"] / WEIGHTS
    (told,) = OpenClipEncoder.missing(f"nllb-clip-base@{weights}", NoSettings())
    assert told.startswith("nllb-clip-base needs config.json of facebook/nllb-200-distilled-600M, which cannot be had")
    (told,) = OpenClipEncoder.missing(f"ViT-B-16-SigLIP2@{weights}", NoSettings())
    assert told.startswith("ViT-B-16-SigLIP2 needs tokenizer.json or sentencepiece.bpe.model of timm/ViT-B-16-SigLIP2")
    assert OpenClipEncoder.missing(f"ViT-B-32@{weights}", NoSettings()) == []


def test_a_run_reads_every_caption_in_its_language(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: set[str] = set()
    tokenize = OpenClipEncoder.tokenize

    def listening(self: OpenClipEncoder, texts: Sequence[str], lang: str) -> torch.Tensor:
        asked.add(lang)
        return tokenize(self, texts, lang)

    monkeypatch.setattr(OpenClipEncoder, "tokenize", listening)
    monkeypatch.chdir(tmp_path)
    words = ["run", "--method", "zero-shot-clip", "--dataset", "scenes", "--encoder", f"openclip:{folders['nllb']}"]
    words += ["--protocol", "zero-shot", "--langs", "de,zh", "--device", "cpu", "--set", "recipe.vocabulary=300"]
    for size in ("dataset.train=8", "dataset.val=8", "dataset.test=8", "corpus.train=8", "corpus.val=8"):
        words += ["--set", size]
    outcome = CliRunner().invoke(main, words)
    assert outcome.exit_code == 0, outcome.output
    assert asked == {"en", "de", "zh"}
