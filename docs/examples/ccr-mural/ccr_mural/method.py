"""MURAL (Jain et al., Findings of EMNLP 2021): one text encoder for all languages, trained by two tasks at once.

Both are contrastive over the batch, in both directions: a picture finds its caption among the others, and a caption
finds its parallel in the other language. Each task has a projection head of its own on the shared encoder, and a
temperature of its own that is learned. English captions are read by the same encoder as all others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from attrs import frozen
from torch import Tensor, nn

import ccr

LARGEST_SCALE = 100.0  # CLIP's bound on what cosines are multiplied by


@frozen
class Settings(ccr.TrainSettings):
    tower_lr: float = ccr.setting(
        0.1, "Learning rate of the text encoder's weights, as a share of the others'.", check=ccr.positive
    )
    heads: bool = ccr.setting(True, "A projection head for each task.")
    learn_temperature: bool = ccr.setting(True, "Learn each task's temperature.")
    image_text_weight: float = ccr.setting(1.0, "Weight of pictures with captions, phase match.", check=ccr.positive)
    text_text_weight: float = ccr.setting(1.0, "Weight of captions with parallels, both phases.", check=ccr.positive)


class Task(nn.Module):
    """A projection head, and a temperature."""

    def __init__(self, dim: int, scale: float, settings: Settings) -> None:
        super().__init__()
        self.head: nn.Module = nn.Linear(dim, dim) if settings.heads else nn.Identity()
        if settings.heads:  # begins as the encoder is: its features fit the pictures already
            nn.init.eye_(self.head.weight)
            nn.init.zeros_(self.head.bias)
        self.log_scale = nn.Parameter(Tensor([math.log(scale)]))
        self.learned = [*self.head.parameters(), *([self.log_scale] if settings.learn_temperature else [])]

    def contrast(self, some: Tensor, others: Tensor) -> Tensor:
        """Symmetric softmax over the batch, 0-d."""
        return ccr.infonce(some, others, self.log_scale.exp().clamp(max=LARGEST_SCALE))


class Mural(ccr.TrainedMethod):
    encodes_source = True  # English queries, too, are read by this encoder
    reads_source = True

    def __init__(self, ctx: ccr.Context) -> None:
        super().__init__(ctx)
        s: Settings = ctx.settings
        self.tower = ctx.encoder.text_tower()
        self.weights = ccr.tower_weights(self.tower)
        self.embedding = ccr.TokenEmbedding(ctx, self.tower.width, lazy=s.embedding == "lazy")
        self.image_text = Task(ctx.encoder.embed_dim, ctx.encoder.logit_scale, s)
        self.text_text = Task(ctx.encoder.embed_dim, ctx.encoder.logit_scale, s)

    def players(self, phase: ccr.Phase) -> Sequence[ccr.Player]:
        """The text encoder, and what the tasks of the phase have."""
        own = [*self.embedding.parameters(), *self.text_text.learned]
        if phase.name == "match":
            own += self.image_text.learned
        lr = self.lr(phase)
        return [self.player(own, lr), self.player(self.weights, self.settings.tower_lr * lr, "tower")]

    def forward(self, text: ccr.TextBatch) -> dict[str, Tensor]:
        """{"text": (B, D) to be compared with pictures, "bitext": (B, D) to be compared with parallels}."""
        features = self.tower.run(self.embedding(text.ids), text.lengths)
        return {"text": self.image_text.head(features), "bitext": self.text_text.head(features)}

    def outputs(self, part: ccr.Batch) -> dict[str, Tensor]:
        """Those of the captions, and those of their English parallels."""
        source = {f"source_{name}": value for name, value in self.forward(part.source).items()}
        return self.forward(part.text) | source

    def loss(self, phase: ccr.Phase, player: str, out: dict[str, Tensor], batch: ccr.Batch) -> dict[str, Tensor]:
        """align: captions with parallels; match: both tasks, and pictures with captions of either language."""
        s: Settings = self.settings
        terms = {"text_text": s.text_text_weight * self.text_text.contrast(out["bitext"], out["source_bitext"])}
        if phase.name == "match":
            images = self.given(batch.image_features, "image features")
            both = [self.image_text.contrast(out[name], images) for name in ("text", "source_text")]
            terms["image_text"] = s.image_text_weight * sum(both) / 2
        return terms
