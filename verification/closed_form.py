"""The closed form in NumPy against automatic differentiation through the whole loss."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from losses import Loss
from losses.shape import Array
from spec import Message, has_text
from verification.cases import Knobs
from verification.comparison import Finding, Topic, close, facts, knob_list

#: Where along the axis of the profile the two are compared.
SHARES = (0.001, 0.1, 0.23, 0.31, 0.499, 0.62, 0.77, 0.9, 0.999)


def _topic(check: str, branch: str, source: str = "autograd") -> Topic:
    key = f"losses.branches.{branch}"
    return Topic.of(check, source, branch=Message.of(key) if has_text(key) else branch)


def closed_form(loss: type[Loss], knobs: Knobs, shares: Sequence[float] = SHARES) -> Iterator[Finding]:
    """Compare value, slope and place of the probe at shares of the axis, for every branch."""
    for branch in loss.branches:
        yield from agreement(loss(**knobs), branch, shares)


def agreement(loss: Loss, branch: str, shares: Sequence[float]) -> Iterator[Finding]:
    """Compare value, slope and place of the probe at shares of the axis, for one branch.

    Places within 1e-6 of a kink are left out.
    """
    profile = loss.profile(branch)
    settings = knob_list({knob.name: getattr(loss, knob.name) for knob in loss.knobs()})
    for share in shares:
        place = profile.low + (profile.high - profile.low) * share
        if any(abs(place - kink) < 1e-6 for kink in profile.kinks):
            continue
        x = torch.tensor(place, dtype=torch.float64, requires_grad=True)
        z, y, state = loss.probe(x, branch)
        value = loss.per_sample(z, y, state)[0]
        (slope,) = torch.autograd.grad(value, x)
        where = f"{profile.variable}={place:.6g}; {settings}"
        at = np.array([place])
        yield from close(_topic("profile_value", branch), profile.value(at), value, 1e-8, where)
        yield from close(_topic("profile_slope", branch), profile.slope(at), slope, 1e-7, where)
        scalar = loss.observe(z, y, state)[branch][:1]
        yield from close(_topic("profile_place", branch, "probe"), scalar, at, 1e-8, where)


def curves(loss: type[Loss], knobs: Knobs) -> Iterator[Finding]:
    """Curves are finite over their whole range, and the slope jumps at the kinks of the profile and nowhere else."""
    for branch in loss.branches:
        profile = loss(**knobs).profile(branch)
        x = np.linspace(profile.low, profile.high, 200)
        curve_of = {"value": profile.value, "slope": profile.slope, "target": profile.target, "weight": profile.weight}
        true = {
            name: curve(x).shape == x.shape and bool(np.isfinite(curve(x)).all())
            for name, curve in curve_of.items()
            if curve is not None
        }
        yield facts(_topic("profile_finite", branch, "contract"), {"range": profile.low < profile.high} | true)
        fine = np.linspace(profile.low, profile.high, 20_001)[1:-1]
        slope = profile.slope(fine)
        jump = np.abs(np.diff(slope))
        usual = np.median(jump) + 1e-3 * np.ptp(slope) + 1e-9
        jumps = {
            f"kink at {fine[k]:.4g}": any(fine[k] - 1e-3 <= kink <= fine[k + 1] + 1e-3 for kink in profile.kinks)
            for k in np.flatnonzero(jump > 50 * usual)
        }
        yield facts(_topic("profile_kinks", branch, "contract"), {"smooth": True} | jumps, knob_list(knobs))


def weights(loss: type[Loss], knobs: Knobs) -> Iterator[Finding]:
    """The weight equals the gradient divided by that of cross-entropy, for losses that re-weight samples."""
    for branch in loss.branches:
        profile = loss(**knobs).profile(branch)
        if profile.weight is not None:
            p = torch.linspace(0.01, 0.99, 23, dtype=torch.float64, requires_grad=True)
            (entropy,) = torch.autograd.grad(-torch.log(p).sum(), p)
            x: Array = p.detach().numpy()
            actual, expected = profile.weight(x), profile.slope(x) / entropy.numpy()
            yield from close(_topic("profile_weight", branch), actual, expected, 1e-9, knob_list(knobs))
