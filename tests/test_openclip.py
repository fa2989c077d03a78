"""The encoder plugin ccr_openclip: sources, weights, tokenizers, and the text tower against open_clip's own forward."""

from __future__ import annotations

import copy
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import ccr_openclip
import huggingface_hub
import open_clip
import pytest
import torch
from ccr_openclip import source, weights
from ccr_openclip.encoder import OpenClipEncoder, build
from ccr_openclip.tower import Attention, OpenClipTextTower
from open_clip.transform import PreprocessCfg
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ccr import CcrError, NoSettings, NotAdaptableError
from ccr.data.tokens import train_bpe

TEXTS = ["a dog", "two men ride a red bicycle along the long road", "", "a dog [SEP] runs", "一只狗"]
RESNET = {"image_size": 32, "layers": [1, 1, 1, 1], "width": 16}
VIT = {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16}
CONTEXT = 12


def config_of(custom_text: bool = False, vision: dict[str, Any] = VIT, **text: Any) -> dict[str, Any]:
    text = {"context_length": CONTEXT, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2, **text}
    return {"embed_dim": 24, "vision_cfg": vision, "text_cfg": text, "custom_text": custom_text}


def write(folder: Path, config: dict[str, Any], half: bool = False, bpe: bool = False) -> str:
    """A config and random weights for it -> the encoder's argument."""
    folder.mkdir(exist_ok=True, parents=True)
    if bpe:
        (folder / "words.json").write_text(train_bpe(TEXTS, 270), encoding="utf-8")
        config = {**config, "ccr": {"tokenizer": "words.json", "mean": [0.5] * 3, "std": [0.25] * 3}}
    (folder / "config.json").write_text(json.dumps(config))
    torch.manual_seed(7)
    model = build({key: value for key, value in config.items() if key != "ccr"}, "test")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    state = {
        key: value.half() if half and value.is_floating_point() else value for key, value in model.state_dict().items()
    }
    save_file({key: value.contiguous() for key, value in state.items()}, folder / "model.safetensors")
    return f"{folder / 'config.json'}@{folder / 'model.safetensors'}"


def opened(argument: str) -> OpenClipEncoder:
    return OpenClipEncoder(argument, NoSettings())


def says(argument: str, match: str) -> None:
    with pytest.raises(CcrError, match=match) as caught:
        opened(argument)
    assert "\n" not in str(caught.value)


# --- the tower ------------------------------------------------------------------------------------------------------

TOWERS = {
    "argmax": {},
    "eos": {"pool_type": "eos", "eos_id": 49407},
    "first": {"pool_type": "first"},
    "last": {"pool_type": "last"},
    "both ways, last": {"pool_type": "last", "no_causal_mask": True, "proj_bias": True},
    "both ways, end": {"no_causal_mask": True},
    "no projection": {"width": 24, "proj_type": "none"},
    "custom blocks": {"qk_norm": True, "scale_attn_inner": True, "scale_fc": True, "ls_init_value": 0.1},
}


@pytest.mark.parametrize("custom_text", [False, True], ids=["CLIP", "CustomTextCLIP"])
@pytest.mark.parametrize("text", TOWERS.values(), ids=list(TOWERS))
def test_tower_equals_encoder_equals_open_clip(tmp_path: Path, text: dict[str, Any], custom_text: bool) -> None:
    encoder = opened(write(tmp_path, config_of(custom_text, **text)))
    assert isinstance(encoder.module, open_clip.CustomTextCLIP if custom_text else open_clip.CLIP)
    ids = encoder.tokenize(TEXTS, "en")
    assert ids.shape == (len(TEXTS), CONTEXT)
    expected = encoder.module.encode_text(ids)
    assert expected.std() > 0.01
    torch.testing.assert_close(encoder.encode_texts(ids), expected, atol=1e-5, rtol=1e-5)

    tower = encoder.text_tower()
    assert isinstance(tower, OpenClipTextTower)
    lengths = tower.lengths(ids)
    torch.testing.assert_close(tower.run(tower.embed(ids), lengths), expected, atol=1e-5, rtol=1e-5)
    assert (tower.width, tower.depth, tower.context_length) == (text.get("width", 32), 2, CONTEXT)
    assert tower.embed_dim == encoder.embed_dim == expected.shape[1] == 24
    end = text.get("pool_type", "argmax") in ("argmax", "eos")
    assert tower.trim_exact == (end and not text.get("no_causal_mask", False))
    assert tower.pooling == ("end" if end else text["pool_type"])


@pytest.mark.parametrize("text", TOWERS.values(), ids=list(TOWERS))
def test_a_row_never_depends_on_what_is_padded_or_beside_it(tmp_path: Path, text: dict[str, Any]) -> None:
    tower = opened(write(tmp_path, config_of(**text))).text_tower()
    lengths = torch.tensor([3, 9, 5])
    x = torch.randn(3, 9, tower.width)
    together = tower.run(x, lengths)
    noisy = torch.cat([x, torch.randn(3, CONTEXT - 9, tower.width)], dim=1)
    torch.testing.assert_close(tower.run(noisy, lengths), together, atol=1e-5, rtol=1e-5)
    alone = torch.cat([tower.run(x[i : i + 1, :length], lengths[i : i + 1]) for i, length in enumerate(lengths)])
    torch.testing.assert_close(alone, together, atol=1e-5, rtol=1e-5)


def test_run_against_its_parts_written_out(tmp_path: Path) -> None:
    tower = opened(write(tmp_path, config_of())).text_tower()
    x, lengths = torch.randn(2, 6, tower.width), torch.tensor([4, 6])
    seen: list[tuple[int, torch.Size]] = []

    def shift(index: int, hidden: Tensor) -> Tensor:
        seen.append((index, hidden.shape))
        return hidden * (index + 2)

    found = tower.run(x, lengths, shift)
    assert seen == [(0, x.shape), (1, x.shape)]
    assert isinstance(tower, OpenClipTextTower)
    for row, length in enumerate(lengths.tolist()):
        hidden = x[row : row + 1, :length] + tower.positional_embedding[:length]
        for index, block in enumerate(tower.blocks):
            hidden = block(hidden, attn_mask=torch.full((length, length), -torch.inf).triu(1)) * (index + 2)
        torch.testing.assert_close(tower.project(tower.norm(hidden))[0, -1], found[row], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("masked", [True, False], ids=["causal", "both ways"])
def test_attention_is_multihead_attention(masked: bool) -> None:
    """Outputs, and the gradients of the input and of every weight; the weights keep their names."""
    theirs = nn.MultiheadAttention(32, 4, batch_first=True)
    nn.init.normal_(theirs.in_proj_bias)
    ours = Attention(copy.deepcopy(theirs))
    assert set(ours.state_dict()) == set(theirs.state_dict())
    x, up = torch.randn(3, 7, 32, requires_grad=True), torch.randn(3, 7, 32)
    mask = torch.full((7, 7), -torch.inf).triu(1) if masked else None
    found = ours(x, x, x, need_weights=False, attn_mask=mask)[0]
    expected = theirs(x, x, x, need_weights=False, attn_mask=mask)[0]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    names = [name for name, _ in theirs.named_parameters()]
    mine = torch.autograd.grad((found * up).sum(), [x, *map(ours.get_parameter, names)])
    wanted = torch.autograd.grad((expected * up).sum(), [x, *map(theirs.get_parameter, names)])
    for name, a, b in zip(["x", *names], mine, wanted, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4, msg=name)


def test_tower_is_private_and_frozen(tmp_path: Path) -> None:
    encoder = opened(write(tmp_path, config_of()))
    ids = encoder.tokenize(TEXTS, "en")
    before = encoder.encode_texts(ids)
    first, second = encoder.text_tower(), encoder.text_tower()
    assert not any(parameter.requires_grad for parameter in first.parameters())
    with torch.no_grad():
        for parameter in first.parameters():
            parameter.zero_()
    first.blocks[0] = nn.Identity()
    assert torch.equal(encoder.encode_texts(ids), before)
    assert torch.equal(second.run(second.embed(ids), OpenClipTextTower(encoder.module).lengths(ids)), before)


def test_gradient_reaches_the_input_and_no_frozen_weight(tmp_path: Path) -> None:
    tower = opened(write(tmp_path, config_of())).text_tower()
    x = torch.randn(2, 5, tower.width, requires_grad=True)
    tower.run(x, torch.tensor([3, 5])).sum().backward()
    assert x.grad is not None
    assert x.grad[0, :3].abs().min() > 0
    assert not x.grad[0, 3:].any()  # behind the end token
    assert all(parameter.grad is None for parameter in tower.parameters())


def test_bf16_autocast_stays_near(tmp_path: Path) -> None:
    encoder = opened(write(tmp_path, config_of()))
    ids = encoder.tokenize(TEXTS, "en")
    with torch.autocast("cpu", torch.bfloat16):
        low = encoder.encode_texts(ids)
    torch.testing.assert_close(low.float(), encoder.encode_texts(ids), atol=0.05, rtol=0.05)


def test_transformers_tower_cannot_be_adapted() -> None:
    class HFTextEncoder(nn.Module):  # what matters of it: it is not open_clip's own transformer
        pass

    model = copy.copy(build(config_of(custom_text=True), "test"))
    model.text = HFTextEncoder()
    with pytest.raises(NotAdaptableError, match="HFTextEncoder is not open_clip's own transformer") as caught:
        OpenClipTextTower(model)
    assert "\n" not in str(caught.value)


def test_class_token_tower_cannot_be_adapted_and_still_encodes(tmp_path: Path) -> None:
    encoder = opened(write(tmp_path, config_of(custom_text=True, embed_cls=True)))
    with pytest.raises(NotAdaptableError, match=r"config\.json.*: no adapter can enter .*: it appends a class token"):
        encoder.text_tower()
    ids = encoder.tokenize(TEXTS, "en")
    assert torch.equal(encoder.encode_texts(ids), encoder.module.encode_text(ids))
    assert len(encoder.text_parameters()) == len(list(encoder.module.text.parameters()))


def test_unpooled_tower_cannot_be_adapted() -> None:
    with pytest.raises(NotAdaptableError, match='it pools by "none"'):
        OpenClipTextTower(build(config_of(custom_text=True, pool_type="none"), "test"))


# --- the encoder ----------------------------------------------------------------------------------------------------


def test_frozen_until_the_harness_trains_it(tmp_path: Path) -> None:
    encoder = opened(write(tmp_path, config_of(vision=RESNET)))
    assert not encoder.module.training
    assert not any(parameter.requires_grad for parameter in encoder.module.parameters())
    assert encoder.logit_scale == pytest.approx(encoder.module.logit_scale.exp().item())
    text = set(encoder.text_parameters())
    named = {name for name, parameter in encoder.module.named_parameters() if parameter in text}
    assert named == {name for name, _ in encoder.module.named_parameters() if not name.startswith(("visual", "logit"))}

    encoder.module.requires_grad_(True).train()
    loss = encoder.encode_texts(encoder.tokenize(TEXTS, "en")).square().sum()
    loss = loss + encoder.encode_images(torch.randn(5, 3, 32, 32)).square().sum()
    loss.backward()
    assert {n for n, p in encoder.module.named_parameters() if p.grad is None} == {"logit_scale"}


def test_texts_are_trimmed_to_the_longest_row(tmp_path: Path) -> None:
    encoder = opened(write(tmp_path, config_of()))
    widths: list[int] = []
    encoder.module.transformer.resblocks[0].register_forward_hook(lambda _, x, __: widths.append(x[0].shape[1]))
    assert encoder.encode_texts(encoder.tokenize(["a dog", "a"], "en")).shape == (2, 24)
    assert encoder.encode_texts(encoder.tokenize([], "en")).shape == (0, 24)
    assert widths == [4, CONTEXT]


@pytest.mark.parametrize("vision", [VIT, RESNET], ids=["vit", "resnet"])
def test_images_of_any_mode_and_size(tmp_path: Path, vision: dict[str, Any]) -> None:
    encoder = opened(write(tmp_path, config_of(vision=vision), bpe=False))
    images = [Image.new(mode, size, 7) for mode in ("RGB", "L", "P") for size in ((80, 40), (31, 33))]
    pixels = torch.stack([encoder.preprocess(image) for image in images])
    assert pixels.shape == (6, 3, 32, 32)
    assert pixels.dtype == torch.float32
    features = encoder.encode_images(pixels)
    assert features.shape == (6, 24)
    assert features.isfinite().all()


def test_opening_leaves_the_random_state_alone(tmp_path: Path) -> None:
    argument = write(tmp_path, config_of())
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    opened(argument)
    assert torch.equal(torch.rand(4), expected)


def test_architecture_holds_all_that_makes_the_features(tmp_path: Path) -> None:
    base = opened(write(tmp_path / "a", config_of())).architecture
    assert json.loads(json.dumps(base)) == base
    assert base["preprocess"] == {**json.loads(json.dumps(vars(PreprocessCfg()))), "size": [32, 32]}
    assert opened(write(tmp_path / "b", config_of())).architecture == base  # wherever it lies
    others = [
        write(tmp_path / "c", config_of(heads=4)),
        write(tmp_path / "d", {**config_of(), "quick_gelu": True}),
        write(tmp_path / "e", {**config_of(), "ccr": {"mean": [0.1, 0.2, 0.3]}}),
        write(tmp_path / "f", {**config_of(), "ccr": {"interpolation": "bilinear"}}),
        write(tmp_path / "g", config_of(tokenizer_kwargs={"clean": "whitespace"})),
        write(tmp_path / "h", config_of(pool_type="eos", eos_id=2), bpe=True),
    ]
    texts = {json.dumps(opened(argument).architecture) for argument in others}
    assert len(texts | {json.dumps(base)}) == 7


def test_half_precision_file_runs_in_fp32(tmp_path: Path) -> None:
    encoder = opened(write(tmp_path / "half", config_of(), half=True))
    assert {parameter.dtype for parameter in encoder.module.parameters()} == {torch.float32}
    full = opened(write(tmp_path / "full", config_of()))
    ids = full.tokenize(TEXTS, "en")
    torch.testing.assert_close(encoder.encode_texts(ids), full.encode_texts(ids), atol=1e-2, rtol=1e-2)


# --- tokenizer files ------------------------------------------------------------------------------------------------


def test_config_with_its_own_tokenizer(tmp_path: Path) -> None:
    encoder = opened(write(tmp_path, config_of(vocab_size=270, pool_type="eos", eos_id=2), bpe=True))
    ids = encoder.tokenize([*TEXTS, "word " * 30], "en")
    assert ids.dtype == torch.int64
    assert ids.shape == (len(TEXTS) + 1, CONTEXT)
    assert ids[2].tolist() == [1, 2] + [0] * (CONTEXT - 2)
    assert ids[-1, -1] == 2  # the end token survives the cut
    assert (ids == 2).sum(dim=1).tolist() == [1] * len(ids)  # "[SEP]" typed in a text is text
    torch.testing.assert_close(encoder.encode_texts(ids), encoder.module.encode_text(ids), atol=1e-5, rtol=1e-5)
    pixel = encoder.preprocess(Image.new("RGB", (32, 32), (255, 0, 0)))[:, 0, 0]
    assert pixel.tolist() == [2.0, -2.0, -2.0]


def test_tokenizer_faults_are_told(tmp_path: Path) -> None:
    eos = {"vocab_size": 270, "pool_type": "eos", "eos_id": 2}
    says(write(tmp_path, config_of(vocab_size=270), bpe=True), r'config.json: .* needs "pool_type": "eos", "eos_id": 2')
    says(write(tmp_path, config_of(**{**eos, "eos_id": 5}), bpe=True), r'"eos_id": 2')
    says(write(tmp_path, config_of(**{**eos, "vocab_size": 100}), bpe=True), r"words.json has 268 tokens, more than")
    argument = write(tmp_path, config_of(**eos), bpe=True)
    content = json.loads((tmp_path / "words.json").read_text(encoding="utf-8"))
    (tmp_path / "words.json").write_text(json.dumps({**content, "post_processor": None}), encoding="utf-8")
    says(argument, r"words.json must have the tokens \[PAD\], \[CLS\], \[SEP\] and put")
    (tmp_path / "words.json").write_text("{")
    says(argument, r"words.json is no file of the tokenizers library")
    (tmp_path / "words.json").unlink()
    says(argument, r"cannot read the tokenizer .*words.json that .*config.json names: No such file")


def test_transformers_tokenizer_without_transformers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    argument = write(tmp_path, config_of(hf_tokenizer_name="timm/ViT-B-16-SigLIP"))
    says(argument, r"the tokenizer timm/ViT-B-16-SigLIP needs transformers: pip install transformers")


# --- names and files ------------------------------------------------------------------------------------------------


def test_faults_in_names_are_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    says(f"ViT-B-23@{file}", r'no architecture "ViT-B-23" \(did you mean "ViT-B-32"\?\)')
    says("ViT-B-32/opnai", r'ViT-B-32 has no pretrained tag "opnai" \(did you mean "openai"\?\); it has openai, ')
    says("ViT-B-32", r"openclip:ViT-B-32 names no weights: add @FILE, or /TAG, one of openai, ")
    says(f"ViT-B-32@{file}", r"openclip:ViT-B-32@.*: there is no weights file .*model.safetensors")
    says(f"{tmp_path}/config.json@{file}", r"cannot read the model config .*config.json: No such file")
    argument = write(tmp_path, config_of())
    says(argument.partition("@")[0], r"config.json names no weights: add @FILE$")


@pytest.mark.parametrize(
    ("config", "match"),
    [
        ("{", "is not JSON"),
        ("[1]", "is not a JSON object"),
        ('{"embed_dim": 3}', 'has no "vision_cfg"'),
        (json.dumps({**config_of(), "ccr": {"tokeniser": "x"}}), 'unknown key "tokeniser" .*did you mean "tokenizer"'),
        (json.dumps({**config_of(), "ccr": {"mean": 0.5}}), '"mean" must be three numbers, not 0.5'),
        (json.dumps({**config_of(), "ccr": "x"}), "\"ccr\" must be an object, not 'x'"),
        (json.dumps(config_of(widht=3)), "open_clip cannot build .*config.json: .*'widht'"),
        (json.dumps(config_of(pool_type="cls")), "open_clip cannot build .*config.json: AssertionError"),
    ],
)
def test_faults_in_configs_are_one_sentence(tmp_path: Path, config: str, match: str) -> None:
    argument = write(tmp_path, config_of())
    (tmp_path / "config.json").write_text(config)
    says(argument, match)


def test_config_in_the_hubs_form_and_a_path_with_an_at(tmp_path: Path) -> None:
    folder = tmp_path / "me@home"
    argument = write(folder, config_of())
    plain = opened(argument)
    preprocess = {"mean": [0.5] * 3, "std": [0.5] * 3, "resize_mode": "squash", "size": 999}
    (folder / "config.json").write_text(json.dumps({"model_cfg": config_of(), "preprocess_cfg": preprocess}))
    encoder = opened(argument)
    assert encoder.architecture["model"] == plain.architecture["model"]
    assert encoder.architecture["preprocess"]["resize_mode"] == "squash"
    assert encoder.architecture["preprocess"]["size"] == [32, 32]


def test_misfit_names_the_first_keys(tmp_path: Path) -> None:
    argument, file = write(tmp_path, config_of()), tmp_path / "model.safetensors"
    whole = load_file(file)
    save_file({key: value for key, value in whole.items() if "resblocks.0" not in key}, file)
    says(argument, r"does not fit .*config.json: it lacks \S+, \S+, \S+ and \d+ more$")
    save_file({**whole, "logit_bias": torch.zeros([])}, file)
    says(argument, r"it has the unknown logit_bias$")
    save_file({**whole, "positional_embedding": torch.zeros(77, 32)}, file)  # open_clip alone would resize it
    says(argument, r": positional_embedding is 77x32, not 12x32$")


def test_damaged_and_pickled_files_are_refused(tmp_path: Path) -> None:
    argument, file = write(tmp_path, config_of()), tmp_path / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])
    says(argument, r"model.safetensors is no readable checkpoint")
    file.write_bytes(b"")
    says(argument, r"model.safetensors is no readable checkpoint")
    torch.save({"state_dict": {"weight": Path}}, tmp_path / "model.pt")
    says(argument.replace("model.safetensors", "model.pt"), r"model.pt is no readable checkpoint: .*never loaded$")
    torch.save({"weight": 3}, tmp_path / "model.pt")
    says(argument.replace("model.safetensors", "model.pt"), r"it holds more than tensors")


@pytest.mark.parametrize(
    "wrap", [lambda s: s, lambda s: {"epoch": 3, "state_dict": {f"module.{k}": v for k, v in s.items()}}]
)
def test_training_checkpoints_of_open_clip(tmp_path: Path, wrap: Any) -> None:
    argument = write(tmp_path, config_of(custom_text=True))
    expected = opened(argument).module.state_dict()
    inlined = {key.removeprefix("text."): value for key, value in expected.items()}  # as older versions wrote it
    inlined["logit_scale"] = inlined["logit_scale"].reshape(1)
    torch.save(wrap(inlined), tmp_path / "epoch_3.pt")
    found = opened(argument.replace("model.safetensors", "epoch_3.pt")).module.state_dict()
    assert all(torch.equal(found[key], expected[key]) for key in expected)


# --- pretrained tags ------------------------------------------------------------------------------------------------


def test_tag_settles_quick_gelu_and_preprocessing(tmp_path: Path) -> None:
    file = tmp_path / "w.safetensors"
    file.write_bytes(b"never read here")
    assert source.resolve(f"ViT-B-32@{file}").config["quick_gelu"] is False
    openai = source.resolve(f"ViT-B-32/openai@{file}")
    assert openai.config == {**source.resolve(f"ViT-B-32-quickgelu@{file}").config}
    siglip = source.resolve(f"ViT-B-16-SigLIP/webli@{file}").preprocess
    assert siglip["mean"] == (0.5, 0.5, 0.5)
    assert siglip["resize_mode"] == "squash"


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *_: None)


@pytest.mark.usefixtures("no_hub")
def test_hub_out_of_reach_is_one_sentence_with_the_remedy() -> None:
    says(
        "ViT-B-32/openai",
        r"not on this machine and cannot be fetched \(.* is out of reach\); get open_clip_model.safetensors from "
        r"https://huggingface.co/timm/vit_base_patch32_clip_224.openai and name it: "
        r"--encoder openclip:ViT-B-32/openai@open_clip_model.safetensors$",
    )
    says(
        "hf-hub:me/mine",
        r"me/mine cannot be had from the hub .* get open_clip_config.json and open_clip_model.safetensors from "
        r"https://huggingface.co/me/mine and name them: --encoder openclip:open_clip_config.json@open_clip_model",
    )


def test_address_out_of_reach_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> str:
        raise OSError("no network")

    monkeypatch.setattr(open_clip, "download_pretrained", refused)
    tag = {"url": "https://example.org/a/weights.pt", "hf_hub": ""}
    monkeypatch.setattr(open_clip, "get_pretrained_cfg", lambda *_: tag)
    says(
        "RN50/mine", r"\(no network\); get weights.pt from https://example.org/a/weights.pt and name it: .*@weights.pt$"
    )


def test_hub_repository_comes_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, config_of())
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": config_of(), "preprocess_cfg": {}}))
    (tmp_path / "model.safetensors").rename(tmp_path / "open_clip_model.safetensors")
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda _, name: str(tmp_path / name))
    assert opened("hf-hub:me/mine").embed_dim == 24


def archived(folder: Path) -> tuple[Path, nn.Module]:
    """A CLIP as OpenAI published it: a TorchScript archive of partly fp16 weights."""
    text = {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 1, "layers": 1}
    model = build({"embed_dim": 24, "vision_cfg": VIT, "text_cfg": text, "quick_gelu": True}, "test").eval()
    traced = copy.deepcopy(model)
    traced.attn_mask = None  # no part of OpenAI's state_dict
    inputs = {"encode_text": (torch.zeros(2, 77, dtype=torch.long),), "encode_image": (torch.ones(2, 3, 32, 32),)}
    torch.jit.trace_module(traced, inputs=inputs, check_trace=False).save(str(folder / "tiny.pt"))
    return folder / "tiny.pt", model


@pytest.mark.filterwarnings("ignore")
def test_openais_own_archive_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, model = archived(tmp_path)
    config = {"embed_dim": 24, "vision_cfg": VIT, "text_cfg": {"width": 64, "heads": 1, "layers": 1}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    argument = f"{tmp_path / 'config.json'}@{file}"
    says(argument, r"tiny.pt is a TorchScript archive, and none that OpenAI published")
    monkeypatch.setattr(weights, "_published", lambda: {hashlib.sha256(file.read_bytes()).hexdigest()})
    encoder = opened(argument)
    assert encoder.architecture["model"]["quick_gelu"] is True
    ids = encoder.tokenize(TEXTS, "en")
    torch.testing.assert_close(encoder.encode_texts(ids), model.encode_text(ids), atol=1e-2, rtol=1e-2)


def test_openai_published_its_digests() -> None:
    assert {len(digest) for digest in weights._published()} == {64}


# --- the plugin -----------------------------------------------------------------------------------------------------


def test_registering_imports_no_torch() -> None:
    code = "import sys, ccr_openclip; list(ccr_openclip.ccr_register_encoders()); sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
    spec, _ = ccr_openclip.ccr_register_encoders()
    assert (ccr_openclip.CCR_API, spec.name, spec.factory) == (1, "openclip", "ccr_openclip.encoder:OpenClipEncoder")
