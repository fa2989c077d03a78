"""`tiny_method` and `tiny_batch`: what tests of a plugin's author get."""

from __future__ import annotations

import pytest
import torch

from ccr import CcrError
from ccr.testing import tiny_batch, tiny_method


def test_a_method_with_its_settings_and_a_batch_that_it_learns_from() -> None:
    method = tiny_method("static-adapter", hidden=48)
    assert method.settings.hidden == 48
    for name in ("align", "match"):
        phase, batch = tiny_batch(method, name)
        assert (phase.name, len(batch.text)) == (name, 8)
        assert batch.source_features is not None
        assert batch.image_features is not None
        (player,) = method.players(phase)
        out = method.outputs(batch)
        assert out["text"].shape == batch.source_features.shape == batch.image_features.shape
        assert all(torch.isfinite(term) for term in method.loss(phase, player.name, out, batch).values())
    assert {tiny_batch(method, step=step)[1].text.lang for step in range(2)} == {"de", "zh"}


def test_the_seed_makes_the_initial_values() -> None:
    """Drawn by name: what differs is what the seed differs in."""
    one, same, other = (tiny_method("static-adapter", seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[name], same[name]) for name in one)
    moved = {name for name in one if not torch.equal(one[name], other[name])}
    assert moved
    assert not any(name.startswith("tower.") for name in moved)


def test_what_is_not_there_is_told() -> None:
    with pytest.raises(CcrError, match='did you mean "static-adapter"'):
        tiny_method("static-adaptor")
    with pytest.raises(CcrError, match=r'hiden is unknown \(did you mean "hidden"\?\)'):
        tiny_method("static-adapter", hiden=3)
    with pytest.raises(CcrError, match="ZeroShotClip trains nothing in the phase 'match'"):
        tiny_batch(tiny_method("zero-shot-clip"))
