"""Marian (opus-mt), NLLB and M2M100 through transformers.

    hf:Helsinki-NLP/opus-mt-en-de            a repository of the hub
    hf:Helsinki-NLP/opus-mt-en-{target}      one model per direction: the harness fills in the language
    hf:facebook/nllb-200-distilled-600M      one model for all directions, and so hf:facebook/m2m100_418M
    hf:/models/opus-mt-en-de                 a folder with the model's files

A sentence's translation does not depend on its neighbours: rows of like length are computed together in fp32, padded
on the right, and what is padded gets a weight of exactly zero. What is left is the last bit of a sum, which another
batch size may round differently: two translations of equal score could then change places.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ccr
from ccr_translators import models
from ccr_translators.languages import flores, may_be, spellings
from ccr_translators.settings import HfSettings


class HfTranslator(ccr.Translator):
    """A sequence-to-sequence model, loaded when the first sentence comes."""

    def __init__(self, argument: str, settings: HfSettings) -> None:
        super().__init__(argument, settings)
        self.source = models.locate(argument)
        decoding = f"beam{settings.beams}" if settings.beams > 1 else "greedy"
        if settings.max_tokens != HfSettings().max_tokens:
            decoding += f"-max{settings.max_tokens}"
        decoding += "".join(f"-{lang}={code}" for lang, code in sorted(settings.codes.items()))
        self.fingerprint = f"hf:{self.source.name}@{self.source.revision}-{decoding}"
        self._loaded: tuple[Any, Any] | None = None

    @classmethod
    def missing(cls, argument: str, settings: HfSettings) -> Sequence[str]:
        return models.missing(argument)

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """One translation per text. Raises ccr.CcrError for a language that the model does not have."""
        import torch

        tokenizer, model = self._load()
        prefix, forced = self._direction(tokenizer, source, target)
        begun = 1 if forced is None else 2  # tokens that are given: the decoder's first, and the language's
        ids = tokenizer([prefix + text for text in texts]).input_ids
        limit = model.config.max_position_embeddings
        for text, row in zip(texts, ids, strict=True):
            if len(row) > limit:
                raise ccr.CcrError(f'{self.source.name} reads {limit} tokens; these are {len(row)}: "{text[:200]}"')
        out = [""] * len(texts)
        order = sorted(range(len(texts)), key=lambda i: len(ids[i]))
        for start in range(0, len(order), self.settings.batch_size):
            rows = order[start : start + self.settings.batch_size]
            batch = tokenizer.pad({"input_ids": [ids[i] for i in rows]}, return_tensors="pt")
            with torch.inference_mode():
                made = model.generate(
                    **batch.to(model.device),
                    do_sample=False,
                    num_beams=self.settings.beams,
                    max_new_tokens=self.settings.max_tokens,
                    min_new_tokens=begun,  # one that is not given: a translation is never empty
                    **({} if forced is None else {"forced_bos_token_id": forced}),
                )
            # Marian's tokenizer would else decode with the pieces of the source language
            own = {"use_source_tokenizer": False} if model.config.model_type == "marian" else {}
            decoded = tokenizer.batch_decode(made[:, begun:].cpu(), skip_special_tokens=True, **own)
            for i, text in zip(rows, decoded, strict=True):
                out[i] = text.strip()
        return out

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None:
            import torch
            from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
            from transformers.utils import logging

            logging.set_verbosity_error()
            logging.disable_progress_bar()
            device = self.settings.device
            if device == "auto":
                device = "cuda" if torch.cuda.is_available() else "cpu"
            try:
                tokenizer = AutoTokenizer.from_pretrained(self.source.folder, local_files_only=True)
                # eager: the fused kernels choose their order of summation by the shape of the batch
                model, report = AutoModelForSeq2SeqLM.from_pretrained(
                    self.source.folder, local_files_only=True, attn_implementation="eager", output_loading_info=True
                )
            except Exception as error:  # of whichever library reads the file that is damaged
                said = (str(error).strip() or type(error).__name__).splitlines()[0]
                raise ccr.CcrError(f"the model in {self.source.folder} cannot be loaded: {said}") from error
            absent = sorted(report["missing_keys"])
            if absent:  # transformers would draw them at random
                raise ccr.CcrError(
                    f"the weights in {self.source.folder} lack {len(absent)} tensors, such as {absent[0]}"
                )
            tokenizer.padding_side = "right"
            self._loaded = tokenizer, model.float().eval().to(device)
        return self._loaded

    def _direction(self, tokenizer: Any, source: str, target: str) -> tuple[str, int | None]:
        """What stands before each text, and the token that the translation begins with."""
        codes = self.settings.codes
        kind = type(tokenizer).__name__
        if kind.startswith("Marian"):
            return self._marian(tokenizer, source, target), None
        if kind.startswith("M2M100"):
            known = tokenizer.lang_code_to_id
            one, other = (codes.get(lang) or self._m2m(lang, known) for lang in (source, target))
        else:
            known = {code: tokenizer.convert_tokens_to_ids(code) for code in tokenizer.all_special_tokens}
            one, other = (codes.get(lang) or flores(lang) for lang in (source, target))
        for lang, code in ((source, one), (target, other)):
            if code not in known:
                near = sorted(c for c in known if c[:2] == lang[:2])
                raise self._no_language(lang, near)
        tokenizer.src_lang = one
        return "", int(known[other])

    def _marian(self, tokenizer: Any, source: str, target: str) -> str:
        tokens = tokenizer.supported_language_codes
        declared = {"from": (tokenizer.source_lang, source), "to": (tokenizer.target_lang, target)}
        if tokens:  # the model's languages are told by a token before the text
            del declared["to"]
        for way, (own, asked) in declared.items():
            if own and not may_be(own, asked):
                raise ccr.CcrError(
                    f"{self.source.name} translates {way} {own}, not {way} {asked}; "
                    "one model per direction is named with {source} and {target} in its place"
                )
        if not tokens:
            return ""
        given = [self.settings.codes[target]] if target in self.settings.codes else spellings(target)
        for code in given:
            if f">>{code}<<" in tokens:
                return f">>{code}<< "
        raise self._no_language(target, [token.strip("<>") for token in tokens])

    @staticmethod
    def _m2m(lang: str, known: Any) -> str:
        return lang if lang in known else lang.partition("-")[0]

    def _no_language(self, lang: str, known: Sequence[str]) -> ccr.CcrError:
        some = f"; it has {', '.join(known[:20])}{' ...' if len(known) > 20 else ''}" if known else ""
        return ccr.CcrError(
            f"{self.source.name} has no language {lang!r}{some}; its own name of it can be set: "
            f"--set translator.codes.{lang}=CODE"
        )
