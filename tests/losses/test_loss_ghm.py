"""GHM-C and GHM-R: printed numbers, the authors' loop, limits, and how the histogram moves."""

import math

import numpy as np
import pytest
import torch
from loss_cases import agree
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, one_hot, pad

from losses import LOSSES
from spec import Refusal
from verification.cases import batch_of, state_of
from verification.inputs import INPUTS
from verification.references import numbers_of

FLOAT = torch.float64
SIGMOID = {"activation": "sigmoid", "bias": False}


def column(values: list[float]) -> torch.Tensor:
    return torch.tensor(values, dtype=FLOAT)[:, None]


Z = INPUTS["ten_logits"]["z"]


def alone(bins: int, fill: float = 0.0) -> dict[str, torch.Tensor]:
    return {"weight": torch.ones(1, 1, dtype=FLOAT), "histogram": torch.full((bins,), fill, dtype=FLOAT)}


def zeros(z: torch.Tensor) -> torch.Tensor:
    return torch.zeros(len(z), dtype=torch.int64)


@pytest.mark.parametrize("row", [row for row in numbers_of("ghm_c") if row.reading == "mean"], ids=lambda row: row.name)
def test_the_same_batch_keeps_its_weights(row):
    """The first batch starts the average, so that the worked numbers hold after every update."""
    loss = LOSSES["ghm_c"](**row.knobs)
    state = alone(loss.bins)
    for _ in range(3):
        agree(loss(Z, zeros(Z), state).mean().item(), row.digits[0])
        state = loss.update(Z, zeros(Z), state)


def test_weights_as_printed():
    loss = LOSSES["ghm_c"](bins=10, **SIGMOID)
    entropy = torch.log1p(torch.exp(-Z[:, 0]))
    beta = loss(Z, zeros(Z), alone(10)) / entropy
    assert beta.tolist() == pytest.approx([1 / 3] * 4 + [2] * 3 + [1 / 3] * 2 + [2])


def test_an_average_from_zero_as_in_the_authors_code_weighs_the_start_too_much():
    loss = LOSSES["ghm_c"](bins=10, momentum=0.75, **SIGMOID)
    state = alone(10, fill=1e-12)  # as good as zero, and yet begun
    for printed in ("2.378787", "1.359307", "1.028665"):
        agree(loss(Z, zeros(Z), state).mean().item(), printed)
        state = loss.update(Z, zeros(Z), state)


def loop(g: np.ndarray, cost: np.ndarray, sums: np.ndarray, momentum: float) -> float:
    """The authors' loop over bins, with their average from zero over the bins that the batch reaches."""
    total, bins, weights, reached = g.size, len(sums), np.zeros(g.size), 0
    for b in range(bins):
        inside = (g >= b / bins) & (g < (b + 1) / bins + (1e-6 if b == bins - 1 else 0))
        if inside.sum() > 0:
            sums[b] = momentum * sums[b] + (1 - momentum) * inside.sum()
            weights[inside] = total / sums[b]
            reached += 1
    return float((weights / reached * cost).sum() / total)


@pytest.mark.parametrize("momentum", [0.0, 0.6])
def test_the_authors_loop_where_every_bin_is_reached(momentum):
    """Beyond the start, which theirs takes from zero; a bin that a batch misses fades with us and waits with them."""
    loss = LOSSES["ghm_c"](bins=4, momentum=momentum, activation="sigmoid")
    sums, state = np.full(4, 1e-12), {**state_of(loss, 3), "histogram": torch.full((4,), 1e-12, dtype=FLOAT)}
    for seed in range(4):
        z, y = batch_of(seed, samples=200)
        scores, truth = z @ state["weight"].T + state["bias"], one_hot(y, 6).double()
        g = (torch.sigmoid(scores) - truth).abs().numpy().ravel()
        assert (np.histogram(g, 4, (0, 1))[0] > 0).all()
        cost = binary_cross_entropy_with_logits(scores, truth, reduction="none").numpy().ravel()
        expected = loop(g, cost, sums, momentum)
        assert loss(z, y, state).mean().item() == pytest.approx(expected, rel=1e-9)
        state = loss.update(z, y, state)
        np.testing.assert_allclose(state["histogram"].numpy(), sums, rtol=1e-9)


def test_a_bin_that_a_batch_misses_fades():
    loss = LOSSES["ghm_c"](bins=10, momentum=0.75, **SIGMOID)
    state = loss.update(Z, zeros(Z), alone(10))
    after = loss.update(Z[:1], zeros(Z[:1]), state)["histogram"]
    assert after.tolist() == pytest.approx([0.75 * 6 + 0.25, 0.75, 0, 0.75, 0, 0.75, 0, 0.75, 0, 0])


@pytest.mark.parametrize("density", ["valid", "all"])
def test_one_bin_is_the_plain_loss(density):
    z, y = batch_of(2, samples=40)
    state = {**state_of(LOSSES["huber"](), 1), "histogram": torch.zeros(1, dtype=FLOAT)}
    scores, code = z @ state["weight"].T + state["bias"], one_hot(y, 6).double()
    found = LOSSES["ghm_c"](bins=1, density=density)(z, y, state)
    torch.testing.assert_close(found, cross_entropy(scores, y, reduction="none"))
    found = LOSSES["ghm_c"](bins=1, density=density, activation="sigmoid")(z, y, state)
    plain = binary_cross_entropy_with_logits(scores, code, reduction="none").mean(1)
    torch.testing.assert_close(found, plain)
    for mu, limit in ((1e-6, (scores - code).abs().mean(1)), (1e3, ((scores - code) ** 2 / 2e3).mean(1))):
        found = LOSSES["ghm_r"](bins=1, density=density, mu=mu)(z, y, state)
        torch.testing.assert_close(found, limit, rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize("slug", ["ghm_c", "ghm_r"])
def test_room_beyond_the_bins_counts_for_nothing(slug):
    """Histograms of several lengths side by side, in room for the longest: bins are then a tensor."""
    (z, y), cls, most = batch_of(2, samples=40), LOSSES[slug], 50
    plain = [cls(bins=bins) for bins in (1, 7, most)]
    states = [state_of(loss, 1) for loss in plain]
    room = [{**own, "histogram": pad(own["histogram"], (0, most - len(own["histogram"])))} for own in states]
    bins = torch.tensor([loss.bins for loss in plain], dtype=FLOAT)

    def of(bins, state):
        loss = cls(bins=bins)
        return loss.per_sample(z, y, state), loss.update(z, y, state)["histogram"]

    together = torch.vmap(of)(bins, {name: torch.stack([own[name] for own in room]) for name in room[0]})
    for k, loss in enumerate(plain):
        cost, after = loss(z, y, states[k]), loss.update(z, y, states[k])["histogram"]
        for found in (of(bins[k], room[k]), tuple(tensor[k] for tensor in together)):
            torch.testing.assert_close(found[0], cost, rtol=1e-12, atol=0)
            torch.testing.assert_close(found[1][: loss.bins], after, rtol=1e-12, atol=0)
            assert (found[1][loss.bins :] == 0).all()


def test_a_histogram_with_less_room_than_bins_is_refused():
    with pytest.raises(
        Refusal, match=r"The state histogram has room for 4, but this loss needs 10; make .* init\(\)\."
    ):
        LOSSES["ghm_c"](bins=10, **SIGMOID)(Z, zeros(Z), alone(4))


@pytest.mark.parametrize("slug", ["ghm_c", "ghm_r"])
def test_twice_the_batch_costs_the_same(slug):
    z, y = batch_of(2, samples=40)
    loss = LOSSES[slug](momentum=0)
    state = state_of(loss, 1)
    twice = loss(torch.cat([z, z]), torch.cat([y, y]), state).mean()
    torch.testing.assert_close(twice, loss(z, y, state).mean())


def test_an_even_histogram_weighs_nothing():
    g = (np.arange(30) + 0.5) / 30
    z, loss = column(np.log((1 - g) / g).tolist()), LOSSES["ghm_c"](bins=30, **SIGMOID)
    torch.testing.assert_close(loss(z, zeros(z), alone(30)), torch.log1p(torch.exp(-z[:, 0])))


@pytest.mark.parametrize("dtype", [torch.float32, FLOAT])
def test_a_hopeless_sample_falls_into_the_last_bin(dtype):
    z = torch.tensor([[-1e4], [1e4], [-1e4]], dtype=dtype)
    for slug, knobs in (("ghm_c", SIGMOID), ("ghm_r", {"bias": False})):
        loss = LOSSES[slug](bins=5, **knobs)
        after = loss.update(z, zeros(z), {name: tensor.to(dtype) for name, tensor in alone(5).items()})
        assert after["histogram"][4] == (2 if slug == "ghm_c" else 3)
        assert after["histogram"].sum() == 3


def test_no_gradient_is_taken_of_the_weights():
    z, y = batch_of(2, samples=40)
    for knobs in ({}, {"activation": "sigmoid"}):
        loss = LOSSES["ghm_c"](bins=7, **knobs)
        state = state_of(loss, 1)
        scores = (z @ state["weight"].T + state["bias"]).requires_grad_()
        logits = {"weight": torch.eye(6, dtype=FLOAT), "bias": torch.zeros(6, dtype=FLOAT)}
        found = torch.autograd.grad(loss(scores, y, {**logits, "histogram": state["histogram"]}).sum(), scores)[0]
        g = (torch.softmax(scores, 1) if not knobs else torch.sigmoid(scores)) - one_hot(y, 6)
        if not knobs:
            beta = loss(z, y, state) / cross_entropy(scores, y, reduction="none")
            torch.testing.assert_close(found, beta[:, None] * g)
            continue
        sums = 0.75 * state["histogram"].clamp_min(0).numpy()
        index = np.minimum((g.abs().detach().numpy() * 7).astype(int), 6)
        reached = np.bincount(index.ravel(), minlength=7)
        beta = 240 / ((reached > 0).sum() * (sums + 0.25 * reached)[index])
        # torch's softplus is a straight line from 20 on, which is off by exp(-20)
        np.testing.assert_allclose(found.numpy(), beta * g.detach().numpy() / 6, rtol=3e-9, atol=1e-12)


def test_the_profile_shows_a_crowd_muted_and_a_rare_size_raised():
    weight = LOSSES["ghm_c"]().profile().weight
    assert weight(np.array([0.99]))[0] < 0.3
    assert weight(np.array([0.02]))[0] > 1.2
    assert (LOSSES["ghm_c"](bins=1).profile().weight(np.linspace(0.01, 0.99, 9)) == 1).all()


def test_half_of_the_companions_are_below_a_quarter():
    loss = LOSSES["ghm_c"](bins=4, **SIGMOID)
    z, y, state = loss.probe(torch.tensor(0.5, dtype=FLOAT))
    counts = loss.update(z, y, state)["histogram"]
    assert counts[0].item() == 128
    assert counts.sum().item() == 257
    assert math.isclose(loss.observe(z, y, state)["sample"][0].item(), 0.5)
