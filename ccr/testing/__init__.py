"""The conformance kit: what every plugin of a kind must do, checked on a tiny world.

    ccr plugins check my-method

or in the tests of a plugin, with pytest:

    from ccr.testing import parametrize_with_ccr_checks

    @parametrize_with_ccr_checks("my-method")
    def test_kit(ccr_check):
        ccr_check()

For tests of its own, `tiny_method` builds a method in the world that the checks use, and `tiny_batch` a batch for it.

Checks run in a process of their own, without a network, in a folder of their own, and are stopped where they hang.
"""

from __future__ import annotations

from ccr.testing.parametrize import parametrize_with_ccr_checks
from ccr.testing.runner import LIMIT, check_plugin
from ccr.testing.sample import tiny_batch, tiny_method
from ccr.testing.subjects import SENTENCES, Outcome

__all__ = [
    "LIMIT",
    "SENTENCES",
    "Outcome",
    "check_plugin",
    "parametrize_with_ccr_checks",
    "tiny_batch",
    "tiny_method",
]
