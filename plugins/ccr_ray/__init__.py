"""The cells of a grid as tasks of a Ray cluster, or of one that is started on this machine."""

from __future__ import annotations

import ccr

CCR_API = 1


@ccr.hookimpl
def ccr_register_executors() -> list[ccr.ExecutorSpec]:
    return [
        ccr.ExecutorSpec(
            name="ray",
            factory="ccr_ray.executor:Ray",
            settings="ccr_ray.settings:Settings",
            summary="Tasks of a Ray cluster; a cell whose process or machine is lost runs again and resumes",
        )
    ]
