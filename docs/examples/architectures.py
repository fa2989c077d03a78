"""Makes small models of several architectures for `ccr pretrain` on scenes: the folders of docs/encoders.md's table.

    python docs/examples/architectures.py FOLDER [KIND ...]

Each is written to FOLDER/KIND as transformers saves a model: config, tokenizer, image processor, no weights. A text
tower has four layers of width 128; pictures of 64 x 64 are read in patches of 16.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import transformers
from ccr_scenes.dataset import Scenes, ScenesSettings
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

VOCABULARY, ROOM, SIDE = 1500, 48, 64
PAD, BEGIN, END, UNKNOWN = "[PAD]", "[CLS]", "[SEP]", "[UNK]"
LAYERS = {"num_hidden_layers": 4}
TEXT: dict[str, Any] = {
    **LAYERS, "hidden_size": 128, "intermediate_size": 512, "num_attention_heads": 4, "vocab_size": VOCABULARY,
    "max_position_embeddings": ROOM, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
VISION: dict[str, Any] = {
    **LAYERS, "hidden_size": 192, "intermediate_size": 768, "num_attention_heads": 4, "image_size": SIDE,
    "patch_size": 16,
}  # fmt: skip
NARROW = {"initializer_range": 0.08}  # of FLAVA, whose 0.02 is meant for towers six times as wide
END_IS_HIGHEST = {"eos_token_id": VOCABULARY - 1}  # of CLIP, whose features are read there

KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "clip": (
        "CLIPConfig",
        "CLIPImageProcessor",
        {"projection_dim": 128, "text_config": {**TEXT, **END_IS_HIGHEST}, "vision_config": VISION},
    ),
    "siglip": (
        "SiglipConfig",
        "SiglipImageProcessor",
        {"text_config": {**TEXT, "projection_size": 192}, "vision_config": VISION},
    ),
    "flava": (
        "FlavaConfig",
        "FlavaImageProcessor",
        {
            "projection_dim": 128,
            "text_config": {**TEXT, **NARROW},
            "image_config": {**VISION, **NARROW},
            "multimodal_config": {**VISION, "hidden_size": 16, "num_hidden_layers": 1},  # not read
        },
    ),
}


def tokenizer(captions: list[str], end: int) -> transformers.PreTrainedTokenizerFast:
    """Whole words of the captions; the end of a text has the id `end`."""
    words = Tokenizer(models.WordLevel(unk_token=UNKNOWN))
    words.normalizer = normalizers.Lowercase()
    words.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    first = [PAD, BEGIN, UNKNOWN] if end > 2 else [PAD, BEGIN, END, UNKNOWN]
    words.train_from_iterator(captions, trainers.WordLevelTrainer(vocab_size=VOCABULARY - 1, special_tokens=first))
    if end > 2:
        words.add_tokens([f"[unused{i}]" for i in range(words.get_vocab_size(), end)])
        words.add_special_tokens([END])
    words.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A {END}", special_tokens=[(BEGIN, 1), (END, end)]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token=PAD, cls_token=BEGIN, sep_token=END, eos_token=END, unk_token=UNKNOWN
    )


def write(folder: Path, kind: str, captions: list[str]) -> None:
    config, processor, sizes = KINDS[kind]
    folder.mkdir(parents=True, exist_ok=True)
    getattr(transformers, config)(**sizes).save_pretrained(folder)
    tokenizer(captions, sizes["text_config"]["eos_token_id"]).save_pretrained(folder)
    square = {"height": SIDE, "width": SIDE}
    size = {"size": {"shortest_edge": SIDE} if kind == "clip" else square, "crop_size": square}
    settings = {"image_processor_type": processor, **size, "image_mean": [0.5] * 3, "image_std": [0.25] * 3}
    (folder / "preprocessor_config.json").write_text(json.dumps({**settings, "do_normalize": True}, indent=2) + "\n")
    print(folder)


def main(out: str, *kinds: str) -> None:
    captions = [
        caption.text
        for item in Scenes(ScenesSettings(), None).items("train")
        for caption in item.captions
        if caption.lang == "en"
    ]
    for kind in kinds or tuple(KINDS):
        write(Path(out) / kind, kind, captions)


if __name__ == "__main__":
    main(*sys.argv[1:])
