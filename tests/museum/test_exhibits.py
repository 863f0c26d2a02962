"""Every exhibit is found out by its identity, makes no other mistake, and cannot be chosen anywhere."""

import ast
import dataclasses
import math
import tomllib
from pathlib import Path

import pytest
import torch

from app.page.url_state import read
from engine import Panel
from losses import LOSSES
from losses.toolkit import gradient_density
from museum import EXHIBITS, number
from museum.book import markdown, numbers
from museum.trial import cloud, spokes
from spec import LANGUAGES, has_text, text

ROOT = Path(__file__).parents[2]
EACH = pytest.mark.parametrize("slug", EXHIBITS)


@EACH
def test_the_right_code_keeps_the_identity_and_the_wrong_code_breaks_it(slug):
    exhibit = EXHIBITS[slug]
    assert exhibit.measure(exhibit.right) == pytest.approx(exhibit.expected, rel=1e-9, abs=1e-9)
    assert exhibit.passes(exhibit.right)
    assert not exhibit.passes(exhibit.wrong)
    said = numbers(exhibit)
    assert said["expected"] == said["right"] != said["wrong"]


@EACH
def test_an_exhibit_is_a_value_with_its_words_in_both_languages(slug):
    exhibit = EXHIBITS[slug]
    assert type(exhibit.loss) is LOSSES[exhibit.loss.slug]
    with pytest.raises(dataclasses.FrozenInstanceError):
        exhibit.slug = "other"
    for name in ("title", "mistake", "wild", "identity", "see"):
        assert has_text(f"museum.{slug}.{name}")
        assert len({text(f"museum.{slug}.{name}", language) for language in LANGUAGES}) == 2
    assert "def wrong(" in exhibit.code
    assert "#" in exhibit.code, "the line with the mistake says so"


def test_the_folder_the_catalogue_and_the_words_name_the_same_exhibits():
    files = {path.stem for path in (ROOT / "museum").glob("*.py")}
    assert files - {"__init__", "__main__", "book", "exhibit", "picture", "trial"} == set(EXHIBITS)
    assert len(EXHIBITS) >= 9
    with (ROOT / "spec" / "texts" / "museum.toml").open("rb") as file:
        assert set(tomllib.load(file)) == {*EXHIBITS, "page", "note", "line", "axis"}


@EACH
def test_no_mistake_can_be_chosen(slug):
    assert slug not in LOSSES
    with pytest.raises(ValueError, match="must be one of"):
        Panel(loss=slug)
    for query in ({"p1": [slug]}, {"curve": [slug]}):
        link, wrong = read(query)
        assert len(wrong) == 1
        assert slug not in {link.curve_panel.loss, *(panel.loss for panel in link.experiment.panels)}
    assert not any(knob.kind == "choice" and slug in knob.choices for loss in LOSSES.values() for knob in loss.knobs())


def test_nothing_but_its_page_and_its_figures_knows_the_museum():
    knowing = set()
    folders = {path.parent for path in ROOT.glob("*/__init__.py")} - {ROOT / "museum"}
    assert {folder.name for folder in folders} >= {"spec", "losses", "toy_data", "engine", "plots", "app"}
    for path in (path for folder in folders for path in folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if any(name.split(".")[0] == "museum" for name in names):
                knowing.add(path.relative_to(ROOT).as_posix())
    assert knowing == {"plots/museum.py", "app/views/museum.py"}


def test_the_document_is_the_one_that_the_exhibits_make():
    assert (ROOT / "docs" / "bug_museum.md").read_text(encoding="utf-8") == markdown(), "run: make docs"


def test_numbers_are_written_so_that_they_can_be_compared():
    assert [number(value) for value in (0.25, 1e-12, -1e-12, 1248.0, math.nan, math.inf, -math.inf)] == [
        "0.25",
        "0",
        "0",
        "1248",
        "NaN",
        "∞",
        "-∞",
    ]


# where a mistake does not bite, the wrong code is right: it makes that one mistake and no other

Z, Y = cloud(5, 6, 0.5, 1.0, seed=8)
UNIT = Z / Z.norm(dim=1, keepdim=True)
WEIGHT = {"weight": spokes(5)}
UNEVEN = {"weight": spokes(5) * torch.tensor([[0.5], [1.0], [2.0], [1.5], [0.8]], dtype=torch.float64)}
GAUSSIANS = {"means": spokes(5), "log_variance": torch.zeros(5, 2, dtype=torch.float64)}
CENTERS = WEIGHT | {"centers": spokes(5) / 2}
HARMLESS = {
    "weights_unnormalised": ({}, Z, WEIGHT, 1.0),
    "feature_norm_dropped": ({"margin": 3, "blend": 1.0}, UNIT, UNEVEN, 1.0),
    "margin_in_degrees": ({"margin": 0.0}, Z, UNEVEN, 1.0),
    "margin_after_scale": ({"scale": 1.0}, Z, UNEVEN, 1.0),
    "acos_at_one": ({"beyond": "raw"}, Z, UNEVEN, 1.0),
    "determinant_scaled": ({}, Z, GAUSSIANS, 1.0),
    "half_missing": ({}, Z, {}, 2.0),
    "root_at_zero": ({}, Z, {}, 1.0),
    "p_from_weighted": ({"alpha": 1.0}, Z, UNEVEN, 1.0),
    "power_at_zero": ({"gamma": 0.7}, Z, UNEVEN, 1.0),
    "exp_overflow": ({"gamma": 16.0}, Z, UNEVEN, 1.0),
    "distance_unsquared": ({}, UNIT, WEIGHT | {"centers": torch.zeros(5, 2, dtype=torch.float64)}, 1.0),
}


@pytest.mark.parametrize("slug", HARMLESS)
def test_where_the_mistake_does_not_bite_the_wrong_code_is_right(slug):
    knobs, z, state, factor = HARMLESS[slug]
    exhibit = EXHIBITS[slug]
    loss = exhibit.loss.replace(**knobs)
    found, true = (rule(loss, z, Y, state) for rule in (exhibit.wrong, exhibit.right))
    torch.testing.assert_close(found, factor * true, rtol=1e-9, atol=1e-12)


def test_the_angle_from_acos_has_the_right_gradient_elsewhere():
    exhibit = EXHIBITS["acos_at_one"]
    slopes = []
    for rule in (exhibit.right, exhibit.wrong):
        z = Z.clone().requires_grad_()
        slopes.append(torch.autograd.grad(rule(exhibit.loss.replace(beyond="raw"), z, Y, WEIGHT).sum(), z)[0])
    torch.testing.assert_close(*slopes, rtol=1e-7, atol=1e-9)


def test_without_memory_a_histogram_has_no_cold_start():
    exhibit = EXHIBITS["cold_histogram"]
    norms = torch.from_numpy(gradient_density.companions())
    empty = torch.zeros(10, dtype=torch.float64)
    assert torch.equal(exhibit.wrong(norms, empty, 10, 0.0), exhibit.right(norms, empty, 10, 0.0))
    warm = exhibit.right(norms, empty, 10, 0.75)
    assert torch.equal(exhibit.wrong(norms, warm, 10, 0.75), exhibit.right(norms, warm, 10, 0.75))


def test_centres_by_gradient_follow_it_to_the_rates_that_a_batch_of_one_class_leaves():
    exhibit = EXHIBITS["centers_by_gradient"]
    z, y = Z[:6], torch.zeros(6, dtype=torch.int64)
    start = {"centers": torch.zeros(1, 2, dtype=torch.float64)}
    wrong, right = (rule(exhibit.loss, z, y, start)["centers"] for rule in (exhibit.wrong, exhibit.right))
    torch.testing.assert_close(wrong / 0.1, right * 7 / 6)  # weight 0.1; n / (1 + n) with n = 6


def test_twice_the_softmax_is_the_softmax_of_probabilities():
    exhibit = EXHIBITS["softmax_twice"]
    scores = Z @ UNEVEN["weight"].T
    p = scores.exp() / scores.exp().sum(dim=1, keepdim=True)
    by_hand = [math.log(sum(math.exp(each) for each in row)) - row[y] for row, y in zip(p.tolist(), Y, strict=True)]
    assert exhibit.wrong(exhibit.loss, Z, Y, UNEVEN).tolist() == pytest.approx(by_hand)
