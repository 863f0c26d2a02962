"""The figures of the museum: right beside wrong on the same axes, and what the words say is there to see."""

import math
from typing import get_type_hints

import numpy as np
import pytest
import torch

from museum import EXHIBITS, Samples, Zones
from museum.trial import spokes
from plots.museum import SIDES, figure, picture
from spec import LANGUAGES

#: The exhibits that are shown as places of the plane, by what they say they return: drawing them all takes a second.
PLANES = [slug for slug, exhibit in EXHIBITS.items() if get_type_hints(exhibit.picture)["return"] in {Zones, Samples}]
EACH = pytest.mark.parametrize("slug", EXHIBITS)


def ranges(drawn):
    return {(tuple(x.range), tuple(y.range)) for x, y in zip(drawn.select_xaxes(), drawn.select_yaxes(), strict=True)}


def drawn_numbers(slug, side):
    """All numbers of one side, as drawn."""
    found = []
    for trace in figure(slug, "en", (side,)).data:
        values = [trace.x, trace.y, *([trace.z] if trace.type == "heatmap" else [])]
        found += [np.ravel(np.asarray(each, dtype=float)) for each in values]
    return np.concatenate(found)


@EACH
def test_right_and_wrong_differ_in_the_picture(slug):
    right, wrong = (drawn_numbers(slug, side) for side in SIDES)
    assert right.shape != wrong.shape or not np.array_equal(right, wrong, equal_nan=True)


@EACH
def test_one_side_alone_stands_on_the_axes_of_both(slug):
    both = ranges(figure(slug, "en"))
    assert len(both) == 1
    for side in SIDES:
        assert ranges(figure(slug, "en", (side,))) == both
    for axis in both.pop():
        assert np.isfinite(axis).all()
        assert axis[0] < axis[1]


@EACH
@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_finite_lies_within_the_axes(slug, language):
    drawn = figure(slug, language)
    ((across, up),) = ranges(drawn)
    for trace in drawn.data:
        for values, (low, high) in ((trace.x, across), (trace.y, up)):
            finite = np.asarray(values, dtype=float)
            finite = finite[np.isfinite(finite)]
            assert ((finite >= low - 1e-9) & (finite <= high + 1e-9)).all()


@pytest.mark.parametrize("slug", PLANES)
def test_sides_are_named_in_both_languages(slug):
    names = [{note.text for note in figure(slug, language).layout.annotations} for language in LANGUAGES]
    assert {"Right", "Wrong"} <= names[0]
    assert {"正确", "错误"} <= names[1]


def areas(slug, side):
    """The share of the plane that each class has, and last the share that nobody has."""
    shown = picture(slug, side)
    counts = np.bincount(np.ravel(shown.owner) % (len(shown.vectors) + 1), minlength=len(shown.vectors) + 1)
    return counts / counts.sum()


def wedges(slug, side):
    """The angle in degrees that each of six classes has on a circle in the picture."""
    shown = picture(slug, side)
    turn = np.deg2rad(np.arange(0, 360, 0.1))
    reach = 0.97 * shown.axis.max()
    rows, columns = (np.abs(shown.axis[:, None] - reach * f(turn)).argmin(axis=0) for f in (np.sin, np.cos))
    owner = shown.owner[rows, columns]
    return [0.1 * np.count_nonzero(owner == k) for k in range(6)]


def test_long_class_vectors_take_the_land_of_their_neighbours():
    assert wedges("weights_unnormalised", "right") == pytest.approx([60] * 6, abs=1)
    wrong = wedges("weights_unnormalised", "wrong")
    assert wrong[1] > 75, "the longest"
    assert wrong[0] < 30, "its neighbour"


def test_without_its_length_no_sample_is_sure():
    assert areas("feature_norm_dropped", "wrong").tolist() == [0] * 6 + [1]
    assert (areas("feature_norm_dropped", "right")[:6] > 0.04).all()


@pytest.mark.parametrize(
    ("slug", "side", "width"),
    [
        ("margin_in_degrees", "right", 60 - math.degrees(0.5)),
        ("margin_in_degrees", "wrong", 60 - 0.5),
        ("margin_after_scale", "right", 60 - 2 * math.degrees(math.asin(0.3))),
        ("margin_after_scale", "wrong", 60 - 2 * math.degrees(math.asin(0.3 / 16))),
    ],
)
def test_wedges_are_as_wide_as_the_margin_leaves_them(slug, side, width):
    assert wedges(slug, side) == pytest.approx([width] * 6, abs=1)


def test_a_scaled_determinant_moves_land_from_the_wide_class_to_the_narrow_one():
    right, wrong = (areas("determinant_scaled", side) for side in SIDES)
    assert wrong[0] > 1.2 * right[0]
    assert wrong[2] < 0.99 * right[2]


@pytest.mark.parametrize(("slug", "classes"), [("acos_at_one", 5), ("root_at_zero", 3)])
def test_one_sample_takes_all_the_others_with_it(slug, classes):
    right, wrong = (picture(slug, side) for side in SIDES)
    means = np.stack([right.points[right.labels == k].mean(axis=0) for k in range(classes)])
    nearest = np.linalg.norm(right.points[:, None] - means, axis=2).argmin(axis=1)
    assert (nearest == right.labels).all()
    assert not np.isfinite(wrong.points).any()
    assert np.isfinite(wrong.start).all()
    assert np.array_equal(right.start, wrong.start)
    total = len(wrong.points)
    notes = {note.text for note in figure(slug, "en").layout.annotations}
    assert f"{total} of {total} samples are no longer numbers" in notes


def test_centres_arrive_or_crawl():
    right, wrong = (picture("centers_by_gradient", side) for side in SIDES)
    for k, (arrived, crawled) in enumerate(zip(right.trails, wrong.trails, strict=True)):
        mean = right.points[right.labels == k].mean(axis=0)
        assert np.linalg.norm(arrived[-1] - mean) < 1e-3
        assert np.linalg.norm(crawled[-1] - mean) > 0.6


def test_mistakes_are_ringed_or_not_there():
    right, wrong = (picture("mistakes_hidden", side) for side in SIDES)
    turns = np.rad2deg(np.arctan2(*right.points.T[::-1])) % 360
    own = 120 * right.labels
    off = np.minimum((turns - own) % 360, (own - turns) % 360)
    assert np.array_equal(off > 60, right.mistaken)
    assert not wrong.mistaken.any()
    assert wrong.hidden == right.mistaken.sum() > 0
    assert len(wrong.points) + wrong.hidden == len(right.points) == 240


@pytest.mark.parametrize(("slug", "low", "high"), [("power_at_zero", 16, 18), ("exp_overflow", 120, 130)])
def test_a_cross_stands_where_the_numbers_end(slug, low, high):
    (cross,) = (trace for trace in figure(slug, "en").data if trace.mode == "markers")
    assert cross.name == "no number from here on"
    assert low < cross.x[0] < high
    assert [trace.name for trace in figure(slug, "en", ("right",)).data] == ["Right"]


def test_curves_end_where_the_words_say():
    twice = picture("softmax_twice", "wrong").lines["sample"]
    assert twice[-1] == pytest.approx(math.log(1 + 9 / math.e), abs=1e-3)
    cold = picture("cold_histogram", "wrong").lines["weights"]
    assert (cold[0], cold[1]) == pytest.approx((4, 16 / 7))
    assert cold[9] == pytest.approx(1, abs=0.1)
    assert (picture("cold_histogram", "right").lines["weights"] == 1).all()
    pull = picture("distance_unsquared", "right")
    assert pull.lines["sample"] == pytest.approx(pull.x)
    assert picture("distance_unsquared", "wrong").lines["sample"][1:] == pytest.approx(0.5)


def test_spokes_are_even_and_of_length_one():
    vectors = spokes(6)
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(6, dtype=torch.float64))
    torch.testing.assert_close((vectors * vectors.roll(1, 0)).sum(1), torch.full((6,), 0.5, dtype=torch.float64))
