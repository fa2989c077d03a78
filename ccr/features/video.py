"""Frames of a clip, as PyAV decodes them."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image


def clip_frames(data: bytes, count: int) -> list[Image.Image]:
    """`count` frames of an encoded clip in the order of time, RGB.

    They are what a viewer sees in the middle of each of `count` equal parts of the clip's time, whatever its frame
    rate and however that varies; a clip with fewer frames shows some of them more than once. Raises ValueError, with
    what is wrong, where the clip is damaged, cut short or none at all.
    """
    import av

    if not data:
        raise ValueError("it is empty")
    try:
        with av.open(io.BytesIO(data)) as container:
            start, end = _span(container)
        with av.open(io.BytesIO(data)) as container:
            return _at(container, [start + (end - start) * (2 * k + 1) / (2 * count) for k in range(count)])
    except av.error.FFmpegError as error:
        raise ValueError(error.strerror or str(error)) from None


def _span(container: Any) -> tuple[float, float]:
    """When the clip begins and ends, in units of its stream, from its packets: nothing is decoded."""
    if not container.streams.video:
        raise ValueError("it has no video stream")
    stream = container.streams.video[0]
    packets = [packet for packet in container.demux(stream) if packet.size]
    if stream.frames > len(packets):
        raise ValueError(f"it is cut short: {len(packets):,} of {stream.frames:,} frames")
    shown = sorted((_time(p), p.duration or 0) for p in packets if _time(p) is not None and not p.is_discard)
    if not shown:
        raise ValueError("no frame in it has a time")
    first, (last, duration) = shown[0][0], shown[-1]
    return first, last + (duration or (last - first) / max(1, len(shown) - 1) or 1)


def _at(container: Any, times: list[float]) -> list[Image.Image]:
    """What is shown at these times, in order."""
    stream = container.streams.video[0]
    stream.thread_type, stream.codec_context.thread_count = "NONE", 1  # many clips are decoded at a time instead
    found: list[Image.Image] = []
    shown = image = None
    for frame in container.decode(stream):
        while shown is not None and len(found) < len(times) and _time(frame) > times[len(found)]:
            image = image or _image(shown)
            found.append(image)
        if len(found) == len(times):
            break
        shown, image = frame, None
    if shown is None:
        raise ValueError("no frame in it can be decoded")
    rest = len(times) - len(found)
    return found + [image or _image(shown)] * rest if rest else found


def _image(frame: Any) -> Image.Image:
    if frame.is_corrupt:
        raise ValueError(f"its frame at {float(frame.time or 0):.2f} s is damaged")
    return frame.to_image()


def _time(of: Any) -> Any:
    """Of a packet or a frame, None if it has none; some containers (AVI) give its decoding time alone."""
    return of.dts if of.pts is None else of.pts
