"""What sets the architectures apart: where their parts are, and how a text becomes one vector.

Paths are those of submodules. That the table is right is what the tests hold to each model's own features.
"""

from __future__ import annotations

from typing import Literal

from attrs import frozen


@frozen(kw_only=True)
class Kind:
    """One `model_type` of a config.json."""

    model: str  # class of transformers
    text: str = "text_model"  # what is called with token ids
    embedding: str  # token table below `text`
    norm: str = ""  # final norm; "" = blocks end with one of their own
    projections: tuple[str, ...] = ("text_projection",)
    pooling: Literal["end", "first", "last"]
    masked: bool  # True: attends both ways and never to padding; False: causal, or (pooling last) padding is read
    after_pad: bool = False  # True: positions count from the padding token's id on
    vision: str = "vision_model"
    vision_pool: Literal["pooler", "first"] = "pooler"
    vision_config: str = "vision_config"
    vision_projection: str = "visual_projection"  # "" = none
    unused: tuple[str, ...] = ()  # parts that neither tower reads: taken out, or not asked for
    unused_in_blocks: str = ""
    heads: tuple[str, ...] = ()  # what a checkpoint may hold besides the model
    lower: bool = False  # trained on lower-cased text, whatever the tokenizer does


KINDS = {
    "clip": Kind(
        model="CLIPModel",
        embedding="embeddings.token_embedding",
        norm="text_model.final_layer_norm",
        pooling="end",
        masked=False,
    ),
    "metaclip_2": Kind(
        model="MetaClip2Model",
        embedding="embeddings.token_embedding",
        norm="text_model.final_layer_norm",
        pooling="end",
        masked=False,
    ),
    "siglip": Kind(  # and SigLIP 2 of fixed resolution, whose checkpoints are of this type
        model="SiglipModel",
        embedding="embeddings.token_embedding",
        norm="text_model.final_layer_norm",
        projections=("text_model.head",),
        pooling="last",
        masked=False,
        vision_projection="",
        lower=True,
    ),
    "altclip": Kind(
        model="AltCLIPModel",
        text="text_model.roberta",
        embedding="embeddings.word_embeddings",
        norm="text_model.pre_LN",
        projections=("text_model.transformation", "text_projection"),
        pooling="first",
        masked=True,
        after_pad=True,
    ),
    "chinese_clip": Kind(
        model="ChineseCLIPModel",
        embedding="embeddings.word_embeddings",
        pooling="first",
        masked=True,
        unused=("text_model.pooler",),
    ),
    "blip": Kind(
        model="BlipForImageTextRetrieval",
        text="text_encoder",
        embedding="embeddings.word_embeddings",
        projections=("text_proj",),
        pooling="first",
        masked=True,
        vision_pool="first",
        vision_projection="vision_proj",
        unused=("itm_head",),
        unused_in_blocks="crossattention",
    ),
    "flava": Kind(
        model="FlavaModel",
        embedding="embeddings.word_embeddings",
        norm="text_model.layernorm",
        pooling="first",
        masked=True,
        vision="image_model",
        vision_pool="first",
        vision_config="image_config",
        vision_projection="image_projection",
        unused=(
            "multimodal_model",
            "image_to_mm_projection",
            "text_to_mm_projection",
            "text_model.pooler",
            "image_model.pooler",
            "image_model.embeddings.mask_token",
        ),
        heads=("image_codebook.", "mim_head.", "mlm_head.", "itm_head.", "mmm_image_head.", "mmm_text_head."),
    ),
}
