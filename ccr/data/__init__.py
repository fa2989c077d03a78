"""Data: captions with their provenance, the sealed test split, training views and the order of batches."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ccr.data.records import Data


def open_dataset(name: str, root: Path | str | None = None, **settings: Any) -> Data:
    """Open a dataset by its registered name, or by the path of a file. Its test split stays sealed."""
    from ccr.data.opening import open_data
    from ccr.host import Host
    from ccr.settings import make_settings

    host = Host.load()
    spec, path = host.dataset(name)
    built = make_settings(host.resolve(spec.settings), settings, f"dataset {name}", prefix="dataset.")
    return open_data(host, spec, path or (Path(root) if root else None), built)
