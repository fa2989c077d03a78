"""The token input that all trained methods of a run set share: mBERT's vocabulary, or a byte-level BPE."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from tokenizers import (
    BertWordPieceTokenizer,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from torch import Tensor

from ccr.base import TokenInput
from ccr.errors import CcrError, nearest
from ccr.files import artifact, digest_of, replacing
from ccr.hub import hub_file

CODE = 1  # raise it when the same texts give another vocabulary
SPECIALS = ("[PAD]", "[CLS]", "[SEP]")
MBERT = "google-bert/bert-base-multilingual-cased"
TABLE_KEYS = ("bert.embeddings.word_embeddings.weight", "embeddings.word_embeddings.weight")
TABLE_SEED, TABLE_STD = 20, 0.02  # BERT's standard deviation


class FileTokens(TokenInput):
    """Encodes with a tokenizer of the `tokenizers` library that puts [CLS] and [SEP] around a text."""

    def __init__(self, tokenizer: Tokenizer, name: str) -> None:
        known = tokenizer.get_vocab()
        for token in SPECIALS:
            if token not in known:
                raise CcrError(f"{name} has no {token} token")
        self.pad, self.cls, self.sep = (known[token] for token in SPECIALS)
        self.vocab_size = tokenizer.get_vocab_size()
        tokenizer.encode_special_tokens = True  # "[SEP]" typed in a caption is text
        tokenizer.no_padding()
        tokenizer.no_truncation()
        if tokenizer.encode("").ids != [self.cls, self.sep]:
            raise CcrError(f"{name} does not put [CLS] and [SEP] around a text")
        self._tokenizer = tokenizer

    def rows(self) -> dict[str, int]:
        """Token string -> row of the table."""
        return self._tokenizer.get_vocab()

    def encode(self, texts: Sequence[str], limit: int) -> list[np.ndarray]:
        self._tokenizer.enable_truncation(limit)
        return [np.array(row.ids, dtype=np.int32) for row in self._tokenizer.encode_batch(list(texts))]


class BpeTokens(FileTokens):
    """A byte-level BPE (see `train_bpe`) with an embedding table drawn from a fixed seed; the pad row is zero."""

    def __init__(self, json_text: str, dim: int, name: str = "the BPE vocabulary") -> None:
        super().__init__(_parse(json_text, name), name)
        self.dim = dim
        self.fingerprint = digest_of(["bpe", CODE, json_text, dim, TABLE_SEED])

    def table(self) -> Tensor:
        draws = torch.Generator().manual_seed(TABLE_SEED)
        table = torch.randn(self.vocab_size, self.dim, generator=draws) * TABLE_STD
        table[self.pad] = 0
        return table


class AddedTokens(FileTokens):
    """The tokens of languages that were added to a run: its rows, and behind them those of a vocabulary of their own.

    Token strings that the run has keep their rows; the others are drawn from a fixed seed. Rows of the languages of
    before are read by the tokens of before (`of`), so that not a bit of theirs changes.
    """

    def __init__(self, base: BpeTokens | AddedTokens, langs: Sequence[str], json_text: str) -> None:
        self._rows: dict[str, int] = {}
        super().__init__(_parse(json_text, "the vocabulary of added languages"), "the vocabulary of added languages")
        self._base, self._langs = base, frozenset(langs)
        known = base.rows()
        new = [token for token, _ in sorted(self.rows().items(), key=lambda pair: pair[1]) if token not in known]
        place = {token: base.vocab_size + i for i, token in enumerate(new)}
        own = self.rows()
        self._rows = known | place
        self._place = np.zeros(len(own), dtype=np.int32)
        for token, row in own.items():
            self._place[row] = self._rows[token]
        self._new, self.vocab_size, self.dim = len(new), base.vocab_size + len(new), base.dim
        self.pad, self.cls, self.sep = base.pad, base.cls, base.sep
        self.fingerprint = digest_of(["added", CODE, base.fingerprint, sorted(self._langs), json_text, TABLE_SEED])

    def rows(self) -> dict[str, int]:
        return self._rows or super().rows()

    def of(self, lang: str) -> TokenInput:
        return self if lang in self._langs else self._base.of(lang)

    def encode(self, texts: Sequence[str], limit: int) -> list[np.ndarray]:
        return [self._place[row] for row in super().encode(texts, limit)]

    def table(self) -> Tensor:
        draws = torch.Generator().manual_seed(TABLE_SEED + self.vocab_size)
        return torch.cat([self._base.table(), torch.randn(self._new, self.dim, generator=draws) * TABLE_STD])


class MbertTokens(FileTokens):
    """mBERT's cased vocabulary and its word embeddings, (119547, 768) in the released model."""

    def __init__(self, json_text: str, tokenizer: Tokenizer, table: Tensor, folder: Path) -> None:
        super().__init__(tokenizer, f"the tokenizer in {folder}")
        rows, self.dim = table.shape
        if rows < self.vocab_size:
            raise CcrError(f"{folder}: the embedding table has {rows} rows for a vocabulary of {self.vocab_size}")
        self.vocab_size = rows
        self._table = table.float().contiguous()
        content = hashlib.sha256(json_text.encode())
        content.update(self._table.numpy().data)
        self.fingerprint = content.hexdigest()

    @classmethod
    def load(cls, folder: Path | None) -> MbertTokens:
        """From a folder with tokenizer.json (or vocab.txt) and model.safetensors (or pytorch_model.bin).

        None fetches the two files from the hub, or finds them in its local cache. One tensor is read.
        """
        folder = (_from_hub() or Path()) if folder is None else folder.expanduser()
        vocabulary = _either(folder, "tokenizer.json", "vocab.txt")
        weights = _either(folder, "model.safetensors", "pytorch_model.bin")
        text = _text(vocabulary)
        tokenizer = _word_pieces(vocabulary) if vocabulary.suffix == ".txt" else _parse(text, str(vocabulary))
        return cls(text, tokenizer, _read_table(weights), folder)

    def table(self) -> Tensor:
        return self._table.clone()


_WORDS_WITH_MARKS = r"'s|'t|'re|'ve|'m|'ll|'d| ?[\p{L}\p{M}]+| ?\p{N}+| ?[^\s\p{L}\p{M}\p{N}]+|\s+(?!\S)|\s+"


def train_bpe(texts: Iterable[str], vocabulary: int) -> str:
    """A byte-level BPE of at most `vocabulary` tokens, as the JSON of a `tokenizers` file.

    The same texts give the same JSON in every process and with any number of threads. No text is out of its reach:
    the 256 bytes are in it. Fewer tokens come out where no pair of tokens is left that occurs twice.

    Words are cut as GPT-2 cuts them. Where letters carry marks (vowel signs of Hindi or Thai), which it takes for
    punctuation, a mark belongs to its letter: else a word could never become fewer tokens than it has vowel signs.
    """
    texts = list(texts)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    if vocabulary < len(SPECIALS) + len(alphabet):
        raise CcrError(f"a byte-level vocabulary has at least {len(SPECIALS) + len(alphabet)} tokens, not {vocabulary}")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFKC()  # full-width and composed forms are one spelling
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)  # a first word is as any other
    if _marked(texts):
        tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Prepend(" ")])
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(_WORDS_WITH_MARKS), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=list(SPECIALS),
        initial_alphabet=alphabet,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    _, cls, sep = SPECIALS
    ends = [(cls, tokenizer.token_to_id(cls)), (sep, tokenizer.token_to_id(sep))]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{cls} $A {sep}", special_tokens=ends)
    return tokenizer.to_str()


def _marked(texts: Iterable[str]) -> bool:
    """Whether marks stand on letters, after what normalising composes."""
    joined = unicodedata.normalize("NFKC", "\n".join(texts))
    marks = "".join(c for c in sorted(set(joined)) if unicodedata.category(c) in ("Mn", "Mc"))
    return bool(marks and re.search(f"[^\\W\\d_][{re.escape(marks)}]", joined))


def load_tokens(
    spec: str,
    *,
    texts: Callable[[], Iterable[str]],
    vocabulary: int,
    dim: int,
    cache: Path,
    key: Mapping[str, Any],
) -> TokenInput:
    """The token input that `--tokens SPEC` names: "bpe", "mbert" or "mbert:FOLDER".

    A BPE is trained on `texts()` once and shared as an artifact below `cache`; `key` says more of what made it.
    """
    name, _, folder = spec.partition(":")
    if name == "mbert":
        return MbertTokens.load(Path(folder) if folder else None)
    if spec != "bpe":
        raise CcrError(f'unknown tokens "{spec}"{nearest(name, ("bpe", "mbert"))}; known: bpe, mbert, mbert:FOLDER')
    file = _trained(list(texts()), vocabulary, cache, key)
    return BpeTokens(_text(file), dim, f"{file} (remove its folder to make it anew)")


def add_tokens(
    base: TokenInput,
    langs: Sequence[str],
    texts: Sequence[str],
    *,
    vocabulary: int,
    cache: Path,
    key: Mapping[str, Any],
) -> TokenInput:
    """A run's tokens and what languages that are added to it lack, from `texts` of theirs. mBERT's lack nothing."""
    if not isinstance(base, (BpeTokens, AddedTokens)):
        return base
    return AddedTokens(base, langs, _text(_trained(texts, vocabulary, cache, key)))


def _trained(texts: Sequence[str], vocabulary: int, cache: Path, key: Mapping[str, Any]) -> Path:
    """The file of a BPE, an artifact."""

    def build(folder: Path) -> None:
        with replacing(folder / "tokenizer.json") as temporary:
            temporary.write_text(train_bpe(texts, vocabulary), encoding="utf-8")

    made_of = {**key, "texts": digest_of(list(texts)), "vocabulary": vocabulary, "code": CODE}
    made_of |= {"marks": "with their letters"} if _marked(texts) else {}
    return artifact(cache, "vocabularies", made_of, build) / "tokenizer.json"


def missing_tokens(spec: str) -> Sequence[str]:
    """What `--tokens SPEC` needs and cannot be had here: one sentence per thing."""
    name, _, folder = spec.partition(":")
    try:
        if name == "mbert" and folder:
            _either(Path(folder).expanduser(), "tokenizer.json", "vocab.txt")
            _either(Path(folder).expanduser(), "model.safetensors", "pytorch_model.bin")
        elif name == "mbert":
            _from_hub(fetch=False)
    except CcrError as error:
        return [str(error)]
    return ()


def pad_rows(arrays: Sequence[np.ndarray], pad: int) -> tuple[Tensor, Tensor]:
    """Rows of ids -> (B, L) int64 ids padded to the longest row, (B,) int64 lengths."""
    lengths = np.array([len(row) for row in arrays], dtype=np.int64)
    ids = np.full((len(arrays), lengths.max(initial=0)), pad, dtype=np.int64)
    if len(arrays):
        ids[np.arange(ids.shape[1]) < lengths[:, None]] = np.concatenate(arrays)
    return torch.from_numpy(ids), torch.from_numpy(lengths)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CcrError(f"cannot read {file}: {error}") from error


def _parse(json_text: str, name: str) -> Tokenizer:
    try:
        return Tokenizer.from_str(json_text)
    except Exception as error:  # tokenizers raises plain Exception
        raise CcrError(f"{name} is no file of the tokenizers library: {error}") from error


def _word_pieces(file: Path) -> Tokenizer:
    try:
        return Tokenizer.from_str(BertWordPieceTokenizer(str(file), lowercase=False).to_str())
    except Exception as error:  # TypeError for a special token that is absent, plain Exception for the rest
        raise CcrError(f"{file} is no BERT vocabulary: {error}") from error


def _either(folder: Path, *names: str) -> Path:
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise CcrError(
        f"mbert: there is no {' or '.join(names)} in {folder}; both come from https://huggingface.co/{MBERT}"
    )


def _read_table(file: Path) -> Tensor:
    try:
        if file.suffix == ".safetensors":
            with safe_open(file, framework="pt") as tensors:
                found = [key for key in TABLE_KEYS if key in tensors.keys()]  # noqa: SIM118 (not a mapping)
                table = tensors.get_tensor(found[0]) if found else None
        else:
            tensors = torch.load(file, map_location="cpu", weights_only=True)
            table = next((tensors[key] for key in TABLE_KEYS if key in tensors), None)
    except Exception as error:  # each reader has exceptions of its own, for what is truncated or holds objects
        raise CcrError(f"{file} is damaged, or holds more than tensors; safetensors is the safe form") from error
    if table is None or table.ndim != 2:
        raise CcrError(f"{file} has no embedding table {' or '.join(TABLE_KEYS)}")
    return table


def _from_hub(fetch: bool = True) -> Path | None:
    """The folder of the hub's cache that holds the two files; None where they could be fetched and shall not be."""
    names = ("tokenizer.json", "model.safetensors")
    try:
        files = [hub_file(MBERT, (name,), fetch=fetch) for name in names]
    except OSError as error:
        raise CcrError(
            f"mBERT's vocabulary cannot be fetched from the hub ({error}); get {' and '.join(names)} from "
            f"https://huggingface.co/{MBERT}, put both into one folder and say --tokens mbert:FOLDER"
        ) from error
    return files[0].parent if files[0] and files[1] else None
