"""The verification: the record that comes along is current, and wrong losses are found out, each by its check."""

import importlib.util
import math
import sys
import tomllib
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from loss_cases import EVERY_VERIFIED, verified
from torch.nn.functional import softmax

from losses import OURS, Profile
from losses.catalogue import KIND, load
from spec import LANGUAGES, Message, Refusal
from spec.entry_points import Catalogue
from spec.knobs import param
from verification import other_code
from verification.document import document
from verification.inputs import INPUTS
from verification.references import numbers_of, other_code_of
from verification.report import verdict
from verification.results import read_results
from verification.run import references, verify

ROOT = Path(__file__).parents[2]


def _poly_1():
    path = ROOT / "examples" / "poly_1" / "poly_1.py"
    found = importlib.util.spec_from_file_location("poly_1", path)
    module = importlib.util.module_from_spec(found)
    sys.modules["poly_1"] = module
    found.loader.exec_module(module)
    return module.Poly1


Poly1 = _poly_1()


@EVERY_VERIFIED
def test_the_results_are_current(cls):
    """The same checks, the same printed numbers to the last digit, others but for rounding on this machine."""
    then, now = read_results().of(cls.slug), verified(cls)
    assert then is not None, f"loss-geometry verify {cls.slug} --write"
    assert then.ok
    assert [row.topic for row in then.rows] == [row.topic for row in now.rows], "make docs"
    for old, new in zip(then.rows, now.rows, strict=True):
        if old.topic.check.key.startswith("verify.worked."):
            assert (old.expected, old.actual, old.bound) == (new.expected, new.actual, new.bound), "make docs"
        else:
            assert old.allowed == new.allowed
            assert float(old.expected) == pytest.approx(float(new.expected), rel=0.02, abs=1e-6), (old, "make docs")


def test_the_page_about_the_losses_is_made_of_the_results_and_the_code():
    assert [report.slug for report in read_results().reports] == list(OURS), "make docs"
    assert document(read_results()) == (ROOT / "docs" / "losses.md").read_text(encoding="utf-8"), "make docs"


@EVERY_VERIFIED
def test_every_row_is_put_into_words_in_both_languages(cls):
    report = verified(cls)
    for row in report.rows:
        for message in (row.check, row.topic.source):
            said = {message.render(language) for language in LANGUAGES}
            assert not any(set("{}") & set(words) for words in said)
            assert len(said) == 2 or message.key == "verify.source.independent"
    assert verdict(cls, report) != verdict(cls, report, "zh")


def test_every_loss_has_reference_numbers_and_all_inputs_are_used():
    assert [slug for slug in OURS if not numbers_of(slug)] == []
    assert {row.inputs for slug in OURS for row in numbers_of(slug)} == set(INPUTS)
    texts = tomllib.loads((ROOT / "spec" / "texts" / "verify.toml").read_text(encoding="utf-8"))
    assert set(texts["inputs"]) == set(INPUTS)


def test_references_of_a_loss_have_different_names():
    for cls in OURS.values():
        names = [row.name for row in references(cls)]
        assert len(set(names)) == len(names)
    assert list(references(Poly1)) == []


def test_without_the_development_tools_their_rows_are_absent_with_a_note(monkeypatch):
    assert other_code.absence() is None
    assert any(row.package == "pytorch-metric-learning" for row in other_code_of("arcface"))
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if "metric" in name else there(name))
    assert "pytorch-metric-learning" in str(other_code.absence())
    assert {row.package for slug in OURS for row in other_code_of(slug)} == {"torch", "scikit-learn"}


# what is wrong is found out


def test_the_example_is_right():
    report = verify(Poly1)
    assert [row for row in report.rows if not row.ok] == []
    z, y = torch.tensor([[0.3, -0.2], [1.0, 0.4]]), torch.tensor([0, 2])
    state = {"weight": torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]]), "bias": torch.zeros(3)}
    p = softmax(z @ state["weight"].T, dim=1)[[0, 1], y]
    torch.testing.assert_close(Poly1(epsilon=0.7)(z, y, state), -p.log() + 0.7 * (1 - p))


def changed_profile(**parts):
    def profile(self, branch=""):
        right = Poly1.profile(self)
        kept = {name: getattr(right, name) for name in ("value", "slope", "weight", "kinks")}
        return Profile("p", right.low, right.high, **{**kept, **parts})

    return profile


def in_place(self, z, y, state):
    each = Poly1.per_sample(self, z, y, state)
    with suppress(RuntimeError):  # under vmap, and where a gradient is wanted, there are no numbers to change
        z.numpy()[:] += 1
    return each


def naive(self, z, y, state):
    p = softmax(self.scores(z, state), dim=1).gather(1, y[:, None])[:, 0]
    return -p.log() + self.epsilon * (1 - p)


def by_order(self, z, y, state):
    each = Poly1.per_sample(self, z, y, state)
    return each * torch.arange(1, len(y) + 1).to(z)


def without_gradient(self, z, y, state):
    return Poly1.per_sample(self, z, y, {name: tensor.detach() for name, tensor in state.items()})


def with_a_plain_knob(self, z, y, state):
    each = Poly1.replace(self, epsilon=0.0).per_sample(z, y, state)
    return each - float(self.epsilon) * torch.expm1(-each)


def doubled(self, z, y, state):
    return Poly1.per_sample(self, z, y, state).double()


def turned_head(self, state):
    return Poly1.head(self, {**state, "weight": -state["weight"]})


def turned_shapes(self, scene):
    turned = {**scene.state, "bias": scene.state["bias"] + np.arange(scene.classes)} if self.bias else scene.state
    return Poly1.shapes(self, replace(scene, state=turned))


def unchecked(self):
    pass


def probe_elsewhere(self, x, branch=""):
    return Poly1.probe(self, x**2)


WRONG = {
    "profile_value": {"profile": changed_profile(value=lambda p: -np.log(p))},
    "profile_slope": {"profile": changed_profile(slope=lambda p: -1 / p + 2.0)},
    "profile_place": {"probe": probe_elsewhere},
    "profile_weight": {"profile": changed_profile(weight=lambda p: 1 + 3 * p)},
    "profile_kinks": {"profile": changed_profile(slope=lambda p: np.where(p > 0.5, -1 / p - 2.0, 300.0))},
    "profile_finite": {"profile": changed_profile(value=lambda p: np.where(p > 0.5, math.nan, p))},
    "finite": {"per_sample": naive},
    "pure": {"per_sample": in_place},
    "order": {"per_sample": by_order},
    "reaches": {"per_sample": without_gradient},
    "fails_tensor_knobs": {"per_sample": with_a_plain_knob},
    "shape": {"per_sample": doubled},
    "head_scores": {"head": turned_head},
    "boundary": {"shapes": turned_shapes},
    "observes": {"observe": lambda self, z, y, state: {}},
    "refuses": {"__post_init__": unchecked},
    "fails_shapes": {"shapes": lambda self, scene: 1 / 0},
}


@pytest.mark.parametrize("check", WRONG)
def test_a_wrong_loss_is_found_out_by_its_check(check):
    wrong = dataclass(frozen=True, kw_only=True)(type("Wrong", (Poly1,), {"__doc__": "Wrong.", **WRONG[check]}))
    failed = {row.topic.check.key.removeprefix("verify.check.") for row in verify(wrong).rows if not row.ok}
    assert check in failed


def test_a_loss_whose_knob_says_nothing_is_found_out():
    @dataclass(frozen=True, kw_only=True)
    class Silent(Poly1):
        extra: float = param(1.0, symbol="x", low=0.0, high=2.0)

    failed = {row.topic.check.key for row in verify(Silent).rows if not row.ok}
    assert failed == {"verify.check.described"}


# what cannot be a loss


@pytest.mark.parametrize(
    ("reference", "part"),
    [
        ("nonsense", "is no reference to a loss"),
        ("a b:C", "is no reference to a loss"),
        ("no_such_module_here:X", "ModuleNotFoundError"),
        ("json:no_such_name", "AttributeError"),
        ("json:JSONDecoder", "it is not derived from losses.Loss"),
        ("losses:Loss", "it lacks init, observe"),
    ],
)
def test_what_cannot_be_loaded_gets_one_sentence(reference, part):
    with pytest.raises(Refusal, match=part) as refusal:
        load(reference)
    assert "\n" not in str(refusal.value)
    assert isinstance(refusal.value.message, Message)
    assert refusal.value.message.render("zh") != str(refusal.value)


def _module(monkeypatch, **classes):
    module = type(sys)("somebody")
    vars(module).update(classes)
    monkeypatch.setitem(sys.modules, "somebody", module)


@pytest.mark.parametrize(
    ("attributes", "part"),
    [
        ({"title": 3}, "missing or of the wrong type: title"),
        ({"slug": "Not A Slug"}, "must be lower-case"),
        ({"__post_init__": lambda self: 1 / 0}, "cannot be made with its defaults: ZeroDivisionError"),
    ],
)
def test_a_class_that_is_unfit_is_refused(attributes, part, monkeypatch):
    _module(monkeypatch, X=dataclass(frozen=True, kw_only=True)(type("X", (Poly1,), attributes)))
    with pytest.raises(Refusal, match=part):
        load("somebody:X")


def test_a_class_without_its_decorator_is_refused(monkeypatch):
    _module(monkeypatch, X=type("X", (Poly1,), {}))
    with pytest.raises(Refusal, match="dataclass"):
        load("somebody:X")


def test_the_catalogue_is_ours_while_packages_are_looked_for():
    catalogue = Catalogue({"arcface": OURS["arcface"]}, KIND)
    assert next(iter(catalogue)) == "arcface"
    assert catalogue["arcface"] is OURS["arcface"]
    with pytest.raises(KeyError):
        catalogue["nowhere"]
