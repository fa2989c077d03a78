"""An encoder learns from the dataset's English captions by InfoNCE, through the one training loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor, nn

from ccr.base import Encoder, Method
from ccr.data.order import Order
from ccr.nn import infonce
from ccr.specs import Batch, Phase, Player, TextBatch
from ccr.training.parallel import own_rows
from ccr.world import world

PIXEL_BUDGET = 1 << 30  # bytes of preprocessed images that are kept; what does not fit is decoded again
DECODERS = 4
MAX_SCALE = 100.0  # CLIP's bound on a learnt scale


class EnglishTraining(Method):
    """The encoder itself as what trains.

    In a fine-tune batch norms keep their statistics and the scale of InfoNCE is the encoder's own, fixed. From
    scratch both are learnt; the scale is the parameter that dual encoders call `logit_scale`, its logarithm.
    """

    def __init__(self, encoder: Encoder, lr: float, *, text_only: bool = False, from_scratch: bool = False) -> None:
        nn.Module.__init__(self)
        self.encoder = encoder
        self.module = encoder.module
        self.learns = from_scratch
        named = [(name.rsplit(".", 1)[-1], p) for name, p in self.module.named_parameters()]
        scales = [p for name, p in named if name == "logit_scale"]
        self._log_scale = scales[0] if scales and from_scratch else None
        towers = [p for name, p in named if name not in ("logit_scale", "logit_bias")]
        trained = list(encoder.text_parameters()) if text_only else towers
        if self._log_scale is not None:
            trained.append(self._log_scale)
        self._player = Player(name="encoder", params=trained, lr=lr)

    def train(self, mode: bool = True) -> EnglishTraining:
        super().train(mode and self.learns)
        return self

    def players(self, phase: Phase) -> Sequence[Player]:
        return (self._player,)

    def forward(self, text: TextBatch) -> dict[str, Tensor]:
        return {"text": self.encoder.encode_texts(text.ids)}

    def outputs(self, part: Batch) -> dict[str, Tensor]:
        image = part.image_features if part.images is None else self.encoder.encode_images(part.images)
        assert image is not None
        return {**self(part.text), "image": image}

    def loss(self, phase: Phase, player: str, out: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        scale = self.encoder.logit_scale if self._log_scale is None else self._log_scale.exp().clamp(max=MAX_SCALE)
        return {"infonce": infonce(out["text"], out["image"], scale)}


class EnglishFeed:
    """Step -> Batch with pixels, or with image features where the image side stays as it is.

    Threads decode the next batch of pixels while this one trains. Of several processes each decodes what it computes;
    the other rows are zero.
    """

    def __init__(
        self,
        order: Order,
        lang: str,
        texts: Sequence[str],
        ids: Tensor,
        lengths: Tensor,
        image: np.ndarray,
        images: Callable[[int], Tensor] | Tensor,
        device: torch.device,
    ) -> None:
        """`ids` (n, L) and `lengths` (n,) are the captions' tokens, `image` (n,) the row of each one's image.

        `images(row)` gives what the encoder reads of an image; a tensor (m, D) holds the features of all.
        """
        self._order, self._lang, self._texts, self._ids, self._lengths, self._image = (
            order,
            lang,
            texts,
            ids,
            lengths,
            image,
        )
        self._images, self._device = images, device
        self._kept: dict[int, Tensor] = {}
        self._bytes = 0
        self._pool = ThreadPoolExecutor(DECODERS)
        self._next: tuple[int, list[Future[Tensor]]] | None = None

    def __call__(self, step: int) -> Batch:
        draw = self._order[step]
        rows = torch.from_numpy(draw.rows)
        pixels = features = None
        if isinstance(self._images, Tensor):
            features = self._images[torch.from_numpy(self._image[draw.rows])].to(self._device)
        else:
            decoded = torch.stack([future.result() for future in self._decoding(step)])
            pixels = decoded.new_zeros(len(draw.rows), *decoded.shape[1:], device=self._device)
            pixels[self._own(step).to(self._device)] = decoded.to(self._device)
            self._next = (step + 1, self._start(step + 1)) if step + 1 < len(self._order) else None
        return Batch(
            text=TextBatch(
                self._lang,
                tuple(self._texts[i] for i in draw.rows),
                self._ids[rows],
                self._lengths[rows],
            ),
            source=None,
            source_features=None,
            image_features=features,
            other=torch.from_numpy(draw.other),
            images=pixels,
        )

    def close(self) -> None:
        """Stop the decoding threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _decoding(self, step: int) -> list[Future[Tensor]]:
        return self._next[1] if self._next and self._next[0] == step else self._start(step)

    def _start(self, step: int) -> list[Future[Tensor]]:
        rows = self._order[step].rows[self._own(step).numpy()]
        return [self._pool.submit(self._pixels, int(self._image[row])) for row in rows]

    def _own(self, step: int) -> Tensor:
        lengths = self._lengths[torch.from_numpy(self._order[step].rows)]
        mine = own_rows(world(), lengths)
        return mine if len(mine) else torch.zeros(1, dtype=torch.int64)  # one at least tells the size of all

    def _pixels(self, row: int) -> Tensor:
        if row in self._kept:
            return self._kept[row]
        assert not isinstance(self._images, Tensor)
        pixels = self._images(row)
        if self._bytes + pixels.nbytes <= PIXEL_BUDGET:
            self._bytes += pixels.nbytes
            self._kept[row] = pixels
        return pixels
