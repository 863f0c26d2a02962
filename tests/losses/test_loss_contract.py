"""What holds for every loss: all checks of the verification, random knobs, and what only ours owe."""

import math
import re
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from loss_cases import (
    EVERY_VERIFIED,
    NORMALISED,
    SLUGS_WHOSE_LENGTH_COUNTS,
    SLUGS_WITH_AXES,
    faults,
    few,
    knobs_of,
    verified,
)

import losses
from losses import LOSSES, OURS, Family, knob_help
from spec import LANGUAGES, Refusal, has_text, text
from verification.cases import batch_of, corners, generator, state_of
from verification.contract import tensor_knobs
from verification.geometry import without_margin

CORNERS = pytest.mark.parametrize(
    ("cls", "knobs"), [pytest.param(c, k, id=f"{s}-{k}") for s, c in OURS.items() for k in corners(c)]
)


def test_the_folder_is_the_catalogue():
    folder = Path(losses.__file__).parent
    with_slug = {path.stem for path in folder.glob("*.py") if "slug: ClassVar[str] = " in path.read_text("utf-8")}
    assert with_slug == set(OURS)
    for slug, cls in OURS.items():
        assert cls.slug == slug
        assert cls.__module__ == f"losses.{slug}"
        assert getattr(cls, "__final__", False)


@pytest.mark.parametrize("folder", ["losses", "losses/toolkit", "verification"])
def test_the_readme_of_a_folder_names_each_of_its_files(folder):
    root = Path(losses.__file__).parents[1] / folder
    words = (root / "README.md").read_text(encoding="utf-8")
    files = {path.name for path in root.glob("*.py")} - {"__init__.py"}
    assert [name for name in sorted(files) if name.removesuffix(".py") not in OURS and f"`{name}`" not in words] == []
    assert [name for name in re.findall(r"`(\w+\.(?:py|json))`", words) if not (root / name).is_file()] == []


def test_the_readme_names_a_loss_to_read_for_each_family():
    words = (Path(losses.__file__).parent / "README.md").read_text(encoding="utf-8")
    first = {line.split("`")[1]: line.split("`")[3] for line in words.splitlines() if re.match(r"\| `\w+` \| `", line)}
    assert {family: OURS[file.removesuffix(".py")].family for family, file in first.items()} == {f: f for f in Family}


@EVERY_VERIFIED
def test_every_word_is_there_in_both_languages(cls):
    keys = [f"losses.{cls.slug}.title", f"losses.{cls.slug}.idea", f"losses.families.{cls.family}"]
    keys += [f"losses.branches.{branch}" for branch in cls.branches]
    keys += [f"losses.variables.{cls().profile(branch).variable}" for branch in cls.branches]
    assert [key for key in keys if not has_text(key)] == []
    assert text(keys[0]) == cls.title
    for knob in cls.knobs():
        written = {knob_help(cls, knob, language) for language in LANGUAGES}
        assert len(written) == len(LANGUAGES), knob.name
        assert all(written)


@EVERY_VERIFIED
def test_every_check_holds(cls):
    """Closed form against autograd, shapes against the rule, extremes, precision, purity, knobs as tensors and more."""
    report = verified(cls)
    assert [row for row in report.rows if not row.ok] == []
    assert report.comparisons > 1000


@CORNERS
@pytest.mark.parametrize("dim", [2, 3])
def test_turning_everything_changes_nothing(cls, knobs, dim):
    if cls.slug in SLUGS_WITH_AXES:
        return
    loss = cls(**knobs)
    state, (z, y) = state_of(loss, 1, dim=dim), batch_of(2, dim=dim)
    turn = torch.linalg.qr(torch.randn(dim, dim, generator=generator(4), dtype=torch.float64)).Q
    turned = {name: tensor @ turn if tensor.ndim == 2 else tensor for name, tensor in state.items()}
    torch.testing.assert_close(loss(z @ turn, y, turned), loss(z, y, state), rtol=1e-8, atol=1e-10)


@EVERY_VERIFIED
def test_only_directions_count_for_losses_on_angles(cls):
    if cls.family not in NORMALISED or cls.slug in SLUGS_WHOSE_LENGTH_COUNTS:
        return
    loss = cls()
    state, (z, y) = state_of(loss, 1), batch_of(2)
    z.requires_grad_()
    each = loss(z, y, state)
    longer = {name: 7 * tensor for name, tensor in state.items()}
    torch.testing.assert_close(loss(0.01 * z, y, longer), each, rtol=1e-9, atol=1e-12)
    (gradient,) = torch.autograd.grad(each.sum(), z)
    torch.testing.assert_close((gradient * z).sum(dim=1), torch.zeros(9, dtype=torch.float64), rtol=0, atol=1e-9)


@EVERY_VERIFIED
@few
@given(data=st.data())
def test_tensor_knobs_equal_plain_ones_alone_and_side_by_side(cls, data):
    panels = [data.draw(knobs_of(cls)) for _ in range(3)]
    numbers = [knob.name for knob in cls.knobs() if knob.kind == "number"]
    fixed = {name: value for name, value in panels[0].items() if name not in numbers}
    assert faults(tensor_knobs(cls, [{**panel, **fixed} for panel in panels])) == []


@CORNERS
def test_observe_counts_every_sample_or_every_class_of_every_sample(cls, knobs):
    loss = cls(**knobs)
    state, (z, y) = state_of(loss, 1), batch_of(2)
    if loss.active(z, y, state) is None:
        # one against the rest and regression have an entry for each class
        assert all(len(seen) == (54 if name == "entry" else 9) for name, seen in loss.observe(z, y, state).items())


def test_contrastive_observes_each_pair_once_and_only_of_the_first_512():
    z, y = batch_of(2, samples=30)
    seen = LOSSES["contrastive"]().observe(z, y, {})
    same = [math.dist(z[i].tolist(), z[j].tolist()) for i in range(30) for j in range(i) if y[i] == y[j]]
    assert sorted(seen["similar"].tolist()) == pytest.approx(sorted(same))
    assert len(seen["dissimilar"]) == 30 * 29 // 2 - len(same)
    z, y = batch_of(2, samples=600)
    assert sum(len(values) for values in LOSSES["contrastive"]().observe(z, y, {}).values()) == 512 * 511 // 2


def test_only_the_margin_of_circle_has_no_numbers_in_a_head():
    """It is on two similarities at once. Where a head has a margin, the checks hold it against the logits."""
    found = set()
    for slug, cls in OURS.items():
        state, (z, y) = state_of(cls(), 1), batch_of(2)
        head, scores = cls().head(state), cls().scores(z, state)
        if head is not None and without_margin(head) and not torch.equal(cls().logits(z, y, state), scores):
            found.add(slug)
    assert found == {"circle"}


def test_unknown_branches_are_refused():
    with pytest.raises(Refusal, match="nowhere is no branch"):
        LOSSES["contrastive"]().profile("nowhere")
