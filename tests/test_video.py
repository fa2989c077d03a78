"""Clips: which frames are read, how they become one feature, and what is said of damaged ones. The files are real."""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from test_extract import TinyEncoder

from ccr import CcrError, Dataset, Item
from ccr.features.extract import image_features
from ccr.features.inputs import input_digests, load_input
from ccr.features.store import FeatureStore
from ccr.features.video import clip_frames

LEVELS = [20, 45, 70, 95, 120, 145, 170, 195, 220, 245]  # the greys of a clip's frames tell which ones were read


def clip(
    levels: Sequence[int] = LEVELS,
    times: Sequence[int] | None = None,
    codec: str = "mpeg4",
    form: str = "mp4",
    index_first: bool = False,
) -> bytes:
    """A clip of one grey a frame; `times` are in hundredths of a second, ten frames a second if left out."""
    file = tempfile.NamedTemporaryFile(suffix=f".{form}")  # noqa: SIM115 - gone with the last reference to it
    with av.open(file.name, "w", options={"movflags": "faststart"} if index_first else {}) as container:
        stream: Any = container.add_stream(codec, rate=10, options={"bf": "2"} if codec == "libx264" else {})
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 100 if times else 10)
        for k, level in enumerate(levels):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), level, np.uint8), format="rgb24")
            frame.pts, frame.time_base = times[k] if times else k, stream.codec_context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return Path(file.name).read_bytes()


def read(data: bytes, count: int) -> list[int]:
    """Which frames were read, by their greys."""
    greys = [np.asarray(image).mean() for image in clip_frames(data, count)]
    return [int(np.abs(np.array(LEVELS) - grey).argmin()) for grey in greys]


class Clips(Dataset):
    """Clips in a folder, or in memory."""

    def __init__(self, clips: Iterable[bytes], frames: int = 5, folder: Path | None = None) -> None:
        super().__init__(None, None)
        self.data = list(clips)
        self.list = []
        for i, data in enumerate(self.data):
            path = folder / f"{i}.mp4" if folder else None
            if path:
                path.write_bytes(data)
            self.list.append(Item(str(i), (), path, frames=frames))

    def items(self, split: str) -> list[Item]:
        return self.list

    test_items = items  # type: ignore[assignment]

    def read(self, item: Item) -> bytes:
        return super().read(item) if item.path else self.data[int(item.id)]


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    return FeatureStore(tmp_path / "features")


# --- which frames -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codec", "form"), [("mpeg4", "mp4"), ("libx264", "mp4"), ("mpeg4", "avi"), ("libvpx-vp9", "webm")]
)
def test_frames_stand_in_the_middle_of_equal_parts(codec: str, form: str) -> None:
    data = clip(codec=codec, form=form)
    assert read(data, 10) == list(range(10))
    assert read(data, 5) == [1, 3, 5, 7, 9]
    assert read(data, 1) == [5]
    assert read(data, 3) == [1, 5, 8]


@given(st.integers(1, 10), st.integers(1, 14))
def test_sampling_is_that_of_the_definition(length: int, count: int) -> None:
    middles = [Fraction(length * (2 * k + 1), 2 * count) for k in range(count)]
    assert read(clip(LEVELS[:length]), count) == [int(middle) for middle in middles]


def test_it_is_time_that_counts_where_the_rate_varies() -> None:
    data = clip(LEVELS[:4], times=[0, 10, 20, 80])  # the third frame stands for 0.6 s, the last for a moment
    assert read(data, 8) == [0, 1, 2, 2, 2, 2, 2, 3]
    assert read(data, 4) == [1, 2, 2, 2]


def test_a_clip_of_one_frame_shows_it_as_often_as_asked() -> None:
    assert read(clip(LEVELS[3:4]), 4) == [3] * 4


# --- features -------------------------------------------------------------------------------------------------------


def test_a_clips_feature_is_the_mean_of_its_frames_directions(store: FeatureStore) -> None:
    encoder, data = TinyEncoder(), Clips([clip(), clip(LEVELS[:1]), clip(LEVELS[::-1][:7])])
    found = image_features(encoder, data, data.list, store, batch_size=11)
    assert encoder.images == 15
    for item, row in zip(data.list, found.table, strict=True):
        frames = clip_frames(data.data[int(item.id)], 5)
        features = [encoder.module["image"](encoder.preprocess(image).flatten()).detach().numpy() for image in frames]
        lengths = [np.linalg.norm(feature) for feature in features]
        mean = np.mean([feature / length for feature, length in zip(features, lengths, strict=True)], axis=0)
        np.testing.assert_allclose(row, mean * np.mean(lengths), rtol=1e-4, atol=1e-5)


def test_pooling_one_frame_changes_nothing_and_no_order_is_seen() -> None:
    frames = torch.randn(3, 6, 16, generator=torch.Generator().manual_seed(1))
    encoder = TinyEncoder()
    torch.testing.assert_close(encoder.pool(frames[:, :1]), frames[:, 0])
    torch.testing.assert_close(encoder.pool(frames.flip(1)), encoder.pool(frames))
    assert encoder.pool(torch.zeros(1, 4, 16)).isfinite().all()


def test_an_encoder_may_pool_in_a_way_of_its_own(store: FeatureStore) -> None:
    class Last(TinyEncoder):
        def pool(self, frames: torch.Tensor) -> torch.Tensor:
            return frames[:, -1]

    encoder, data = Last(), Clips([clip()])
    last = encoder.preprocess(clip_frames(data.data[0], 5)[-1]).flatten()
    found = image_features(encoder, data, data.list, store)
    np.testing.assert_allclose(found.table[0], encoder.module["image"](last).detach().numpy(), rtol=1e-4, atol=1e-5)


def test_features_are_kept_per_clip_and_number_of_frames(store: FeatureStore, tmp_path: Path) -> None:
    encoder, data = TinyEncoder(), Clips([clip(), clip(LEVELS[2:])], folder=tmp_path)
    first = image_features(encoder, data, data.list, store)
    again = image_features(encoder, data, data.list, store)
    assert (first.encoded, again.encoded, encoder.images) == (2, 0, 10)
    np.testing.assert_array_equal(first.table, again.table)
    three = Clips(data.data, frames=3, folder=tmp_path)
    assert image_features(encoder, three, three.list, store).encoded == 2
    assert encoder.images == 16


def test_the_key_holds_the_file_and_the_number_of_frames(store: FeatureStore) -> None:
    keys = [
        key
        for frames in (0, 1, 5)
        for data in [Clips([clip(), clip(LEVELS[1:])], frames)]
        for key in input_digests(TinyEncoder(), data, data.list, store.files)
    ]
    assert len(set(keys)) == 6
    assert keys[0] == hashlib.sha256(clip()).hexdigest()  # of a picture it is as it was


def test_pictures_and_clips_may_stand_side_by_side(store: FeatureStore) -> None:
    png = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 10, 10)).save(png, "PNG")
    data = Clips([clip(), png.getvalue()])
    data.list[1] = Item("1", ())
    encoder = TinyEncoder()
    table = image_features(encoder, data, data.list, store).table
    picture = encoder.preprocess(Image.open(png).convert("RGB")).flatten()
    np.testing.assert_allclose(table[1], encoder.module["image"](picture).detach().numpy(), rtol=1e-4, atol=1e-5)


# --- damage -----------------------------------------------------------------------------------------------------------


def spoilt(how: str) -> bytes:
    whole = clip()
    ahead = clip(index_first=True)
    return {
        "empty": b"",
        "no video": b"this is no clip" * 20,
        "index lost": whole[: len(whole) // 2],
        "cut short": ahead[: -len(ahead) // 4],
        "a picture": _png(),
        "no stream": _sound(),
    }[how]


def _png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    return file.getvalue()[:40]


def _sound() -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


@pytest.mark.parametrize("how", ["empty", "no video", "index lost", "cut short", "a picture", "no stream"])
def test_a_damaged_clip_is_one_sentence_with_its_file(how: str, tmp_path: Path) -> None:
    data = Clips([spoilt(how)], folder=tmp_path)
    with pytest.raises(CcrError, match=r"is no readable clip \(.+\); fetch it again$") as caught:
        load_input(TinyEncoder(), data, data.list[0])
    assert str(tmp_path / "0.mp4") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_damaged_clips_are_named_and_the_sound_ones_kept(store: FeatureStore, tmp_path: Path) -> None:
    data = Clips([clip(), spoilt("cut short"), clip(LEVELS[1:]), spoilt("index lost")], folder=tmp_path)
    encoder = TinyEncoder()
    with pytest.raises(CcrError) as caught:
        image_features(encoder, data, data.list, store)
    assert str(tmp_path / "1.mp4") in str(caught.value)
    assert str(tmp_path / "3.mp4") in str(caught.value)
    sound = Clips([data.data[0], data.data[2]])
    assert image_features(encoder, sound, sound.list, store).encoded == 0


def test_a_clip_that_changed_since_is_refused(store: FeatureStore, tmp_path: Path) -> None:
    data = Clips([clip()], folder=tmp_path)
    (digest,) = input_digests(TinyEncoder(), data, data.list, store.files)
    assert load_input(TinyEncoder(), data, data.list[0], store.files, digest).shape == (5, 3, 8, 8)
    (tmp_path / "0.mp4").write_bytes(clip(LEVELS[4:]))
    with pytest.raises(CcrError, match="changed while it was in use"):
        load_input(TinyEncoder(), data, data.list[0], store.files, digest)
