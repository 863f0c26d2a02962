"""ArcFace, center and contrastive loss, one by one and by hand."""

import math

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy, normalize, one_hot

from losses import LOSSES
from verification.cases import batch_of, state_of


@pytest.mark.parametrize("beyond", ["monotonic", "raw", "cosface", "easy"])
def test_arcface_through_acos(beyond):
    z, y = batch_of(4, samples=40)
    loss = LOSSES["arcface"](margin=0.7, scale=9, beyond=beyond)
    state = state_of(loss, 2)
    cosine = normalize(z) @ normalize(state["weight"]).T
    theta = torch.acos(cosine)
    added = torch.cos(theta + 0.7)
    changed = {
        "raw": added,
        "monotonic": torch.where(theta + 0.7 > math.pi, -2 - added, added),
        "cosface": torch.where(theta + 0.7 > math.pi, cosine - 0.7 * math.sin(0.7), added),
        "easy": torch.where(cosine > 0, added, cosine),
    }[beyond]
    logits = 9 * torch.where(one_hot(y, 6).bool(), changed, cosine)
    assert (theta.gather(1, y[:, None]) + 0.7 > math.pi).any(), "the batch must reach beyond pi"
    torch.testing.assert_close(loss(z, y, state), cross_entropy(logits, y, reduction="none"), rtol=1e-7, atol=1e-9)
    torch.testing.assert_close(loss.logits(z, y, state), logits, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("dim", [2, 3])
def test_center_by_hand(dim):
    z, y = batch_of(1, dim=dim)
    loss = LOSSES["center"](weight=0.7, rate=0.3)
    state = state_of(loss, 2, dim=dim)
    after, moved = state["centers"].numpy().copy(), loss.update(z, y, state)["centers"].numpy()
    for k in range(6):
        members = z[y == k].numpy()
        after[k] += 0.3 * (members - after[k]).sum(axis=0) / (1 + len(members))
    np.testing.assert_allclose(moved, after, rtol=1e-12)
    spring = loss(z, y, state) - LOSSES["softmax"](bias=False)(z, y, state)
    by_hand = [0.35 * ((z[i] - state["centers"][y[i]]) ** 2).sum().item() for i in range(len(y))]
    np.testing.assert_allclose(spring.numpy(), by_hand, rtol=1e-9)


@pytest.mark.parametrize("balanced", [False, True])
def test_contrastive_pair_by_pair(balanced):
    z, y = batch_of(3, samples=12, dim=3)
    similar, dissimilar = [], []
    for i in range(12):
        for j in range(i):
            gap = math.dist(z[i].tolist(), z[j].tolist())
            (similar if y[i] == y[j] else dissimilar).append(gap**2 / 2 if y[i] == y[j] else max(0, 1.7 - gap) ** 2 / 2)
    expected = np.mean(similar) + np.mean(dissimilar) if balanced else np.mean(similar + dissimilar)
    found = LOSSES["contrastive"](margin=1.7, balanced=balanced)(z, y, {}).mean().item()
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("labels", [[0], [0, 1, 2], [3, 3]])
def test_contrastive_without_some_pairs_stays_finite_and_differentiable(labels, balanced):
    z = torch.randn(len(labels), 2, generator=torch.Generator().manual_seed(1), requires_grad=True)
    value = LOSSES["contrastive"](balanced=balanced)(z, torch.tensor(labels), {}).mean()
    (gradient,) = torch.autograd.grad(value, z)
    assert torch.isfinite(value)
    assert torch.isfinite(gradient).all()
    if len(labels) == 1:
        assert value == 0
        assert not gradient.any()
