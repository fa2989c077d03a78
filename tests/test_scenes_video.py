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
from ccr_scenes.video.world import (
    HEADINGS,
    MOTIONS,
    ROUND,
    STEP,
    TURNS,
    Clip,
    Event,
    clip_digest,
    orbit,
    possible,
    true_of,
)
from ccr_scenes.world import BACKGROUNDS, COLOURS, RELATIONS, SHAPES, Mention, Scene, Thing
from click.testing import CliRunner

import ccr
from ccr import NoSettings
from ccr.cli import main
from ccr.features.extract import image_features
from ccr.features.store import FeatureStore
from ccr.features.video import clip_frames
from ccr.host import Host
from ccr.pipeline.plan import find_encoder

SMALL = ScenesVideoSettings(train=60, val=24, test=48)
STAR, RING = Thing("star", "red", "large", 2, 1), Thing("ring", "blue", "large", 1, 1)
SCENE = Scene((STAR, RING), "sea")


def clips_of(scene: Scene, mover: int = 0) -> dict[str, Clip]:
    """One clip for each motion."""
    return {clip.motion: clip for clip in possible(scene, mover)}


def translator(noise: float) -> ScenesTranslator:
    return ScenesTranslator("", ScenesTranslatorSettings(noise=noise))


@pytest.fixture(scope="module")
def drawn() -> list[Entry]:
    return draw_entries(random.Random(5), "test", 240, captions=2)


# --- the world ------------------------------------------------------------------------------------------------------


def test_what_may_happen_follows_from_how_it_ends() -> None:
    clips = clips_of(SCENE)
    assert set(clips) == {"appear", "disappear", "grow", "turn red", "right", "jump", "circle", "up"}
    assert (clips["right"].before.x, clips["right"].rest.x) == (0, 2)
    assert clips["jump"].about == clips["circle"].about == 1
    assert clips["grow"].before.size == "small"
    assert len([clip for clip in possible(SCENE, 0) if clip.motion == "turn red"]) == len(COLOURS) - 1
    alone = Scene((evolve(STAR, size="small"),), "sea")
    assert set(clips_of(alone)) == {"appear", "disappear", "shrink", "turn red"}  # no move that a relation tells
    assert "right" not in clips_of(Scene((STAR, evolve(RING, x=0)), "sea"))  # there is something at its start
    low = Scene((evolve(STAR, y=0), evolve(RING, y=0)), "sea")
    assert {"jump", "circle"}.isdisjoint(clips_of(low))  # no room above
    assert {"jump", "circle", "right"}.isdisjoint(clips_of(Scene((STAR, evolve(RING, shape="star")), "sea")))


def test_an_orbit_goes_all_the_way_round() -> None:
    places = [(thing.x, thing.y) for thing in orbit(STAR, RING)]
    assert places == [(1, 2), (0, 1), (1, 0), (2, 1)]


def test_an_event_is_true_in_all_it_says() -> None:
    clip = clips_of(SCENE)["right"]
    event = Event(Mention("star", "red"), "right", Mention("ring", "blue"), "left", "right", None, "sea")
    assert true_of(event, clip)
    for wrong in (
        {"motion": "left"},
        {"mover": Mention("ring")},
        {"landmark": Mention("moon")},
        {"landmark": Mention("star")},  # it stands nowhere to a star: it is the star
        {"first": "right"},
        {"last": "left"},
        {"other": Mention("star")},
        {"background": "snow"},
    ):
        assert not true_of(evolve(event, **wrong), clip), wrong
    turned = clips_of(SCENE)["turn red"]
    assert true_of(Event(Mention("star", turned.before.colour), "turn red"), turned)
    assert not true_of(Event(Mention("star", "red"), "turn red"), turned)  # it was not red before
    round_it = clips_of(Scene((STAR, RING, evolve(RING, x=3)), "sea"))["jump"]
    assert true_of(Event(Mention("star"), "jump", Mention("ring")), round_it)
    assert not true_of(Event(Mention("star"), "jump", Mention("ring")), evolve(round_it, about=0))


def test_events_happen_in_one_clip_of_their_part(drawn: list[Entry]) -> None:
    for entry in drawn:
        for event in entry.events:
            assert [other for other in drawn if true_of(event, other.clip)] == [entry]
            mentions = [event.mover, event.landmark, event.other]
            shapes = [mention.shape for mention in mentions if mention]
            assert len(set(shapes)) == len(shapes)
            assert not (event.motion in ("grow", "shrink") and event.mover.size)
            assert event.landmark or event.motion not in ROUND
            assert event.mover.colour or event.motion not in TURNS


def test_groups_differ_in_the_motion_alone(drawn: list[Entry]) -> None:
    groups = [[e.clip for e in group] for _, group in itertools.groupby(drawn, key=lambda entry: entry.group)]
    assert len({clip_digest(entry.clip) for entry in drawn}) == len(drawn)
    for group in groups:
        assert len(group) == GROUP
        assert {clip.scene for clip in group} == {group[0].scene}
        assert max(Counter(clip.mover for clip in group).values()) >= SAME
        assert len({(clip.mover, clip.motion, clip.before) for clip in group}) == GROUP
    assert {entry.clip.motion for entry in drawn} >= set(MOTIONS) - set(TURNS)


@pytest.mark.parametrize("part", ["train", "val", "test"])
def test_a_part_draws_no_clip_of_another(part: sampling.Part) -> None:
    assert {part_of(entry.clip.scene) for entry in draw_entries(random.Random(1), part, 36, 1)} == {part}


# --- the film -------------------------------------------------------------------------------------------------------


def clip_of(motion: str) -> Clip:
    entries = draw_entries(random.Random(7), "train", 400, captions=1)
    return next(e.clip for e in entries if e.clip.motion == motion)


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
    assert np.abs(drawn[3] - drawn[7]).max() > 40  # something happens
    assert motion == "circle" or (drawn[4] == drawn[7]).all()  # and comes to rest


def middle(pixels: np.ndarray, still: np.ndarray) -> np.ndarray:
    """Where a frame differs from the ground, in cells (x, y)."""
    rows, columns = np.nonzero(np.abs(pixels.astype(int) - still).sum(2) > 60)
    return np.array([columns.mean(), rows.mean()]) / render.CELL


@pytest.mark.parametrize("heading", HEADINGS)
def test_things_move_where_the_words_say(heading: str) -> None:
    x, y = {"left": (0, 1), "right": (3, 1), "up": (1, 0), "down": (1, 3)}[heading]
    scene = Scene((Thing("square", "black", "large", x, y),), "snow")
    (thing,), (dx, dy) = scene.things, HEADINGS[heading]
    start = evolve(thing, x=thing.x - STEP * dx, y=thing.y - STEP * dy)
    pixels = list(film.frames(Clip(scene, 0, heading, start)))
    ground = next(film.frames(Clip(scene, 0, "appear", thing))).astype(int)  # before anything is there
    way = middle(pixels[7], ground) - middle(pixels[0], ground)
    np.testing.assert_allclose(way, STEP * np.array(HEADINGS[heading]), atol=0.15)


def test_clips_of_one_scene_end_alike_but_for_what_is_gone() -> None:
    last = {motion: list(film.frames(clip))[-1] for motion, clip in clips_of(SCENE).items()}
    gone = last.pop("disappear")
    for pixels in last.values():
        np.testing.assert_array_equal(pixels, last["appear"])
    assert np.abs(gone.astype(int) - last["appear"]).max() > 60


def test_what_jumps_is_above_the_other_half_way() -> None:
    scene = Scene((STAR, evolve(RING, shape="square")), "sea")
    over = list(film.frames(clips_of(scene)["jump"]))[3][: render.CELL, render.CELL : 2 * render.CELL].astype(int)
    assert (over[..., 0] > over[..., 2] + 80).sum() > 30  # the star is above it


def test_colours_and_sizes_change() -> None:
    turning = list(film.frames(clips_of(SCENE)["turn red"]))
    rows, columns = slice(20, 28), slice(36, 44)  # inside the star
    first, last = (frame[rows, columns].reshape(-1, 3).mean(0) for frame in (turning[0], turning[7]))
    assert last[0] - max(last[1], last[2]) > 100
    assert np.abs(first - last).max() > 60
    growing = list(film.frames(clips_of(SCENE)["grow"]))
    ground = next(film.frames(clips_of(SCENE)["appear"])).astype(int)
    sizes = [(np.abs(frame.astype(int) - ground).sum(2) > 60).sum() for frame in growing]
    assert 2 * sizes[3] < sizes[4]


# --- the words ------------------------------------------------------------------------------------------------------


def some_event(rng: random.Random) -> Event:
    mover, other, landmark = (
        Mention(shape, rng.choice(COLOURS) if rng.random() < 0.8 else None) for shape in rng.sample(SHAPES, 3)
    )
    motion = rng.choice(("turn blue", *(motion for motion in MOTIONS if motion not in TURNS)))
    near = motion in ROUND or rng.random() < 0.7
    first, last = rng.sample(RELATIONS, 2)
    return Event(
        mover,
        motion,
        landmark if near else None,
        first if near and motion in HEADINGS else "",
        last if near and motion not in ROUND else "",
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
        "circle": "circl|around",
        "jump": "jump|hop",
        "turn blue": "(turn|becom|get)(s|ing|es) .*blue",
    }
    sides = {"left": "left", "right": "right", "above": "above|over|top|upper", "below": "below|under|bottom|lower"}
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
            mentions = [event.mover, event.landmark, event.other]
            asked = Counter(frozenset({m.shape, m.colour} - {None}) for m in mentions if m)
            if event.first and event.landmark and lang == "en" and style in SOURCE_STYLES:  # "and then above the ring"
                asked[frozenset({event.landmark.shape})] += 1
            assert told == asked, (style, text, told, asked)
            said = {usual[BACKGROUND_OF[unit.source]] for unit in units if unit.kind == "background"}
            if lang != "en":
                assert said == ({event.background} - {None}), (style, text)
            gloss = text if lang == "en" else translator(0).translate([text], lang, "en")[0]
            assert re.search(verbs[event.motion], gloss), (style, text, gloss)
            if event.motion in ("left", "right"):
                assert f"to the {event.motion}" in gloss, (style, text, gloss)
            for relation in filter(None, (event.first, event.last)):
                assert re.search(sides[relation], gloss), (style, text, gloss)


@pytest.mark.parametrize(
    ("lang", "style", "slides", "turns", "circles"),
    [
        ("en", "plain",
         "a red star moves to the right, first below a ring and then to the right of the ring on a beach",
         "a red star turns blue to the right of a ring on a beach",
         "a red star circles around a ring on a beach"),
        ("en", "background_first",
         "on a beach, the red star moves to the right, first below a ring, then to its right",
         "on a beach, the red star turns blue to the right of a ring",
         "on a beach, the red star circles around a ring"),
        ("de", "background_first",
         "am Strand bewegt sich ein roter Stern nach rechts, zuerst unter einem Ring, dann rechts davon",
         "am Strand wird ein roter Stern rechts von einem Ring blau",
         "am Strand kreist ein roter Stern um einen Ring"),
        ("de", "relative",
         "ein roter Stern, der sich am Strand nach rechts bewegt, zuerst unter einem Ring, dann rechts davon",
         "ein roter Stern, der am Strand rechts von einem Ring blau wird",
         "ein roter Stern, der am Strand um einen Ring kreist"),
        ("fr", "background_first",
         "à la plage, une étoile rouge se déplace vers la droite, d'abord en dessous d'un anneau, puis à sa droite",
         "à la plage, une étoile rouge devient bleue à droite d'un anneau",
         "à la plage, une étoile rouge tourne autour d'un anneau"),
        ("cs", "seen",
         "na pláži lze vidět červenou hvězdu, která se pohybuje doprava, nejdřív pod kroužkem a pak vpravo od něj",
         "na pláži lze vidět červenou hvězdu, která mění barvu na modrou vpravo od kroužku",
         "na pláži lze vidět červenou hvězdu, která krouží kolem kroužku"),
        ("zh", "background_first",
         "海滩上，一颗红色的星星向右移动，先在圆环的下方，然后在它的右边",
         "海滩上，一颗红色的星星在圆环的右边变成蓝色",
         "海滩上，一颗红色的星星绕着圆环转"),
        ("ja", "relative",
         "砂浜に、初めは輪の下、次はその右で右に動く赤い星が見える",
         "砂浜に、輪の右で青くなる赤い星が見える",
         "砂浜に、輪の周りを回る赤い星が見える"),
    ],
)  # fmt: skip
def test_captions_are_written_as_people_write(lang: str, style: str, slides: str, turns: str, circles: str) -> None:
    class First(random.Random):
        def randrange(self, *args: object, **kwargs: object) -> int:
            return 0

        def choice(self, options: Any) -> Any:
            return options[0]

    star, ring = Mention("star", "red"), Mention("ring")
    for event, caption in (
        (Event(star, "right", ring, "below", "right", None, "beach"), slides),
        (Event(star, "turn blue", ring, "", "right", None, "beach"), turns),
        (Event(star, "circle", ring, "", "", None, "beach"), circles),
    ):
        assert realise(event, lang, style, First()) == caption


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
    assert (len(train), len(val), len(test)) == (60, 24, 48)
    origins = {(c.lang, c.origin.partition(":")[0]) for item in train for c in item.captions}
    assert origins == {("en", "human"), *((lang, "mt") for lang in TARGETS)}
    assert {c.origin for item in test for c in item.captions} == {"human"}
    assert {c.lang for item in test for c in item.captions} == {"en", *TARGETS}
    assert {item.frames for item in train} == {4}
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
    with pytest.raises(ccr.CcrError, match="at least 12"):
        ScenesVideoSettings(test=3)


# --- a run ------------------------------------------------------------------------------------------------------------


def run(folder: Path, frames: int, *more: str) -> tuple[dict[str, Any], str]:
    words = ["run", "--method", "zero-shot-clip", "--dataset", "scenes-video", "--device", "cpu", "--langs", "de"]
    words += ["--cache", str(folder / "cache"), "--runs", str(folder / f"runs-{frames}")]
    sizes = {"train": 480, "val": 48, "test": 120, "frames": frames}
    for key, value in sizes.items():
        words += ["--set", f"dataset.{key}={value}"]
    outcome = CliRunner().invoke(main, [*words, *more])
    assert outcome.exit_code == 0, outcome.output
    (result,) = folder.glob(f"runs-{frames}/*/*/result.json")
    return json.loads(result.read_text()), outcome.stderr


def english_score(result: dict[str, Any]) -> float:
    return next(row["value"] for row in result["metrics"] if (row["metric"], row["lang"]) == ("AR", "en"))


def test_the_clips_of_a_group_are_one_picture_in_the_middle(tmp_path: Path) -> None:
    """What an encoder sees of them in one frame is the same, but where something is gone; in four it is not."""
    host = Host.load()
    found, argument = find_encoder(host, "scenes")
    encoder = host.resolve(found.factory)(argument, NoSettings())
    apart = {}
    for frames in (1, 4):
        data = ScenesVideo(evolve(SMALL, frames=frames), tmp_path / "clips")
        items = list(data.test_items(TEST_SET))
        kept = [i for i, entry in enumerate(data.entries("test")) if entry.clip.motion not in ("disappear", "circle")]
        table = image_features(encoder, data, items, FeatureStore(tmp_path / "features")).table
        unit = table / np.linalg.norm(table, axis=1, keepdims=True)
        groups = [data.entries("test")[i].group for i in kept]
        pairs = [(i, j) for (i, a), (j, b) in itertools.combinations(zip(kept, groups, strict=True), 2) if a == b]
        apart[frames] = np.mean([1 - unit[i] @ unit[j] for i, j in pairs])
    assert apart[4] > 5 * apart[1]


@pytest.mark.slow
def test_a_still_frame_is_not_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same encoder, fine-tuned in the same way on four frames and on one; the image side stays as it is."""
    monkeypatch.setenv("CCR_CACHE", str(tmp_path / "cache"))
    budget = ("--set", "recipe.encoder_epochs=5")
    four, _ = run(tmp_path, 4, *budget)
    one, told = run(tmp_path, 1, *budget)
    assert four["images_encoded"] == one["images_encoded"] == 648  # each clip once, though the text tower trained
    assert "en fine-tune" in told
    assert english_score(four) > english_score(one) + 0.02
