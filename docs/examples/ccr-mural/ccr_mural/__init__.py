"""Registers the method `mural`. Imports nothing heavy: ccr reads this file whenever it starts."""

import ccr

CCR_API = 1


@ccr.hookimpl
def ccr_register_methods():
    return [
        ccr.MethodSpec(
            name="mural",
            factory="ccr_mural.method:Mural",
            settings="ccr_mural.method:Settings",
            summary="One text encoder, two contrastive tasks: pictures with captions, captions with their parallels",
            paper="https://arxiv.org/abs/2109.05125",
            ablations={"no heads": {"heads": False}, "fixed temperature": {"learn_temperature": False}},
        )
    ]
