"""Data: captions with their provenance, the sealed test split, training views and the order of batches."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ccr.data.records import Data


def open_dataset(name: str, root: Path | str | None = None, **settings: Any) -> Data:
    """Open a dataset by its registered name. Its test split stays sealed."""
    from ccr.data.records import open_data
    from ccr.host import Host

    return open_data(Host.load(), name, Path(root) if root else None, settings)
