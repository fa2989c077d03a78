"""The model's own tokenizer: text to (B, context_length) ids."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from attrs import frozen
from open_clip.tokenizer import HFTokenizer, SimpleTokenizer
from tokenizers import Tokenizer
from torch import Tensor

from ccr import CcrError
from ccr_openclip.source import Source
from ccr_openclip.weights import reason

CONTEXT_LENGTH, END_ID = 77, 2  # open_clip's defaults


@frozen
class OwnTokenizer:
    """`encode` maps texts to (B, context_length) int64 ids, padded with `pad`; `digest` tells tokenizers apart."""

    encode: Callable[[Sequence[str]], Tensor]
    pad: int
    digest: str


def open_tokenizer(source: Source) -> OwnTokenizer:
    """The tokenizer that a model was trained with."""
    text = source.config["text_cfg"]
    length = text.get("context_length", CONTEXT_LENGTH)
    options = text.get("tokenizer_kwargs") or {}
    if source.tokenizer is not None:
        return _from_file(source, length)
    if text.get("hf_tokenizer_name"):
        return _from_hub(text["hf_tokenizer_name"], length, options, text.get("tokenizer_mode"))
    simple = SimpleTokenizer(context_length=length, **options)
    words = json.dumps([list(simple.encoder.items()), list(simple.bpe_ranks)])
    return OwnTokenizer(lambda texts: simple(list(texts)), 0, _digest(words))


def _from_file(source: Source, length: int) -> OwnTokenizer:
    path, text = source.tokenizer, source.config["text_cfg"]
    assert path is not None
    try:
        content = path.read_text(encoding="utf-8")
        tokenizer = Tokenizer.from_str(content)
    except OSError as error:
        raise CcrError(f"cannot read the tokenizer {path} that {source.name} names: {error.strerror}") from error
    except Exception as error:  # tokenizers raises plain Exception
        raise CcrError(f"{path} is no file of the tokenizers library: {error}") from error
    pad, end = tokenizer.token_to_id("[PAD]"), tokenizer.token_to_id("[SEP]")
    tokenizer.encode_special_tokens = True  # "[SEP]" typed in a caption is text
    tokenizer.enable_truncation(length)
    if pad is None or end is None or tokenizer.encode("").ids[-1:] != [end]:
        raise CcrError(f"{path} must have the tokens [PAD], [CLS], [SEP] and put [CLS] and [SEP] around a text")
    tokenizer.enable_padding(pad_id=pad, pad_token="[PAD]", length=length)
    if tokenizer.get_vocab_size() > text.get("vocab_size", 49408):
        raise CcrError(f"{path} has {tokenizer.get_vocab_size()} tokens, more than the vocab_size of {source.name}")
    pool = text.get("pool_type", "argmax")
    if pool == "argmax" or (pool == "eos" and text.get("eos_id", END_ID) != end):
        raise CcrError(
            f'{source.name}: its tokenizer ends texts with {end}, so text_cfg needs "pool_type": "eos", "eos_id": {end}'
        )

    def encode(texts: Sequence[str]) -> Tensor:
        rows = [row.ids for row in tokenizer.encode_batch(list(texts))]
        return torch.tensor(rows, dtype=torch.int64).reshape(-1, length)

    return OwnTokenizer(encode, pad, _digest(content))


def _from_hub(name: str, length: int, options: Mapping[str, Any], mode: str | None) -> OwnTokenizer:
    try:
        tokenizer = HFTokenizer(name, context_length=length, tokenizer_mode=mode, **options)
    except ImportError as error:
        raise CcrError(f"the tokenizer {name} needs transformers: pip install transformers") from error
    except Exception as error:  # transformers wraps whatever the hub's client raises
        raise CcrError(f"cannot open the tokenizer {name}: {reason(error)}") from error
    inner = tokenizer.tokenizer
    backend = getattr(inner, "backend_tokenizer", None)
    content = backend.to_str() if backend is not None else name
    return OwnTokenizer(lambda texts: tokenizer(list(texts)), inner.pad_token_id or 0, _digest(content))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
