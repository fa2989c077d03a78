"""What `--encoder hf:ARGUMENT` names.

    google/siglip-base-patch16-224    a repository of the hub, fetched once
    FOLDER                            a folder as `save_pretrained` writes it
    FOLDER@random, FOLDER@random:3    its config, tokenizer and preprocessor with weights drawn from a seed (0 unless
                                      said): what ccr pretrain starts from. Names of the hub may be so followed, too.

Weights are safetensors, or a pickle of which tensors alone are read. Code of a repository is never run.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from attrs import frozen

from ccr import CcrError, hub_file

CONFIG = "config.json"
PREPROCESSOR = ("preprocessor_config.json", "processor_config.json")
TOKENIZER = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model")
TOKENIZER_REST = ("merges.txt", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
SAFE = ("model.safetensors", "model.safetensors.index.json")
PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")
SMALL = (CONFIG, *PREPROCESSOR, *TOKENIZER, *TOKENIZER_REST)


@frozen
class Source:
    """A model that is fully named, its files on this machine."""

    name: str  # for messages
    folder: Path
    random: int | None = None  # the seed of random weights


def resolve(argument: str, *, fetch: bool = True) -> Source | None:
    """The source that an argument names; what must be fetched is fetched. Raises CcrError, in one sentence.

    With `fetch=False` nothing is: None says that the hub is in reach and has it.
    """
    if importlib.util.find_spec("transformers") is None:
        raise CcrError(f"hf:{argument} needs transformers: pip install 'ccr[hf]'")
    found = re.fullmatch(r"(.+?)@random(?::(\d+))?", argument)
    name, seed = (found[1], int(found[2] or 0)) if found else (argument, None)
    folder = Path(name).expanduser()
    if not folder.is_dir():
        fetched = _from_hub(name, seed is not None, fetch)
        if fetched is None:
            return None
        folder = fetched
    absent = _absent(folder, seed is not None)
    if absent:
        raise CcrError(f"{folder} has no {absent}: {name} is no whole model, as save_pretrained of transformers writes")
    return Source(name, folder, seed)


def _absent(folder: Path, random: bool) -> str:
    """What a folder lacks, in words; '' = nothing."""
    wanted = [(CONFIG,), TOKENIZER, PREPROCESSOR] + ([] if random else [(*SAFE, *PICKLED)])
    lacking = [files for files in wanted if not any((folder / file).is_file() for file in files)]
    return ", no ".join(" or ".join(files[:2]) for files in lacking)


def _from_hub(name: str, random: bool, fetch: bool) -> Path | None:
    """The folder of the hub's cache that holds the model; None where it could be fetched and shall not be."""
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name):
        raise CcrError(f"hf:{name}: there is no folder {name}")
    try:
        config = hub_file(name, (CONFIG,), fetch=fetch)
        if config is not None and not _absent(config.parent, random):
            return config.parent
        weights = config if random else hub_file(name, (*SAFE, *PICKLED), fetch=fetch)
        if config is None or weights is None or not fetch:
            return None
        forms = () if random else ("model*.safetensors*",) if weights.name in SAFE else ("pytorch_model*.bin*",)
        import huggingface_hub as hub

        return Path(hub.snapshot_download(name, allow_patterns=[*SMALL, *forms]))
    except Exception as error:  # OSError, and whatever the hub's client has of its own
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        raise CcrError(
            f"{name} is no folder and cannot be had from the hub ({reason}); get the files of "
            f"https://huggingface.co/{name}, put them into one folder and name it: --encoder hf:FOLDER"
        ) from error
