"""Teacher learning (M-CLIP): a multilingual sentence encoder learns the English text features."""

from __future__ import annotations

import ccr

CCR_API = 1

TEACHER_LEARNING = ccr.MethodSpec(
    name="teacher-learning",
    factory="ccr_teacher_learning.method:TeacherLearning",
    settings="ccr_teacher_learning.settings:Settings",
    summary="a multilingual sentence encoder with a linear head that learns the English text features by MSE",
    paper="Carlsson et al., Cross-lingual and Multilingual CLIP, LREC 2022",
    ablations={"with images": {"infonce_weight": 1.0}},
)


@ccr.hookimpl
def ccr_register_methods() -> list[ccr.MethodSpec]:
    return [TEACHER_LEARNING]
