"""The encoder plugin ccr_hf: every architecture against the model's own features, its text tower, its faults."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from tokenizers.processors import TemplateProcessing
from torch import Tensor, nn

from ccr import CcrError, NoSettings
from ccr.cli import main
from ccr.data.tokens import train_bpe
from ccr.features.fingerprint import encoder_fingerprint
from ccr.training.loop import weights_digest

transformers = pytest.importorskip("transformers", reason="the extra hf is not installed")

import ccr_hf  # noqa: E402
from ccr_hf import source as hf_source  # noqa: E402
from ccr_hf.encoder import HfEncoder  # noqa: E402
from ccr_hf.kinds import KINDS  # noqa: E402
from ccr_hf.tower import HfTextTower  # noqa: E402

TEXTS = ["a dog", "two men ride a red bicycle along the long road", "", "A DOG runs", "一只狗"]
SIZE, PATCH, EMBED, ROOM = 32, 16, 24, 14
TEXT = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 2, "vocab_size": 300}
VISION = {
    "hidden_size": 40, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": SIZE,
    "patch_size": PATCH,
}  # fmt: skip
ENDS = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "clip": (
        "CLIPConfig",
        {
            "projection_dim": EMBED,
            "text_config": {**TEXT, **ENDS, "eos_token_id": 290, "max_position_embeddings": ROOM},
            "vision_config": VISION,
        },
    ),
    "metaclip_2": (
        "MetaClip2Config",
        {
            "projection_dim": EMBED,
            "text_config": {**TEXT, **ENDS, "max_position_embeddings": ROOM},
            "vision_config": VISION,
        },
    ),
    "siglip": (
        "SiglipConfig",
        {
            "text_config": {**TEXT, **ENDS, "max_position_embeddings": ROOM, "projection_size": 40},
            "vision_config": VISION,
        },
    ),
    "altclip": (
        "AltCLIPConfig",
        {
            "projection_dim": EMBED,
            "text_config": {**TEXT, **ENDS, "project_dim": 28, "max_position_embeddings": ROOM + 1},
            "vision_config": VISION,
        },
    ),
    "chinese_clip": (
        "ChineseCLIPConfig",
        {
            "projection_dim": EMBED,
            "text_config": {**TEXT, **ENDS, "max_position_embeddings": ROOM},
            "vision_config": VISION,
        },
    ),
    "blip": (
        "BlipConfig",
        {
            "image_text_hidden_size": EMBED,
            "text_config": {**TEXT, **ENDS, "max_position_embeddings": ROOM, "encoder_hidden_size": 40},
            "vision_config": VISION,
        },
    ),
    "flava": (
        "FlavaConfig",
        {
            "projection_dim": EMBED,
            "text_config": {**TEXT, **ENDS, "max_position_embeddings": ROOM},
            "image_config": VISION,
            "multimodal_config": {**VISION, "hidden_size": 16},
        },
    ),
}
PROCESSORS = {"siglip": "SiglipImageProcessor", "blip": "BlipImageProcessor", "flava": "FlavaImageProcessor"}
HERE = [kind for kind in CONFIGS if hasattr(transformers, KINDS[kind].model)]


def tokenizer(folder: Path, texts: Sequence[str] = TEXTS, end: int = 2) -> None:
    """A byte-level BPE as a tokenizer of transformers: [PAD] 0, [CLS] 1, and an end of text, 2 or above all others."""
    words = Tokenizer.from_str(train_bpe(texts, 280))
    if end != 2:
        words.add_special_tokens([f"<{i}>" for i in range(words.get_vocab_size(), end + 1)])
    mark = words.id_to_token(end)
    words.post_processor = TemplateProcessing(single=f"[CLS] $A {mark}", special_tokens=[("[CLS]", 1), (mark, end)])
    made = transformers.PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="[PAD]", cls_token="[CLS]", sep_token=mark, eos_token=mark
    )
    made.save_pretrained(folder)


def write(folder: Path, kind: str, texts: Sequence[str] = TEXTS, weights: bool = True, **text: Any) -> Path:
    """A tiny model of an architecture, with random weights, as `save_pretrained` writes it."""
    folder.mkdir(parents=True, exist_ok=True)
    name, sizes = CONFIGS[kind]
    sizes = {**sizes, "text_config": {**sizes["text_config"], **text}}
    config = getattr(transformers, name)(**sizes)
    if weights:
        torch.manual_seed(7)
        model = getattr(transformers, KINDS[kind].model)(config)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn_like(parameter) * 0.05)
        model.save_pretrained(folder)
    else:
        config.save_pretrained(folder)
    tokenizer(folder, texts, CONFIGS[kind][1]["text_config"]["eos_token_id"])
    square = {"height": SIZE, "width": SIZE}
    crop = {"size": {"shortest_edge": SIZE}, "crop_size": square} if kind not in PROCESSORS else {"size": square}
    processor = {"image_processor_type": PROCESSORS.get(kind, "CLIPImageProcessor"), **crop}
    processor |= {"image_mean": [0.5] * 3, "image_std": [0.25] * 3, "do_normalize": True}
    if kind == "flava":
        processor["crop_size"] = square
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return folder


def own(folder: Path, kind: str) -> Any:
    return getattr(transformers, KINDS[kind].model).from_pretrained(folder).eval()


def tensor(out: Any) -> Tensor:
    return out if isinstance(out, Tensor) else out.pooler_output


def own_texts(model: Any, kind: str, ids: Tensor, mask: Tensor) -> Tensor:
    """The features of a text as the model's authors compute them."""
    if kind == "blip":
        return model.text_proj(model.text_encoder(input_ids=ids, attention_mask=mask).last_hidden_state[:, 0])
    if kind == "flava":
        return tensor(model.get_text_features(input_ids=ids, attention_mask=mask))[:, 0]
    given = {} if kind == "siglip" else {"attention_mask": mask}
    return tensor(model.get_text_features(input_ids=ids, **given))


def own_images(model: Any, kind: str, pixels: Tensor) -> Tensor:
    if kind == "blip":
        return model.vision_proj(model.vision_model(pixel_values=pixels).last_hidden_state[:, 0])
    features = tensor(model.get_image_features(pixel_values=pixels))
    return features[:, 0] if kind == "flava" else features


def opened(argument: Any) -> HfEncoder:
    return HfEncoder(str(argument), NoSettings())


def close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, atol=2e-5, rtol=1e-4)


def says(argument: Any, match: str) -> None:
    with pytest.raises(CcrError, match=match) as caught:
        opened(argument)
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {kind: write(tmp_path_factory.mktemp("models") / kind, kind) for kind in HERE}


# --- features -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", HERE)
def test_features_are_the_models_own(folders: dict[str, Path], kind: str) -> None:
    encoder, model = opened(folders[kind]), own(folders[kind], kind)
    reader = transformers.AutoTokenizer.from_pretrained(folders[kind])
    rows = reader(
        [text.lower() for text in TEXTS] if kind == "siglip" else TEXTS,
        padding="max_length",
        truncation=True,
        max_length=ROOM,
        return_tensors="pt",
    )
    with torch.no_grad():
        expected = own_texts(model, kind, rows["input_ids"], rows["attention_mask"])
        assert expected.std() > 0.01
        ids = encoder.tokenize(TEXTS, "en")
        close(encoder.encode_texts(ids), expected)
        close(encoder.encode_texts(rows["input_ids"]), expected)  # wider than any row
        picture = Image.effect_noise((50, 41), 90).convert("RGB")
        pixels = encoder.preprocess(picture)[None]
        close(encoder.encode_images(pixels), own_images(model, kind, pixels))
    dim = 40 if kind == "siglip" else EMBED
    assert (encoder.embed_dim, encoder.context_length) == (dim, ROOM)
    assert expected.shape == (len(TEXTS), dim)
    scale = model.config.logit_scale_init_value if kind == "blip" else float(model.logit_scale.detach())
    assert encoder.logit_scale == pytest.approx(torch.tensor(scale).exp().item(), rel=1e-5)
    assert encoder.encode_texts(encoder.tokenize([], "en")).shape == (0, dim)


def test_an_early_clip_config_means_the_highest_token(tmp_path: Path) -> None:
    folder = write(tmp_path, "clip", eos_token_id=2)
    tokenizer(folder, end=290)
    encoder, model = opened(folder), own(folder, "clip")
    ids = encoder.tokenize(TEXTS, "en")
    with torch.no_grad():
        close(encoder.encode_texts(ids), tensor(model.get_text_features(input_ids=ids)))
    tokenizer(folder, end=2)
    says(folder, r"reads a text at the token \d+, with which its tokenizer does not end texts; set eos_token_id under")


def test_texts_of_siglip_are_lower_cased_and_padded_to_the_end(folders: dict[str, Path]) -> None:
    encoder = opened(folders["siglip"])
    ids = encoder.tokenize(["A Dog", "a dog"], "en")
    assert ids.shape == (2, ROOM)
    assert torch.equal(ids[0], ids[1])
    assert opened(folders["blip"]).tokenize(["a dog"], "en").shape[1] < ROOM


def test_images_of_any_mode_and_size(folders: dict[str, Path]) -> None:
    for kind in HERE:
        encoder = opened(folders[kind])
        images = [Image.new(mode, size, 7) for mode in ("RGB", "L", "P") for size in ((80, 40), (31, 33))]
        pixels = torch.stack([encoder.preprocess(image) for image in images])
        assert pixels.shape == (6, 3, SIZE, SIZE)
        assert pixels.dtype == torch.float32
        grey = encoder.preprocess(Image.new("RGB", (40, 40), (255, 0, 127)))[:, 5, 5]
        torch.testing.assert_close(grey, torch.tensor([2.0, -2.0, (127 / 255 - 0.5) / 0.25]), atol=1e-5, rtol=0)


# --- the tower ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", HERE)
def test_tower_equals_encoder_and_is_private(folders: dict[str, Path], kind: str) -> None:
    encoder = opened(folders[kind])
    ids = encoder.tokenize(TEXTS, "en")
    before = encoder.encode_texts(ids)
    tower, second = encoder.text_tower(), encoder.text_tower()
    assert isinstance(tower, HfTextTower)
    lengths = tower.lengths(ids)
    close(tower.run(tower.embed(ids), lengths), before)
    assert (tower.width, tower.depth, len(tower.blocks), tower.context_length) == (32, 3, 3, ROOM)
    assert tower.embed_dim == encoder.embed_dim
    assert (tower.pooling, tower.trim_exact) == {
        "clip": ("end", True), "metaclip_2": ("end", True), "siglip": ("last", False)
    }.get(kind, ("first", True))  # fmt: skip
    assert not any(parameter.requires_grad for parameter in tower.parameters())
    once = {name for name, _ in (*tower.named_parameters(), *tower.named_buffers())}
    assert set(tower.state_dict()) <= once  # no tensor has two names
    tower.train()
    assert not any(module.training for module in tower.modules())
    with torch.no_grad():
        for parameter in tower.parameters():
            parameter.mul_(0)
    close(encoder.encode_texts(ids), before)
    close(second.run(second.embed(ids), lengths), before)


@pytest.mark.parametrize("kind", HERE)
def test_a_row_never_depends_on_what_is_padded_or_beside_it(folders: dict[str, Path], kind: str) -> None:
    tower = opened(folders[kind]).text_tower()
    lengths = torch.tensor([3, 9, 5])
    x = torch.randn(3, 9, tower.width)
    kept = x.clone()
    together = tower.run(x, lengths)
    assert torch.equal(x, kept)  # what is given is left alone
    noisy = torch.cat([x, torch.randn(3, ROOM - 9, tower.width)], dim=1)
    close(tower.run(noisy, lengths), together)
    noisy[0, 3:] = 5
    close(tower.run(noisy, lengths), together)
    alone = torch.cat([tower.run(x[i : i + 1, :length], lengths[i : i + 1]) for i, length in enumerate(lengths)])
    close(alone, together)
    assert tower.run(x[:0], lengths[:0]).shape == (0, tower.embed_dim)


@pytest.mark.parametrize("kind", HERE)
def test_adapters_stand_between_the_models_own_blocks(folders: dict[str, Path], kind: str) -> None:
    encoder, model = opened(folders[kind]), own(folders[kind], kind)
    tower = encoder.text_tower()
    ids = encoder.tokenize(TEXTS, "en")
    seen: list[tuple[int, torch.Size]] = []

    def shift(index: int, x: Tensor) -> Tensor:
        seen.append((index, x.shape))
        return x * (1 + 0.5 * index) + 0.1

    class Shifted(nn.Module):
        def __init__(self, block: nn.Module, index: int) -> None:
            super().__init__()
            self.block, self.index = block, index

        def forward(self, *args: Any, **kwargs: Any) -> Any:
            out = self.block(*args, **kwargs)
            first = out[0] if isinstance(out, tuple) else out
            first = first * (1 + 0.5 * self.index) + 0.1
            return (first, *out[1:]) if isinstance(out, tuple) else first

    text = model.get_submodule(KINDS[kind].text)
    layers = text.encoder.layers if hasattr(text.encoder, "layers") else text.encoder.layer
    for index, block in enumerate(list(layers)):
        layers[index] = Shifted(block, index)
    with torch.no_grad():
        expected = own_texts(model, kind, ids, (ids != 0).long())
        x = tower.embed(ids)
        close(tower.run(x, tower.lengths(ids), shift), expected)
    assert seen == [(index, x.shape) for index in range(3)]
    plain = tower.run(x, tower.lengths(ids))
    assert not torch.allclose(plain, expected, atol=1e-2)  # and they are gone with the call


@pytest.mark.parametrize("kind", HERE)
def test_gradients_reach_what_stands_before_and_between_the_blocks(folders: dict[str, Path], kind: str) -> None:
    tower = opened(folders[kind]).text_tower()
    x = torch.randn(2, 6, tower.width, requires_grad=True)
    shift = torch.zeros(3, tower.width, requires_grad=True)
    out = tower.run(x, torch.tensor([6, 4]), lambda i, hidden: hidden + shift[i])
    grads = torch.autograd.grad(out.square().sum(), [x, shift])
    assert (grads[0][0] != 0).any(dim=-1).all()
    assert (grads[1] != 0).any(dim=-1).all()
    assert (grads[0][1, 4:] == 0).all()
    with pytest.raises(RuntimeError, match="stop"):
        tower.run(x, torch.tensor([6, 4]), _stop)
    close(tower.run(x, torch.tensor([6, 4])), out)  # nothing is left of a pass that was broken off


def _stop(index: int, x: Tensor) -> Tensor:
    raise RuntimeError("stop")


@pytest.mark.parametrize("kind", HERE)
def test_the_english_fine_tune_reaches_every_weight(folders: dict[str, Path], kind: str) -> None:
    encoder = opened(folders[kind])
    encoder.module.requires_grad_(True)
    loss = encoder.encode_texts(encoder.tokenize(TEXTS, "en")).square().sum()
    loss = loss + encoder.encode_images(torch.randn(5, 3, SIZE, SIZE)).square().sum()
    loss.backward()
    idle = {name for name, p in encoder.module.named_parameters() if p.grad is None}
    assert idle <= {"logit_scale", "logit_bias"}
    text = set(encoder.text_parameters())
    named = {name for name, p in encoder.module.named_parameters() if p in text}
    vision = ("vision", "visual", "image", "logit")
    assert named == {name for name, _ in encoder.module.named_parameters() if not name.startswith(vision)}


# --- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", HERE)
def test_saved_and_opened_again_it_is_the_same(folders: dict[str, Path], kind: str, tmp_path: Path) -> None:
    encoder = opened(folders[kind])
    with torch.no_grad():
        for parameter in encoder.module.parameters():
            parameter.mul_(1.5)
    reference = encoder.save(tmp_path / "saved")
    assert reference == f"hf:{tmp_path / 'saved'}"
    again = opened(tmp_path / "saved")
    assert encoder_fingerprint(again) == encoder_fingerprint(encoder) != encoder_fingerprint(opened(folders[kind]))
    ids = again.tokenize(TEXTS, "en")
    close(again.encode_texts(ids), encoder.encode_texts(ids))
    assert {file.name for file in (tmp_path / "saved").iterdir()} >= {"config.json", "model.safetensors"}


def test_architecture_holds_all_that_makes_the_features(tmp_path: Path) -> None:
    base = opened(write(tmp_path / "a", "clip")).architecture
    assert json.loads(json.dumps(base)) == base
    assert opened(write(tmp_path / "b", "clip")).architecture == base  # wherever it lies
    assert "transformers_version" not in json.dumps(base)
    other = write(tmp_path / "c", "clip")
    file = other / "preprocessor_config.json"
    file.write_text(file.read_text().replace("0.25", "0.5"))
    texts = {json.dumps(opened(folder).architecture) for folder in (other, write(tmp_path / "d", "clip", ["x y z"]))}
    texts.add(json.dumps(opened(write(tmp_path / "e", "clip", num_attention_heads=4)).architecture))
    assert len(texts | {json.dumps(base)}) == 4


def test_opening_leaves_the_random_state_and_the_log_level_alone(folders: dict[str, Path]) -> None:
    level = transformers.utils.logging.get_verbosity()
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    opened(folders["flava"])
    opened(f"{folders['clip']}@random")
    assert torch.equal(torch.rand(4), expected)
    assert transformers.utils.logging.get_verbosity() == level


@pytest.mark.parametrize("kind", HERE)
def test_random_weights_of_a_seed(tmp_path: Path, kind: str) -> None:
    folder = write(tmp_path / "me@home", kind, weights=False)
    says(folder, r"me@home has no model.safetensors or model.safetensors.index.json: .* is no whole model")
    zero, again, other = (opened(f"{folder}@random{seed}") for seed in ("", ":0", ":3"))
    digests = [weights_digest(encoder.module.state_dict()) for encoder in (zero, again, other)]
    assert digests[0] == digests[1] != digests[2]
    assert "train them with ccr pretrain" in zero.untrained
    assert zero.logit_scale == pytest.approx(1 / 0.07, rel=1e-3)
    assert opened(zero.save(tmp_path / "trained").removeprefix("hf:")).untrained == ""


def test_half_precision_and_pickled_tensors_run_in_fp32(folders: dict[str, Path], tmp_path: Path) -> None:
    full = opened(folders["clip"])
    folder = write(tmp_path, "clip")
    state = {name: tensor.half() for name, tensor in own(folder, "clip").state_dict().items()}
    (folder / "model.safetensors").unlink()
    torch.save(state, folder / "pytorch_model.bin")
    half = opened(folder)
    assert {parameter.dtype for parameter in half.module.parameters()} == {torch.float32}
    ids = full.tokenize(TEXTS, "en")
    torch.testing.assert_close(half.encode_texts(ids), full.encode_texts(ids), atol=1e-2, rtol=1e-2)
    torch.save({**state, "logit_scale": Path}, folder / "pytorch_model.bin")
    says(folder, r"transformers cannot load ")


def test_faults_in_folders_are_one_sentence(tmp_path: Path, folders: dict[str, Path]) -> None:
    says(tmp_path, r" has no config.json, no tokenizer.json or vocab.txt, no preprocessor_config.json or ")
    says(tmp_path / "absent" / "deeply", r"there is no folder .*absent/deeply$")
    folder = write(tmp_path / "m", "siglip")
    config = json.loads((folder / "config.json").read_text())

    def becomes(match: str, **changes: Any) -> None:
        (folder / "config.json").write_text(json.dumps({**config, **changes}))
        says(folder, match)
        assert HfEncoder.missing(str(folder), NoSettings())[0]

    becomes(r"is of type siglip2: its pictures have no fixed size \(NaFlex\); hf reads clip, ", model_type="siglip2")
    becomes(r"is of type bert; hf reads clip, .*flava$", model_type="bert")
    (folder / "config.json").write_text("{")
    says(folder, r"config.json is no config of a transformers model")
    (folder / "config.json").write_text(json.dumps(config))
    assert HfEncoder.missing(str(folder), NoSettings()) == ()
    text = {**config["text_config"], "vocab_size": 200}
    (folder / "config.json").write_text(json.dumps({**config, "text_config": text}))
    says(folder, r"transformers cannot load|have another shape of text_model.embeddings.token_embedding.weight")
    says(f"{folder}@random", r"the tokenizer of .* has \d+ tokens, its model 200$")
    (folder / "config.json").write_text(json.dumps(config))
    processor = json.loads((folder / "preprocessor_config.json").read_text())
    processor["size"] = {"height": 48, "width": 48}
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    says(folder, r"its preprocessor makes pictures of 48x48 pixels, its model reads 32x32$")
    (folder / "preprocessor_config.json").write_text("{")
    says(folder, r"transformers cannot open the image processor of ")


def test_weights_must_fit_in_both_directions(tmp_path: Path) -> None:
    folder = write(tmp_path, "clip")
    state = load_file(folder / "model.safetensors")
    kept = {name: tensor for name, tensor in state.items() if "text_model.encoder.layers.1" not in name}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    says(folder, r"the weights of .* lack text_model\S+, \S+, \S+ and \d+ more: it is no CLIPModel$")
    save_file({**state, "head.weight": torch.zeros(1)}, folder / "model.safetensors", metadata={"format": "pt"})
    says(folder, r"have the unknown head.weight: it is no CLIPModel$")
    (folder / "model.safetensors").write_bytes(b"x" * 100)
    says(folder, r"transformers cannot load ")


def test_flava_comes_out_of_its_pretraining_checkpoint(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = write(tmp_path, "flava")
    state = {f"flava.{name}": tensor for name, tensor in load_file(folder / "model.safetensors").items()}
    state["mlm_head.bias"] = torch.zeros(3)
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    assert encoder_fingerprint(opened(folder)) == encoder_fingerprint(opened(folders["flava"]))


def test_hub_out_of_reach_is_one_sentence_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: Any, **__: Any) -> None:
        raise OSError("https://hub is out of reach")

    monkeypatch.setattr(hf_source, "hub_file", unreachable)
    remedy = (
        r"openai/clip is no folder and cannot be had from the hub \(https://hub is out of reach\); get the files of "
    )
    says("openai/clip", remedy + r"https://huggingface.co/openai/clip, .* name it: --encoder hf:FOLDER$")
    assert len(HfEncoder.missing("openai/clip", NoSettings())) == 1
    monkeypatch.setattr(hf_source, "hub_file", lambda *_, **__: None)
    assert HfEncoder.missing("openai/clip@random", NoSettings()) == ()


def test_hub_repository_comes_from_the_cache(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hf_source, "hub_file", lambda _, names, fetch: folders["clip"] / names[0])
    assert HfEncoder.missing("me/mine", NoSettings()) == ()
    assert encoder_fingerprint(opened("me/mine")) == encoder_fingerprint(opened(folders["clip"]))


def test_without_transformers_it_is_one_sentence(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "transformers" else found(name))
    says(folders["clip"], r"needs transformers: pip install 'ccr\[hf\]'$")


def test_registering_imports_neither_torch_nor_transformers() -> None:
    code = (
        "import sys, ccr_hf; list(ccr_hf.ccr_register_encoders()); "
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    (spec,) = ccr_hf.ccr_register_encoders()
    assert (ccr_hf.CCR_API, spec.name) == (1, "hf")


# --- adaptation -----------------------------------------------------------------------------------------------------

RUN = (
    "--dataset", "scenes", "--langs", "de,zh", "--device", "cpu", "--protocol", "zero-shot",
    "--set", "dataset.train=16", "--set", "dataset.val=8", "--set", "dataset.test=12",
    "--set", "corpus.train=32", "--set", "corpus.val=8", "--set", "recipe.batch_size=16",
    "--set", "recipe.epochs.align=3", "--set", "recipe.validations=1", "--set", "recipe.vocabulary=300",
    "--set", "recipe.lr_scale.align=20",
)  # fmt: skip


@pytest.mark.parametrize("method", ["dasd", "static-adapter", "zero-shot-clip"])
@pytest.mark.parametrize("kind", ["clip", "siglip", "altclip", "blip"])
def test_methods_run_on_it_through_the_public_door(
    folders: dict[str, Path], kind: str, method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = CliRunner().invoke(main, ["run", "--method", method, "--encoder", f"hf:{folders[kind]}", *RUN])
    assert outcome.exit_code == 0, outcome.output
    (folder,) = (tmp_path / "runs" / "scenes-zero-shot").glob(f"{method}-s0-*")
    result = json.loads((folder / "result.json").read_text())
    assert result["encoder"]["name"] == f"hf:{folders[kind]}"
    if method == "zero-shot-clip":
        assert result["parameters"]["trainable"] == 0
        return
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    losses = [row["mse"] for row in log if "mse" in row and row["phase"] == "align"]
    assert sum(losses[-4:]) < 0.5 * sum(losses[:4])


def test_its_english_fine_tune_and_its_checkpoint(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["run", "--method", "static-adapter", "--encoder", f"hf:{folders['altclip']}", "--dataset", "scenes"]
    words += ["--langs", "de", "--device", "cpu", "--protocol", "finetune", "--set", "recipe.vocabulary=300"]
    for name, value in (("train", 32), ("val", 8), ("test", 12)):
        words += ["--set", f"dataset.{name}={value}"]
    for name in ("encoder_epochs=1", "encoder_batch_size=16", "batch_size=16", "epochs.align=1", "epochs.match=1"):
        words += ["--set", f"recipe.{name}"]
    outcome = CliRunner().invoke(main, words)
    assert outcome.exit_code == 0, outcome.output
    (folder,) = (tmp_path / "runs" / "scenes-finetune").glob("static-adapter-s0-*")
    result = json.loads((folder / "result.json").read_text())
    assert result["encoder"]["fingerprint"] != encoder_fingerprint(opened(folders["altclip"]), "any")
    assert result["steps"] == {"align": 4, "match": 4}
