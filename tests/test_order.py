"""The order of batches: what every method sees, whatever it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccr.data.order import Order
from ccr.errors import CcrError


@given(
    pictures=st.lists(st.integers(0, 12), min_size=4, max_size=60),
    batch=st.integers(2, 16),
    epochs=st.floats(0.1, 3.0),
    seed=st.integers(0, 5),
)
@settings(max_examples=60, deadline=None)
def test_no_batch_holds_a_picture_twice_and_no_row_meets_itself(
    pictures: list[int], batch: int, epochs: float, seed: int
) -> None:
    picture = np.array([*pictures, 13, 14], dtype=np.int64)
    order = Order(seed, "align", {"de": picture}, batch, epochs)
    for step in range(len(order)):
        draw = order[step]
        assert len(set(picture[draw.rows])) == len(draw.rows)
        assert (picture[draw.rows] != picture[draw.rows[draw.other]]).all()
        assert sorted(draw.other) == list(range(len(draw.rows)))


def test_an_epoch_shows_every_row_once_where_no_picture_repeats() -> None:
    order = Order(0, "align", {"de": np.arange(64)}, 16, 2.0)
    seen = np.concatenate([order[step].rows for step in range(len(order))])
    assert (np.bincount(seen) == 2).all()


def test_rows_of_a_repeated_picture_wait_but_are_not_lost() -> None:
    picture = np.repeat(np.arange(40), 5)
    order = Order(0, "align", {"de": picture}, 20, 10.0)
    seen = np.bincount(np.concatenate([order[step].rows for step in range(len(order))]), minlength=len(picture))
    assert order.exposures == {"de": 2000}
    assert seen.min() >= 8
    assert seen.max() <= 12


def test_the_order_depends_on_seed_phase_and_data_alone() -> None:
    pictures = {"de": np.arange(50), "fr": np.arange(50)}
    again = Order(1, "align", pictures, 10, 3.0)
    assert Order(1, "align", pictures, 10, 3.0).digest() == again.digest()
    assert Order(2, "align", pictures, 10, 3.0).digest() != again.digest()
    assert Order(1, "match", pictures, 10, 3.0).digest() != again.digest()
    late = Order(1, "align", pictures, 10, 3.0)[17]  # drawn without the steps before it
    assert (late.other == again[17].other).all()


def test_a_language_added_moves_no_batch_of_another() -> None:
    alone = Order(0, "align", {"de": np.arange(50)}, 10, 2.0)
    both = Order(0, "align", {"de": np.arange(50), "fr": np.arange(30)}, 10, 2.0)
    german = [draw.rows for step in range(len(both)) if (draw := both[step]).lang == "de"]
    assert all((a == alone[i].rows).all() for i, a in enumerate(german))


def test_languages_take_turns_by_their_size() -> None:
    order = Order(0, "align", {"de": np.arange(300), "fr": np.arange(100)}, 10, 1.0)
    langs = [order[step].lang for step in range(len(order))]
    assert langs.count("de") == 30
    assert langs.count("fr") == 10
    assert all("fr" in langs[start : start + 5] for start in range(0, 36, 5))


def test_a_batch_larger_than_the_data_holds_every_picture_once() -> None:
    order = Order(0, "match", {"de": np.arange(7)}, 128, 3.0)
    assert len(order) == 3
    assert all(len(order[step].rows) == 7 for step in range(3))


def test_a_single_picture_cannot_train() -> None:
    with pytest.raises(CcrError, match="at least two pictures in de"):
        Order(0, "align", {"de": np.zeros(9, dtype=np.int64)}, 4, 1.0)
