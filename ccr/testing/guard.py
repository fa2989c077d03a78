"""Watches a process that runs a plugin: no network, no file outside of the folders that are the plugin's to write.

An audit hook sees what Python does; files that compiled code writes are found by looking at the folder afterwards.
This finds mistakes. It is no defence against hostile code.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from attrs import frozen

NETWORK = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}
WRITES = {
    "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod",
    "shutil.rmtree",
}  # fmt: skip
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
DEVICES = ("/dev/", "/proc/")


@frozen
class Event:
    """One thing that was done, or tried."""

    kind: Literal["network", "write", "test"]
    what: str  # the address, the path, or the test set


class Guard:
    """The one guard of a process. Nothing is watched before `install`."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._root = ""
        self._allowed: tuple[str, ...] = ()

    def install(self, root: Path, allowed: Sequence[Path]) -> None:
        """From now on no connection is made, and nothing is written outside of `root`.

        Inside of it, what is written elsewhere than in `allowed` is noted, and done.
        """
        self._root = f"{root}{os.sep}"
        self._allowed = tuple(f"{path}{os.sep}" for path in allowed)
        sys.addaudithook(self._audit)

    def note(self, kind: Literal["network", "write", "test"], what: str) -> None:
        self.events.append(Event(kind, what))

    def files(self) -> set[Path]:
        """Everything inside of the root that is not the plugin's to write."""
        found: set[Path] = set()
        for folder, folders, names in os.walk(self._root or os.devnull):
            folders[:] = [name for name in folders if not self._is_allowed(os.path.join(folder, name))]
            found.update(Path(folder) / name for name in (*folders, *names))
        return found

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if event in NETWORK:
            address = args[0] if event.startswith("socket.get") else args[1]
            if not isinstance(address, (str, bytes)) or event.startswith("socket.get"):  # else a local socket
                self.note("network", str(address))
                raise ConnectionError(f"the kit lets no plugin reach the network ({address})")
        elif event == "open":
            path, mode, flags = args
            if flags & WRITING or (isinstance(mode, str) and set(mode) & set("wax+")):
                self._write(path)
        elif event in WRITES:
            if event == "os.mkdir" and os.path.isdir(args[0]):
                return  # `makedirs` asks for what is there already, and writes nothing
            for path in args[: 2 if event in ("os.rename", "os.link", "os.symlink") else 1]:
                self._write(path)

    def _write(self, path: Any) -> None:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return  # a file that is open already
        place = os.path.abspath(os.fsdecode(path))
        if place.startswith(DEVICES) or self._is_allowed(place):
            return
        self.note("write", place)
        if not place.startswith(self._root):
            raise PermissionError(f"the kit lets no plugin write outside of its folder ({place})")

    def _is_allowed(self, place: str) -> bool:
        return f"{place}{os.sep}".startswith(self._allowed)


GUARD = Guard()
