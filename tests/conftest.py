"""No test reaches the network, the user's cache or more than a core."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

# before anything imports torch; the models are tiny, and threads that wait for a busy core cost more than they bring
os.environ["OMP_NUM_THREADS"] = os.environ.get("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"
os.environ.pop("CCR_DATA", None)

# machines that run tests are shared: no law has a time limit
hypothesis.settings.register_profile("ccr", deadline=None)
hypothesis.settings.load_profile("ccr")

Install = Callable[..., None]


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One cache for all tests, so that what one made (an encoder's features) serves the next."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CCR_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a small plugin: `install("evil", source)` is a package with an entry point, gone after the test.

    The working directory is an empty folder then, without a registry.yaml.
    """
    site, work = tmp_path / "site", tmp_path / "work"
    site.mkdir()
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.syspath_prepend(site)
    before = set(sys.modules)

    def put(name: str, source: str, *, version: str = "1.0", entry: str = "", value: str = "") -> None:
        (site / f"{name}.py").write_text(textwrap.dedent(source), encoding="utf-8")
        info = site / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[ccr]\n{entry or name} = {value or name}\n")

    yield put
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]
