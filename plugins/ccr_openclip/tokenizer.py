"""The model's own tokenizer: text to (B, context_length) ids."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from attrs import frozen
from open_clip.tokenizer import HFTokenizer, SimpleTokenizer
from tokenizers import Tokenizer
from torch import Tensor

from ccr import CcrError, hub_file
from ccr_openclip.languages import flores_code
from ccr_openclip.source import Source
from ccr_openclip.weights import reason

CONTEXT_LENGTH, END_ID = 77, 2  # open_clip's defaults
TOKENIZER_FILES = ("tokenizer.json", "sentencepiece.bpe.model", "spiece.model", "vocab.json", "vocab.txt")
FLORES = re.compile("[a-z]{3}_[A-Z][a-z]{3}")


@frozen
class OwnTokenizer:
    """`encode` maps texts of a language to (B, length) int64 ids, padded with `pad`."""

    encode: Callable[[Sequence[str], str], Tensor]
    pad: int
    digest: str  # tells tokenizers apart
    length: int


def open_tokenizer(source: Source) -> OwnTokenizer:
    """The tokenizer that a model was trained with."""
    text = source.config["text_cfg"]
    length = text.get("context_length", CONTEXT_LENGTH)
    options = text.get("tokenizer_kwargs") or {}
    if source.tokenizer is not None:
        return _from_file(source, length)
    if text.get("hf_tokenizer_name"):
        return _from_hub(_place(source, text["hf_tokenizer_name"]), length, options, text.get("tokenizer_mode"))
    simple = SimpleTokenizer(context_length=length, **options)
    words = json.dumps([list(simple.encoder.items()), list(simple.bpe_ranks)])
    return OwnTokenizer(lambda texts, lang: simple(list(texts)), 0, _digest(words), length)


def missing(source: Source) -> list[str]:
    """What the text side needs of transformers' and cannot have here: one sentence per thing."""
    text = source.config.get("text_cfg", {})
    wanted: dict[str, tuple[str, ...]] = {}
    if text.get("hf_model_name"):
        wanted[text["hf_model_name"]] = ("config.json",)
    if text.get("hf_tokenizer_name") and source.tokenizer is None:
        wanted.setdefault(_place(source, text["hf_tokenizer_name"]), TOKENIZER_FILES)
    if wanted and importlib.util.find_spec("transformers") is None:
        return [f"{source.name} reads texts with transformers: pip install transformers"]
    faults = []
    for name, files in wanted.items():
        try:
            if not Path(name).is_dir():
                hub_file(name, files, fetch=False)
        except Exception as error:  # OSError, and whatever the hub's client has of its own
            faults.append(
                f"{source.name} needs {' or '.join(files[:2])} of {name}, which cannot be had from the hub "
                f"({reason(error)}); get it from https://huggingface.co/{name}, and name its folder in the config"
            )
    return faults


def _place(source: Source, name: str) -> str:
    """Where a tokenizer of transformers lies: beside the config, as open_clip saves it, or under its own name."""
    beside = Path(source.name).parent
    return str(beside) if source.name.endswith(".json") and (beside / "tokenizer_config.json").is_file() else name


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

    def encode(texts: Sequence[str], lang: str) -> Tensor:
        rows = [row.ids for row in tokenizer.encode_batch(list(texts))]
        return torch.tensor(rows, dtype=torch.int64).reshape(-1, length)

    return OwnTokenizer(encode, pad, _digest(content), length)


def _from_hub(name: str, length: int, options: Mapping[str, Any], mode: str | None) -> OwnTokenizer:
    try:
        tokenizer = HFTokenizer(name, context_length=length, tokenizer_mode=mode, **options)
    except ImportError as error:
        raise CcrError(f"the tokenizer {name} needs transformers: pip install transformers") from error
    except Exception as error:  # transformers wraps whatever the hub's client raises
        raise CcrError(f"cannot open the tokenizer {name}: {reason(error)}") from error
    inner = tokenizer.tokenizer
    backend = getattr(inner, "backend_tokenizer", None)
    words = inner.get_vocab()
    content = backend.to_str() if backend is not None else json.dumps(sorted(words.items()))
    # NLLB marks every text with its language; other tokenizers read all languages alike
    speaks = hasattr(tokenizer, "set_lang_fn")
    known = frozenset(filter(FLORES.fullmatch, words)) if speaks else frozenset()
    if speaks and not known:
        raise CcrError(f"the tokenizer {name} marks languages in a way that openclip does not know; NLLB's is known")

    def encode(texts: Sequence[str], lang: str) -> Tensor:
        if not len(texts):
            return torch.zeros(0, length, dtype=torch.int64)
        if speaks:
            code = flores_code(lang, known)
            if code is None:
                raise CcrError(f"the tokenizer {name} has no language {lang!r}, so texts in it cannot be read")
            # open_clip's set_language alone is undone by transformers, which goes back to `src_lang` at every call
            inner.src_lang = code
        return tokenizer(list(texts))

    return OwnTokenizer(encode, inner.pad_token_id or 0, _digest(content), length)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
