"""The cells of a grid as processes of this machine, side by side."""

from __future__ import annotations

import ccr

CCR_API = 1


@ccr.hookimpl
def ccr_register_executors() -> list[ccr.ExecutorSpec]:
    return [
        ccr.ExecutorSpec(
            name="local",
            factory="ccr_local.executor:Local",
            summary="Processes of this machine, --jobs of them side by side; threads and GPUs are shared out",
        )
    ]
