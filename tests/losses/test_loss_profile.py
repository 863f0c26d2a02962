"""The closed form in NumPy and autograd through the whole loss agree at random knobs, and printed curves."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from loss_cases import faults, few, knobs_of

from losses import LOSSES, OURS
from verification.closed_form import agreement

ALL = pytest.mark.parametrize(("cls", "branch"), [(c, b) for c in OURS.values() for b in c.branches])


@ALL
@few
@given(data=st.data())
def test_closed_form_is_autograd_anywhere(cls, branch, data):
    share = data.draw(st.floats(0.001, 0.999))
    loss = cls(**data.draw(knobs_of(cls)))
    found = list(agreement(loss, branch, [share]))
    assert faults(found) == []
    profile = loss.profile(branch)
    place = profile.low + share * (profile.high - profile.low)
    assert found or any(abs(place - kink) < 1e-5 for kink in profile.kinks)


def test_the_default_branch_is_the_first():
    for cls in LOSSES.values():
        loss = cls()
        x = np.linspace(loss.profile().low + 1e-3, loss.profile().high, 7)
        np.testing.assert_array_equal(loss.profile().value(x), loss.profile(cls.branches[0]).value(x))


@pytest.mark.parametrize(
    ("mode", "at_170", "at_180"),
    [
        ("raw", -0.947501, -0.877583),
        ("cosface", -1.224521, -1.239713),
        ("easy", -0.984808, -1.000000),
        ("monotonic", -1.052498, -1.122417),
    ],
)
def test_arcface_beyond_pi_as_printed(mode, at_170, at_180):
    loss = LOSSES["arcface"](margin=0.5, scale=1.0, beyond=mode)
    printed = pytest.approx([at_170, at_180], abs=6e-7)  # the reference prints -1.0524985 as -1.052498
    assert loss.profile().target(np.radians([170.0, 180.0])).tolist() == printed
    probes = [loss.probe(torch.tensor(np.radians(degrees), dtype=torch.float64)) for degrees in (170, 180)]
    assert [loss.logits(*probe)[0, 0].item() for probe in probes] == printed
