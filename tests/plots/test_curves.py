"""Figures of the closed forms: the arrays drawn are held against numeric differentiation and against autograd."""

import numpy as np
import plotly.graph_objects as go
import pytest
import torch

from losses import LOSSES
from plots.curves import LEFT, RIGHT, Reference, curves, span, variables
from spec import LANGUAGES

CASES = [(slug, variable) for slug, loss in LOSSES.items() for variable in variables(loss())]


def rows(figure, name=None, mode="lines"):
    """The traces of a figure by row: ``[row][order] -> (x, y)``."""
    found = {}
    for trace in figure.data:
        if trace.mode == mode and name in {None, trace.name}:
            found.setdefault(trace.yaxis, []).append((np.asarray(trace.x), np.asarray(trace.y, dtype=float)))
    return list(found.values())


def titles(figure):
    return [axis.title.text for axis in figure.select_yaxes()]


#: Its weights are detached (Sun et al. 2020, section 3.2): the pull on a sample is not the derivative of what it pays.
DETACHED = {"circle"}


@pytest.mark.parametrize(("slug", "variable"), [case for case in CASES if case[0] not in DETACHED])
def test_the_slope_is_the_derivative_of_the_value(slug, variable):
    loss = LOSSES[slug]()
    values, slopes, *_ = rows(curves(loss, "en", variable=variable))
    for (x, value), (_, slope) in zip(values, slopes, strict=True):
        between = np.diff(value) / np.diff(x)
        # the mean slope over a piece lies between the slopes at its ends, but for the bend there and next to it
        bend = np.abs(np.diff(slope))
        slack = 1e-6 + np.maximum.reduce([bend, np.append(bend[1:], 0), np.append(0, bend[:-1])]) / 2
        low, high = np.minimum(slope[:-1], slope[1:]), np.maximum(slope[:-1], slope[1:])
        wide = np.diff(x) > 1e-5  # not across a jump
        inside = (between >= low - slack) & (between <= high + slack)
        assert inside[wide].all()


@pytest.mark.parametrize(("slug", "variable"), CASES)
def test_the_value_is_what_the_loss_pays_for_a_sample(slug, variable):
    loss = LOSSES[slug]()
    branches = [branch for branch in loss.branches if loss.profile(branch).variable == variable]
    (values, *_) = rows(curves(loss, "en", variable=variable))
    for branch, (x, value) in zip(branches, values, strict=True):
        for place in (len(x) // 5, len(x) // 2, 4 * len(x) // 5):
            z, y, state = loss.probe(torch.tensor(x[place], dtype=torch.float64), branch)
            paid = float(loss.per_sample(z, y, state)[0])
            assert value[place] == pytest.approx(paid, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("slug", "variable"), CASES)
def test_the_slope_is_how_hard_autograd_pulls(slug, variable):
    loss = LOSSES[slug]()
    branches = [branch for branch in loss.branches if loss.profile(branch).variable == variable]
    (_, slopes, *_) = rows(curves(loss, "en", variable=variable))
    for branch, (x, slope) in zip(branches, slopes, strict=True):
        for place in (len(x) // 5, len(x) // 2 + 3, 4 * len(x) // 5):
            at = torch.tensor(x[place], dtype=torch.float64, requires_grad=True)
            z, y, state = loss.probe(at, branch)
            (pull,) = torch.autograd.grad(loss.per_sample(z, y, state)[0], at)
            assert slope[place] == pytest.approx(float(pull), rel=1e-5, abs=1e-7)


@pytest.mark.parametrize(("slug", "variable"), CASES)
def test_every_axis_shows_its_curve_and_stands_where_the_histogram_does(slug, variable):
    loss = LOSSES[slug]()
    figure = curves(loss, "en", variable=variable)
    assert (figure.layout.margin.l, figure.layout.margin.r) == (LEFT, RIGHT)
    assert not any(axis.automargin for axis in figure.select_yaxes())
    for axis in figure.select_xaxes():
        assert tuple(axis.range) == span(loss, variable)
    for lines, axis in zip(rows(figure), figure.select_yaxes(), strict=True):
        low, high = axis.range
        y = np.concatenate([y for _, y in lines])
        assert low < high
        assert ((y >= low) & (y <= high)).mean() > 0.9, "most of every curve is on the page"


@pytest.mark.parametrize("slug", LOSSES)
def test_losses_on_angles_have_a_target_curve_and_weighing_losses_a_weight(slug):
    profile = LOSSES[slug]().profile()
    names = ["loss", "slope"] + ["target cosine"] * bool(profile.target) + ["weight"] * bool(profile.weight)
    assert titles(curves(LOSSES[slug](), "en")) == names


def test_an_angle_is_marked_in_degrees_and_radians():
    figure = curves(LOSSES["arcface"](), "en")
    axis = next(iter(figure.select_xaxes()))
    assert axis.ticktext[1] == "30°<br>0.52 rad"
    assert axis.tickvals[-1] == pytest.approx(np.pi)


def test_a_kink_is_marked_where_the_slope_jumps():
    loss = LOSSES["arcface"](beyond="easy")
    figure = curves(loss, "en")
    marked = rows(figure, mode="markers")
    assert len(marked) == 3
    for ((place, _),) in marked:
        assert place == pytest.approx([np.pi / 2])
    (_, ((x, slope),), _) = rows(figure)
    jump = np.argmax(np.abs(np.diff(slope)))
    assert x[jump] < np.pi / 2 < x[jump + 1]
    assert x[jump + 1] - x[jump] < 1e-5, "the jump is upright"
    assert not rows(curves(LOSSES["arcface"](beyond="raw"), "en"), mode="markers")


def test_focal_without_focus_weighs_all_samples_alike():
    *_, ((x, weight),) = rows(curves(LOSSES["focal"](gamma=0.0), "en"))
    assert weight == pytest.approx(np.ones_like(x))


def test_contrastive_shows_both_kinds_of_pairs_apart():
    figure = curves(LOSSES["contrastive"](margin=2.0), "en")
    (values, _) = rows(figure)
    by_name = {trace.name: np.asarray(trace.y) for trace in figure.data if trace.mode == "lines" and trace.yaxis == "y"}
    assert len(values) == len({trace.line.color for trace in figure.data}) == len(by_name) == 2
    assert by_name["pairs of one class"][0] == 0
    assert by_name["pairs of different classes"][0] == 2.0
    assert by_name["pairs of different classes"][-1] == 0


def test_references_stand_behind_and_are_called_by_their_names():
    loss = LOSSES["arcface"]
    references = [Reference(f"m = {m}", loss(margin=m)) for m in (0.0, 0.6)]
    figure = curves(loss(), "en", references)
    assert [trace.name for trace in figure.data if trace.showlegend] == ["m = 0.0", "m = 0.6", "every sample"]
    (values, *_) = rows(figure, "m = 0.0")
    own = rows(curves(loss(margin=0.0), "en"))[0]
    assert np.array_equal(values[0][1], own[0][1])
    widths = {trace.name: trace.line.width for trace in figure.data}
    assert widths["m = 0.0"] < widths["every sample"]


def test_what_a_reference_does_beyond_the_axis_does_not_flatten_the_curve():
    wide = Reference("m = 20", LOSSES["contrastive"](margin=20.0))
    low, high = next(iter(curves(LOSSES["contrastive"](balanced=True), "en", [wide]).select_yaxes())).range
    assert high < 250, "half of (20 - 0) squared and a little room, not half of 80 squared"
    assert low < 0


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("slug", LOSSES)
def test_every_corner_of_every_knob_gives_a_figure(slug, language):
    loss = LOSSES[slug]()
    for knob in loss.knobs():
        ends = knob.choices or ((False, True) if knob.kind == "switch" else (*knob.slider, knob.low, knob.high))
        for end in ends:
            figure = curves(loss.replace(**{knob.name: end}), language)
            assert isinstance(figure, go.Figure)
            for axis in figure.select_yaxes():
                assert np.isfinite(axis.range).all()


def test_the_two_languages_differ():
    assert set(titles(curves(LOSSES["focal"](), "zh"))).isdisjoint(titles(curves(LOSSES["focal"](), "en")))
