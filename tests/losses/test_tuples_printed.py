"""Losses over tuples: printed numbers beside those of the verification."""

import math

import pytest
import torch
from loss_cases import agree
from torch.nn.functional import normalize, softplus
from tuple_cases import CLASS, Y4, Z4, anchors_cost, mean

from losses import LOSSES
from verification.inputs import K3, WHEEL, at, rows


@pytest.mark.parametrize(("margin", "active", "hard", "semi_hard"), [(0.2, 9, 8, 1), (1.0, 12, 8, 4)])
def test_numbers_of_triplets_as_printed(margin, active, hard, semi_hard):
    loss = LOSSES["triplet"](margin=margin, mining="all")
    assert len(loss.active(**K3, state={}).weights) == active
    assert len(loss.replace(mining="semi_hard").active(**K3, state={}).weights) == semi_hard
    lead = loss.observe(**K3, state={})["triplet"]
    assert len(lead) == 24
    assert int((lead <= 0).sum()) == hard


def test_parts_of_quadruplet_as_printed():
    parts = LOSSES["quadruplet"]().active(**K3, state={}, most=10**6)
    first = parts.indices[:, 0] == parts.indices[:, 3]
    agree(parts.weights[first].sum().item(), "0.555833")
    agree(parts.weights[~first].sum().item(), "0.345833")


def test_one_quadruplet_as_printed():
    """The pair of one class is 0.5 wide, the negative at 1 from the anchor, the pair of others 0.6 wide."""
    z, y = rows([0, 0], [0.5, 0], [0, 1], [0, 1.6]), torch.tensor([0, 0, 1, 2])
    found = LOSSES["quadruplet"]().active(z, y, {})
    weight = {tuple(key): value for key, value in zip(found.indices.tolist(), found.weights.tolist(), strict=True)}
    triplets, quadruplets = 4, 4 / 4  # one listed quadruplet stands for the four orders
    assert weight[0, 1, 2, 0] * triplets == pytest.approx(0.25)
    assert weight[0, 1, 2, 3] * quadruplets == pytest.approx(0.39)


def test_info_nce_in_both_directions_as_printed():
    swapped = Z4.reshape(3, 2, 2).flip(1).reshape(6, 2)
    both = [mean("info_nce", z, Y4, **CLASS, temperature=0.5) for z in (Z4, swapped)]
    agree(sum(both) / 2, "0.163552")


S_P, S_N = torch.tensor([0.8, 0.5], dtype=torch.float64), torch.tensor([0.3, -0.2, 0.6], dtype=torch.float64)


def test_circle_on_its_circle_costs_as_much_as_a_tie():
    target = torch.tensor([0.7], dtype=torch.float64), torch.tensor([0.3], dtype=torch.float64)
    value = anchors_cost(LOSSES["circle"](margin=0.3, gamma=64, level="pair"), *at(*target)).item()
    assert value == pytest.approx(math.log(2))


def test_gradient_of_circle_is_that_of_detached_weights_as_printed():
    s_p, s_n = S_P.clone().requires_grad_(), S_N.clone().requires_grad_()
    value = anchors_cost(LOSSES["circle"](margin=0.25, gamma=8, level="pair"), *at(s_p, s_n))
    found = torch.cat(torch.autograd.grad(value, (s_p, s_n))).tolist()
    for slope, text in zip(found, ("-0.557408", "-4.984675", "0.419351", "0.025555", "5.619665"), strict=True):
        agree(slope, text)
    # the derivative of the value is another one
    through = [-0.495474, -6.646233, 0.457474, -0.204436, 7.933645]
    for k, printed in enumerate(through):
        step = torch.zeros(5, dtype=torch.float64)
        step[k] = 1e-6
        values = [
            anchors_cost(LOSSES["circle"](margin=0.25, gamma=8, level="pair"), *at(S_P + t[:2], S_N + t[2:])).item()
            for t in (step, -step)
        ]
        assert (values[0] - values[1]) / 2e-6 == pytest.approx(printed, abs=2e-6)


def test_circle_prefers_a_tie_to_the_ring_of_ten():
    loss = LOSSES["circle"](margin=0.25, gamma=64)
    ring = loss(WHEEL, torch.arange(10), {"weight": WHEEL})
    expected = 64 * (math.cos(math.radians(36)) ** 2 - 2 * 0.25**2) + math.log(2)
    torch.testing.assert_close(ring, torch.full_like(ring, expected), rtol=1e-6, atol=0)
    tie = torch.tensor([0.5], dtype=torch.float64)
    assert anchors_cost(loss.replace(level="pair"), *at(tie, tie)) < ring.min()


def test_circle_of_a_widespread_port_as_printed():
    """It takes one log-sum-exp over all pairs of the batch."""
    cosine, same = normalize(Z4) @ normalize(Z4).T, Y4[:, None] == Y4
    upper = torch.ones(6, 6, dtype=torch.bool).triu(1)
    s_p, s_n = cosine[same & upper], cosine[~same & upper]
    both = torch.logsumexp(8 * (s_n + 0.25).relu() * (s_n - 0.25), 0) + torch.logsumexp(
        -8 * (1.25 - s_p).relu() * (s_p - 0.75), 0
    )
    agree(softplus(both).item(), "3.233615")
