"""Files of the model hub: from its local cache, or fetched once, or one quick sentence that they cannot be had."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def hub_file(repository: str, names: Sequence[str], *, fetch: bool = True) -> Path | None:
    """The first of `names` that a repository of the hub has, from the local cache if it is there.

    Raises OSError in seconds where the hub is out of reach; the hub's own client would retry for most of a minute.
    With `fetch=False` nothing is downloaded: None says that the hub is in reach, so that it could be.
    """
    import huggingface_hub as hub
    from huggingface_hub import constants
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError
    from huggingface_hub.utils import get_session

    for name in names:
        cached = hub.try_to_load_from_cache(repository, name)
        if isinstance(cached, str):
            return Path(cached)
    try:
        get_session().head(constants.ENDPOINT, timeout=5)
    except Exception as error:  # of whichever HTTP library the client uses
        raise OSError(f"{constants.ENDPOINT} is out of reach") from error
    if not fetch:
        return None
    for name in names:
        try:
            return Path(hub.hf_hub_download(repository, name))
        except Exception as error:
            if isinstance(error, EntryNotFoundError) and not isinstance(error, LocalEntryNotFoundError):
                continue
            raise OSError((str(error).strip() or type(error).__name__).splitlines()[0][:300]) from error
    raise OSError(f"{repository} has no {' or '.join(names)}")
