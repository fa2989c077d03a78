"""scenes-video: what moves, what is said of it, the files, and that a still frame is not enough."""

from __future__ import annotations

import io
import itertools
import json
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from attrs import evolve
from ccr_scenes import coverage, render, sampling
from ccr_scenes.reading import BACKGROUND_OF, MOTION_OF, dictionary, read
from ccr_scenes.sampling import part_of
from ccr_scenes.translator import ScenesTranslator
from ccr_scenes.translator_settings import ScenesTranslatorSettings
from ccr_scenes.video import english, film
from ccr_scenes.video.dataset import TARGETS, TEST_SET, ScenesVideo, ScenesVideoSettings
from ccr_scenes.video.grammar import SOURCE_STYLES, STYLES, realise
from ccr_scenes.video.sampling import GROUP, SAME, Entry, draw_entries
from ccr_scenes.video.world import HEADINGS, MOTIONS, STEP, Clip, Event, clip_digest, possible, true_of
from ccr_scenes.world import BACKGROUNDS, COLOURS, RELATIONS, SHAPES, Mention, Scene, Thing
from click.testing import CliRunner

import ccr
from ccr.cli import main
from ccr.features.video import clip_frames

SMALL = ScenesVideoSettings(train=60, val=16, test=40)
STAR, RING = Thing("star", "red", "large", 2, 1), Thing("ring", "blue", "large", 1, 1)
SCENE = Scene((STAR, RING), "sea")


def translator(noise: float) -> ScenesTranslator:
    return ScenesTranslator("", ScenesTranslatorSettings(noise=noise))


@pytest.fixture(scope="module")
def drawn() -> list[Entry]:
    return draw_entries(random.Random(5), "test", 200, captions=2)


# --- the world ------------------------------------------------------------------------------------------------------


def test_things_move_over_free_ground_or_behind_another() -> None:
    clips = {clip.motion: clip for clip in possible(SCENE, 0)}
    assert set(clips) == {"appear", "disappear", "circle", "grow", "jump", "right", "up"}  # up to (2, 1) from (2, 3)
    assert clips["right"].behind == 1  # from (0, 1) to (2, 1), past the ring at (1, 1)
    assert clips["up"].behind is None
    blocked = Scene((STAR, evolve(RING, x=0)), "sea")
    assert "right" not in {clip.motion for clip in possible(blocked, 0)}
    assert "shrink" in {clip.motion for clip in possible(Scene((evolve(STAR, size="small"),), "sea"), 0)}


def test_an_event_is_true_in_all_it_says() -> None:
    (clip,) = [clip for clip in possible(SCENE, 0) if clip.motion == "right"]
    event = Event(Mention("star", "red"), "right", Mention("ring"), ("right", Mention("ring", "blue")), None, "sea")
    assert true_of(event, clip)
    for wrong in (
        {"motion": "left"},
        {"mover": Mention("ring")},
        {"behind": Mention("moon")},
        {"relation": ("left", Mention("ring"))},
        {"relation": ("right", Mention("star"))},  # it stands to the right of no star: it is the star
        {"other": Mention("star")},
        {"background": "snow"},
    ):
        assert not true_of(evolve(event, **wrong), clip), wrong
    assert not true_of(event, evolve(clip, behind=None))


def test_events_happen_in_one_clip_of_their_part(drawn: list[Entry]) -> None:
    for entry in drawn:
        for event in entry.events:
            assert [other for other in drawn if true_of(event, other.clip)] == [entry]
            mentions = [event.mover, event.behind, event.relation and event.relation[1], event.other]
            shapes = [mention.shape for mention in mentions if mention]
            assert len(set(shapes)) == len(shapes)
            assert not (event.motion in ("grow", "shrink") and event.mover.size)


def test_groups_differ_in_the_motion_alone(drawn: list[Entry]) -> None:
    groups = [[e.clip for e in group] for _, group in itertools.groupby(drawn, key=lambda entry: entry.group)]
    assert len({clip_digest(entry.clip) for entry in drawn}) == len(drawn)
    for group in groups:
        assert len(group) == GROUP
        assert {clip.scene for clip in group} == {group[0].scene}
        assert max(Counter(clip.mover for clip in group).values()) >= SAME
    assert {entry.clip.motion for entry in drawn} == set(MOTIONS)
    assert any(entry.clip.behind is not None for entry in drawn)


@pytest.mark.parametrize("part", ["train", "val", "test"])
def test_a_part_draws_no_clip_of_another(part: sampling.Part) -> None:
    assert {part_of(entry.clip.scene) for entry in draw_entries(random.Random(1), part, 40, 1)} == {part}


# --- the film -------------------------------------------------------------------------------------------------------


def clip_of(motion: str, behind: bool = False) -> Clip:
    entries = draw_entries(random.Random(7), "train", 400, captions=1)
    return next(e.clip for e in entries if e.clip.motion == motion and (e.clip.behind is not None) == behind)


@pytest.mark.parametrize("motion", MOTIONS)
def test_a_file_shows_what_was_drawn(motion: str) -> None:
    clip = clip_of(motion)
    data = film.encode(clip)
    assert film.encode(clip) == data  # the same bytes again
    with av.open(io.BytesIO(data)) as container:
        (stream,) = container.streams.video
        assert (stream.frames, stream.width, stream.height, stream.average_rate) == (8, 64, 64, film.RATE)
    shown = [np.asarray(image, float) for image in clip_frames(data, film.FRAMES)]
    drawn = [pixels.astype(float) for pixels in film.frames(clip)]
    for decoded, painted in zip(shown, drawn, strict=True):
        assert np.abs(decoded - painted).mean() < 6
    assert np.abs(drawn[0] - drawn[3]).max() > 40 or np.abs(drawn[1] - drawn[0]).max() > 40  # something moves
    np.testing.assert_array_equal(drawn[4], drawn[7])  # and comes to rest


def middle(pixels: np.ndarray, still: np.ndarray) -> np.ndarray:
    """Where a frame differs from the ground, in cells (x, y)."""
    rows, columns = np.nonzero(np.abs(pixels.astype(int) - still).sum(2) > 60)
    return np.array([columns.mean(), rows.mean()]) / render.CELL


@pytest.mark.parametrize("heading", HEADINGS)
def test_things_move_where_the_words_say(heading: str) -> None:
    x, y = {"left": (0, 1), "right": (3, 1), "up": (1, 0), "down": (1, 3)}[heading]
    scene = Scene((Thing("square", "black", "large", x, y),), "snow")
    pixels = list(film.frames(Clip(scene, 0, heading)))
    ground = next(film.frames(Clip(scene, 0, "appear"))).astype(int)  # before anything is there
    way = middle(pixels[7], ground) - middle(pixels[0], ground)
    np.testing.assert_allclose(way, STEP * np.array(HEADINGS[heading]), atol=0.15)
    np.testing.assert_allclose(middle(pixels[3], ground), middle(pixels[0], ground) + way / 2, atol=0.15)


def test_clips_of_one_scene_end_alike_but_for_what_is_gone() -> None:
    last = {clip.motion: list(film.frames(clip))[-1] for clip in possible(SCENE, 0)}
    gone = last.pop("disappear")
    for pixels in last.values():
        np.testing.assert_array_equal(pixels, last["appear"])
    assert np.abs(gone.astype(int) - last["appear"]).max() > 60


def test_what_passes_behind_is_hidden() -> None:
    passing = next(clip for clip in possible(SCENE, 0) if clip.behind == 1)
    solid = evolve(passing, scene=Scene((STAR, evolve(RING, shape="square")), "sea"))
    half_way = list(film.frames(solid))[3].astype(int)
    box = half_way[render.CELL + 4 : 2 * render.CELL - 4, render.CELL + 4 : 2 * render.CELL - 4]
    assert (box[..., 2] > box[..., 0]).mean() > 0.95  # blue, not red


# --- the words ------------------------------------------------------------------------------------------------------


def some_event(rng: random.Random) -> Event:
    mover, other, near, passed = (
        Mention(shape, rng.choice(COLOURS) if rng.random() < 0.8 else None) for shape in rng.sample(SHAPES, 4)
    )
    motion = rng.choice(MOTIONS)
    return Event(
        mover,
        motion,
        passed if motion in HEADINGS and rng.random() < 0.5 else None,
        (rng.choice(RELATIONS), near) if rng.random() < 0.6 else None,
        other if rng.random() < 0.4 else None,
        rng.choice(BACKGROUNDS) if rng.random() < 0.5 else None,
    )


@pytest.mark.parametrize("lang", STYLES)
def test_every_style_states_the_whole_event(lang: str) -> None:
    """Read back by the translator's dictionary: every thing, the background, and a verb or its parts."""
    same = {"disc": "circle", "crescent": "moon", "rhombus": "diamond", "violet": "purple"}
    verbs = {
        **dict.fromkeys(("left", "right"), "moves|slides|moving|sliding"),
        "up": "up|ris",
        "down": "down|sink",
        "grow": "grow|bigger",
        "shrink": "shrink|smaller",
        "appear": "appear|show|dives",
        "disappear": "disappear|vanish",
        "circle": "circle|round",
        "jump": "jump|hop",
    }
    usual = dict(zip(dict.fromkeys(BACKGROUND_OF.values()), BACKGROUNDS, strict=True))
    rng = random.Random(lang)
    for style in STYLES[lang] + (SOURCE_STYLES if lang == "en" else ()):
        for _ in range(80):
            event = some_event(rng)
            text = realise(event, lang, style, rng)
            units = read(text, lang)
            told = Counter(
                frozenset(same.get(word, word) for word in (unit.noun, *unit.adjectives))
                for unit in units
                if same.get(unit.noun, unit.noun) in SHAPES
            )
            mentions = [event.mover, event.behind, event.relation and event.relation[1], event.other]
            asked = Counter(frozenset({m.shape, m.colour} - {None}) for m in mentions if m)
            assert told == asked, (style, text, told, asked)
            said = {usual[BACKGROUND_OF[unit.source]] for unit in units if unit.kind == "background"}
            if lang != "en":
                assert said == ({event.background} - {None}), (style, text)
            gloss = text if lang == "en" else translator(0).translate([text], lang, "en")[0]
            assert re.search(verbs[event.motion], gloss), (style, text, gloss)
            if event.motion in ("left", "right"):
                assert f"to the {event.motion}" in gloss, (style, text, gloss)
            assert not event.behind or "behind" in gloss, (style, text, gloss)


@pytest.mark.parametrize(
    ("lang", "style", "caption"),
    [
        ("en", "plain", "a red star moves to the right behind a ring and stops right of a moon on a beach"),
        ("de", "background_first", "am Strand bewegt sich ein roter Stern hinter einem Ring nach rechts und bleibt "
         "rechts von einem Mond stehen"),
        ("fr", "seen", "on peut voir une étoile rouge qui se déplace vers la droite derrière un anneau, puis s'arrête "
         "à droite d'une lune, à la plage"),
        ("cs", "seen", "na pláži lze vidět červenou hvězdu, která se pohybuje doprava za kroužkem, až se zastaví "
         "vpravo od měsíce"),
        ("zh", "background_first", "海滩上，一颗红色的星星从圆环后面向右移动，停在月亮的右边"),
        ("ja", "relative", "砂浜に、輪の後ろで右に動いて月の右で止まる赤い星が見える"),
    ],
)  # fmt: skip
def test_captions_are_written_as_people_write(lang: str, style: str, caption: str) -> None:
    class First(random.Random):
        def randrange(self, *args: object, **kwargs: object) -> int:
            return 0

        def choice(self, options: Any) -> Any:
            return options[0]

    event = Event(Mention("star", "red"), "right", Mention("ring"), ("right", Mention("moon")), None, "beach")
    told = realise(event, lang, style, First())
    assert told.replace("to the right of a moon", "right of a moon") == caption


def test_every_verb_has_a_translation_in_every_form() -> None:
    assert len(MOTION_OF) == len(english.FORMS) * 2 * len(MOTIONS)
    for lang in TARGETS:
        assert MOTION_OF.keys() <= dictionary(lang).phrases.keys()


def test_noise_changes_motions_too() -> None:
    texts = [f"a {colour} star is moving to the left" for colour in COLOURS]
    spoilt = translator(1.0).translate(texts, "en", "cs")
    assert not any("pohybuje doleva" in text or "klouže doleva" in text for text in spoilt)
    right = translator(0.0).translate(texts, "en", "cs")
    assert all("doleva" in text for text in right)


def test_words_of_test_captions_occur_in_training() -> None:
    data = ScenesVideo(ScenesVideoSettings(), None)
    training = [caption for item in data.items("train") for caption in item.captions]
    test = [caption for item in data.test_items(TEST_SET) for caption in item.captions]
    for lang in TARGETS:
        found = coverage.coverage(
            [c.text for c in test if c.lang == lang], [c.text for c in training if c.lang == lang], lang
        )
        assert found.share_absent <= 0.05, coverage.line(found)
        assert found.minimum >= coverage.OFTEN, coverage.line(found)
    assert len(training) / (1 + len(TARGETS)) > 4000


# --- the dataset ----------------------------------------------------------------------------------------------------


def test_captions_train_by_machine_and_test_by_people() -> None:
    data = ScenesVideo(SMALL, None)
    train, val, test = list(data.items("train")), list(data.items("val")), list(data.test_items(TEST_SET))
    assert (len(train), len(val), len(test)) == (60, 16, 40)
    origins = {(c.lang, c.origin.partition(":")[0]) for item in train for c in item.captions}
    assert origins == {("en", "human"), *((lang, "mt") for lang in TARGETS)}
    assert {c.origin for item in test for c in item.captions} == {"human"}
    assert {c.lang for item in test for c in item.captions} == {"en", *TARGETS}
    assert {item.frames for item in train} == {8}
    digests = [item.digest for item in (*train, *val, *test)]
    assert len(set(digests)) == len(digests)
    assert list(data.items("train")) == train
    parallels = {c.id: c for item in train for c in item.captions}
    assert all(parallels[c.parallel].lang == "en" for item in train for c in item.captions if c.parallel)


def test_files_are_made_once_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = ScenesVideo(SMALL, tmp_path / "clips")
    first, second, *_ = data.items("train")
    content = data.read(first)
    (file,) = (tmp_path / "clips").iterdir()
    assert (file.name, file.read_bytes()) == (f"{first.digest}.mp4", content)
    monkeypatch.setattr(film, "encode", lambda clip: pytest.fail("it is there"))
    assert data.read(first) == content

    def killed(clip: Clip) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(film, "encode", killed)
    with pytest.raises(KeyboardInterrupt):
        data.read(second)
    assert list((tmp_path / "clips").iterdir()) == [file]
    monkeypatch.undo()
    assert len(clip_frames(data.read(second), 8)) == 8


def test_files_lie_in_the_cache_where_no_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCR_CACHE", str(tmp_path))
    data = ScenesVideo(SMALL, None)
    item = next(iter(data.items("val")))
    data.read(item)
    assert (tmp_path / "scenes-video" / f"{item.digest}.mp4").is_file()


def test_settings_out_of_range_are_told() -> None:
    with pytest.raises((ccr.CcrError, ValueError), match="frames"):
        ScenesVideoSettings(frames=0)
    with pytest.raises(ccr.CcrError, match="at least 4"):
        ScenesVideoSettings(test=3)


# --- a run ------------------------------------------------------------------------------------------------------------


def run(folder: Path, frames: int, *more: str) -> tuple[dict[str, Any], str]:
    words = ["run", "--method", "zero-shot-clip", "--dataset", "scenes-video", "--device", "cpu", "--langs", "de"]
    words += ["--cache", str(folder / "cache"), "--runs", str(folder / f"runs-{frames}")]
    sizes = {"train": 600, "val": 40, "test": 120, "frames": frames}
    for key, value in sizes.items():
        words += ["--set", f"dataset.{key}={value}"]
    outcome = CliRunner().invoke(main, [*words, *more])
    assert outcome.exit_code == 0, outcome.output
    (result,) = folder.glob(f"runs-{frames}/*/*/result.json")
    return json.loads(result.read_text()), outcome.stderr


def english_score(result: dict[str, Any]) -> float:
    return next(row["value"] for row in result["metrics"] if (row["metric"], row["lang"]) == ("AR", "en"))


def test_a_still_frame_is_not_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same encoder, fine-tuned in the same way on eight frames and on one; the image side stays as it is."""
    monkeypatch.setenv("CCR_CACHE", str(tmp_path / "cache"))
    budget = ("--set", "recipe.encoder_epochs=12")
    eight, _ = run(tmp_path, 8, *budget)
    one, told = run(tmp_path, 1, *budget)
    assert eight["images_encoded"] == one["images_encoded"] == 760  # each clip once, though the text tower trained
    assert "en fine-tune" in told
    assert english_score(eight) > english_score(one) + 0.05
