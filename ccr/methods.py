"""The settings that trained methods share: losses, learning rates, optimiser. Imports no torch."""

from __future__ import annotations

from typing import Any, Literal

from attrs import frozen

from ccr.specs import setting


def positive(_: Any, field: Any, value: Any) -> None:
    """What `ccr.setting(..., check=ccr.positive)` allows: numbers above 0, alone or in a tuple, and None."""
    for number in value if isinstance(value, tuple) else (value,):
        if number is not None and not number > 0:
            raise ValueError(f"{field.name} must be positive, not {number}")


def not_negative(_: Any, field: Any, value: Any) -> None:
    """As `positive`, and 0."""
    for number in value if isinstance(value, tuple) else (value,):
        if number is not None and not number >= 0:
            raise ValueError(f"{field.name} must be 0 or more, not {number}")


def decay(_: Any, field: Any, value: tuple[float, float]) -> None:
    """Decay rates of moments, from 0 to below 1."""
    if not all(0 <= beta < 1 for beta in value):
        raise ValueError(f"{field.name} must lie from 0 to below 1, not {value[0]} and {value[1]}")


@frozen
class TrainSettings:
    """What a trained method's settings class begins with: a subclass adds what is the method's own alone.

    The defaults are those of DASD's released code (HuiGuanLab/DASD at 1bd165d). `ccr.TrainedMethod` obeys them.
    """

    embedding: Literal["lazy", "dense"] = setting(
        "lazy", "lazy: only the table's rows in the batch move; dense: all do, by weight decay and by momentum."
    )
    align_lr: float = setting(2e-4, "Peak learning rate, phase align.", check=positive)
    match_lr: float = setting(6e-6, "Peak learning rate, phase match.", check=positive)
    betas: tuple[float, float] = setting((0.9, 0.98), "Decay of Adam's moments.", check=decay)
    eps: float = setting(1e-6, "Adam's epsilon.", check=positive)
    weight_decay: float = setting(0.2, "Decoupled weight decay, on matrices only.", check=not_negative)
    clip: float | None = setting(1.0, "Largest gradient norm of each tensor; null: no clipping.", check=positive)


@frozen
class StudentSettings(TrainSettings):
    """Of a method that learns from the encoder's English features and from images (`ccr.StudentMethod`)."""

    mse_weight: float = setting(1.0, "Weight of MSE(text, English), both phases.", check=not_negative)
    infonce_weight: float = setting(1.0, "Weight of InfoNCE(text, image), phase match.", check=not_negative)
    infonce_scale: float | None = setting(
        None, "What InfoNCE multiplies cosines by; null: the encoder's own.", check=positive
    )
    rescale: Literal["auto", "always", "never"] = setting(
        "auto",
        "Divide features by the teacher's RMS where losses compare un-normalised ones; "
        "auto: for encoders whose feature size is not CLIP B's 512.",
    )
