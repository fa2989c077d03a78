"""MSR-VTT in the layouts that are distributed, on small fixtures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ccr_benchmarks.msrvtt import FULL, MSRVTT, ONE_KA, MSRVTTSettings

from ccr import CcrError
from ccr.host import Host

SPLITS = {"video0": "train", "video1": "train", "video2": "validate", "video3": "test", "video4": "test"}


def data(videos: dict[str, str]) -> dict[str, Any]:
    return {
        "videos": [{"video_id": video, "split": split, "id": k} for k, (video, split) in enumerate(videos.items())],
        "sentences": [
            # sentences do not stand in the order of their ids
            {"video_id": video, "sen_id": 10 * int(video[-1]) + k, "caption": f" A dog {video} {k}"}
            for k in (2, 0, 1)
            for video in videos
        ],
    }


def msrvtt(root: Path) -> Path:
    (root / "cn").mkdir(parents=True)
    (root / "videos").mkdir()
    (root / "MSRVTT_data.json").write_text(json.dumps(data(SPLITS)))
    rows = ["key,vid_key,video_id,sentence", "ret0,msr4,video4,a dog  video4 1"]
    (root / "MSRVTT_JSFUSION_test.csv").write_text("\n".join(rows) + "\n")
    chinese = [f"{video}#zh#{k} 一只狗 {video} {k}" for video in ("video3", "video4") for k in range(3)]
    (root / "cn" / "test.caption.txt").write_text("\n".join(chinese) + "\n", encoding="utf-8")
    for video in SPLITS:
        (root / "videos" / f"{video}.mp4").write_bytes(b"clip")
    return root


def reader(root: Path, **settings: Any) -> MSRVTT:
    return MSRVTT(MSRVTTSettings(**settings), root)


def test_the_official_split(tmp_path: Path) -> None:
    found = reader(msrvtt(tmp_path), frames=7)
    assert found.missing() == []
    assert [item.id for item in found.items("train")] == ["video0", "video1"]
    assert [item.id for item in found.items("val")] == ["video2"]
    items = list(found.test_items(FULL))
    assert [(item.id, item.frames, item.path) for item in items] == [
        (video, 7, tmp_path / "videos" / f"{video}.mp4") for video in ("video3", "video4")
    ]
    english, chinese = items[0].captions[:3], items[0].captions[3:]
    assert [c.text for c in english] == [f"A dog video3 {k}" for k in range(3)]
    assert [(c.text, c.origin, c.parallel) for c in chinese] == [
        (f"一只狗 video3 {k}", "human-translation", english[k].id) for k in range(3)
    ]


def test_1ka_has_one_caption_a_clip_and_its_translation(tmp_path: Path) -> None:
    (item,) = reader(msrvtt(tmp_path)).test_items(ONE_KA)
    assert [(c.lang, c.text) for c in item.captions] == [("en", "A dog video4 1"), ("zh", "一只狗 video4 1")]


def test_9k_trains_on_what_1ka_does_not_test_and_is_tested_on_nothing_else(tmp_path: Path) -> None:
    found = reader(msrvtt(tmp_path), train="9k")
    assert [item.id for item in found.items("train")] == ["video0", "video1", "video3"]
    assert [item.id for item in found.items("val")] == ["video2"]
    spec = found.describe(Host.load().spec("dataset", "msrvtt"))
    assert [test.id for test in spec.test_sets] == [ONE_KA]
    assert {test.id for test in reader(tmp_path).describe(Host.load().spec("dataset", "msrvtt")).test_sets} == {
        FULL,
        ONE_KA,
    }


def test_the_official_two_files_serve_as_well(tmp_path: Path) -> None:
    root = msrvtt(tmp_path)
    (root / "MSRVTT_data.json").unlink()
    tested = {video: split for video, split in SPLITS.items() if split == "test"}
    others = {video: split for video, split in SPLITS.items() if split != "test"}
    (root / "train_val_videodatainfo.json").write_text(json.dumps(data(others)))
    (root / "test_videodatainfo.json").write_text(json.dumps(data(tested)))
    (root / "videos").rename(root / "TrainValVideo")
    (root / "TestVideo").mkdir()
    (root / "TrainValVideo" / "video3.mp4").rename(root / "TestVideo" / "video3.mp4")
    found = reader(root)
    assert found.missing() == []
    assert [item.path for item in found.test_items(FULL)] == [
        root / "TestVideo" / "video3.mp4",
        root / "TrainValVideo" / "video4.mp4",
    ]
    (root / "TestVideo" / "video3.mp4").unlink()
    assert "1 of 5 clips are in none of" in found.missing()[0]


def test_what_is_missing_is_told_at_once(tmp_path: Path) -> None:
    told = "\n".join(reader(tmp_path).missing())
    assert "MSRVTT_data.json, MSRVTT_JSFUSION_test.csv" in told
    assert "MSR-VTT-CN" in told
    assert "MSR-VTT-CN" not in "\n".join(reader(tmp_path, languages=()).missing())
    root = msrvtt(tmp_path / "whole")
    (root / "videos" / "video1.mp4").unlink()
    assert reader(root).missing(pictures=False) == []
    assert "1 of 5 clips are not in" in reader(root).missing()[0]


@pytest.mark.parametrize(
    ("name", "row", "told"),
    [
        ("cn/test.caption.txt", "video3 狗", r"test.caption.txt:7: the row is not CLIP#zh#K"),
        ("cn/test.caption.txt", "video3#enc2zh#0 狗", r":7: #enc2zh# is not by people"),
        ("cn/test.caption.txt", "video3#zh#9 狗", r":7: .* has no caption 9 of video3"),
        ("MSRVTT_JSFUSION_test.csv", "ret1,msr0,video0,A dog video0 1", r":3: 'video0' is no test clip"),
        ("MSRVTT_JSFUSION_test.csv", "ret1,msr3,video3,a cat", r":3: the sentence is no caption of video3"),
    ],
)
def test_rows_that_do_not_fit_are_named(name: str, row: str, told: str, tmp_path: Path) -> None:
    root = msrvtt(tmp_path)
    with (root / name).open("a", encoding="utf-8") as file:
        file.write(row + "\n")
    with pytest.raises(CcrError, match=told):
        list(reader(root).test_items(ONE_KA))


def test_every_row_that_does_not_fit_is_named(tmp_path: Path) -> None:
    root = msrvtt(tmp_path)
    (root / "cn" / "test.caption.txt").write_text("video3 no\n" * 30)
    with pytest.raises(CcrError) as caught:
        list(reader(root).test_items(FULL))
    assert len(str(caught.value).split("\n")) == 30


def test_clips_and_sentences_without_each_other_are_named(tmp_path: Path) -> None:
    root = msrvtt(tmp_path)
    whole = data(SPLITS)
    whole["videos"] += [{"video_id": "video5", "split": "test"}, {"video_id": "video6", "split": "other"}]
    whole["sentences"] += [{"video_id": "video7", "sen_id": 99, "caption": "x"}, {"video_id": "video0"}]
    (root / "MSRVTT_data.json").write_text(json.dumps(whole))
    with pytest.raises(CcrError) as caught:
        list(reader(root).items("train"))
    told = str(caught.value)
    for part in ("video5 has no sentence", "no video is video7", "videos[6] lacks", "sentences[16] lacks"):
        assert part in told
