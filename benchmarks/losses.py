"""Forward and backward of each loss against pytorch-metric-learning's version of it, on the same batch.

    python -m benchmarks.losses [--batches 128 1024] [--seconds 1.5]

Both are called in turns in one process, with gradients of embeddings and class vectors. Medians and their ratio are
printed and written to ``benchmarks/results/losses.{md,json}``. Where the values should agree, that is checked first.
Peak memory is measured in a fresh process for each loss. Cases that run out of memory are listed as such.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from pytorch_metric_learning import distances, miners
from pytorch_metric_learning import losses as theirs
from torch import Tensor

from benchmarks.machine import machine, sentence
from losses import LOSSES

RESULTS = Path(__file__).parent / "results"
CLASSES, DIM = 10, 2
MARGIN_DEGREES = 17.188733853924695  # 0.3 rad
GIB = 2**30


def _raw(power: int) -> distances.LpDistance:
    return distances.LpDistance(normalize_embeddings=False, power=power)


@dataclass(frozen=True)
class Match:
    """Our loss at the knobs that come closest to theirs. ``most`` is the largest batch that theirs can compute."""

    slug: str
    theirs: Callable[[], Any]
    knobs: dict[str, Any] = field(default_factory=dict)
    equal: bool = True
    miner: Callable[[], Any] | None = None
    most: int = 1024
    note: str = ""


MATCHES = (
    Match("nsl", lambda: theirs.NormalizedSoftmaxLoss(CLASSES, DIM, temperature=1 / 16)),
    Match("cosface", lambda: theirs.CosFaceLoss(CLASSES, DIM, margin=0.15, scale=16)),
    Match("arcface", lambda: theirs.ArcFaceLoss(CLASSES, DIM, margin=MARGIN_DEGREES, scale=16), {"beyond": "cosface"}),
    Match("a_softmax", lambda: theirs.SphereFaceLoss(CLASSES, DIM, margin=4, scale=1)),
    Match("l_softmax", lambda: theirs.LargeMarginSoftmaxLoss(CLASSES, DIM, margin=4, scale=1)),
    Match(
        "contrastive",
        lambda: theirs.ContrastiveLoss(distance=_raw(1)),
        {"balanced": True},
        equal=False,
        note="theirs does not square the shortfalls",
    ),
    Match(
        "triplet",
        lambda: theirs.TripletMarginLoss(margin=0.5, distance=_raw(2)),
        {"mining": "all"},
        most=256,
        note="all triplets; theirs lists them, which at 1,024 are 95 million",
    ),
    Match(
        "triplet",
        lambda: theirs.TripletMarginLoss(margin=0.5, distance=_raw(2)),
        {},
        miner=lambda: miners.TripletMarginMiner(margin=0.5, distance=_raw(2), type_of_triplets="semihard"),
        most=256,
        note="semi-hard",
    ),
    Match(
        "triplet",
        lambda: theirs.TripletMarginLoss(margin=0.5, distance=_raw(2)),
        {"mining": "batch_hard"},
        miner=lambda: miners.BatchHardMiner(distance=_raw(2)),
        note="batch-hard",
    ),
    Match(
        "n_pair",
        lambda: theirs.NPairsLoss(distance=distances.DotProductSimilarity(normalize_embeddings=False)),
        {"pairs": "class", "regularization": 0.0},
        note="one pair a class",
    ),
    Match(
        "info_nce",
        lambda: theirs.NTXentLoss(temperature=0.1),
        most=256,
        note="all pairs; theirs sets each positive pair against each negative one",
    ),
    Match("circle", lambda: theirs.CircleLoss(m=0.25, gamma=32), {"level": "pair"}, note="pairs"),
)


def batch(size: int) -> tuple[Tensor, Tensor]:
    """Return embeddings ``(N, D)`` and labels ``(N,)``, with the same number of samples for each class."""
    rng = torch.Generator().manual_seed(0)
    z = torch.randn(size, DIM, generator=rng, requires_grad=True)
    return z, torch.arange(size) % CLASSES


def ours_and_theirs(match: Match, size: int) -> tuple[Callable[[], Tensor], Callable[[], Tensor]]:
    """Return both losses as functions that compute value and gradients of the same batch."""
    z, y = batch(size)
    loss = LOSSES[match.slug](**match.knobs)
    state = {name: tensor.requires_grad_() for name, tensor in loss.init(CLASSES, DIM, torch.Generator()).items()}
    other, miner = match.theirs(), match.miner() if match.miner else None
    learned = [z, *state.values()]
    if state:
        with torch.no_grad():
            other.W.copy_(state["weight"].T)
    their_learned = [z, *other.parameters()]

    def ours() -> Tensor:
        value = loss(z, y, state).mean()
        torch.autograd.grad(value, learned)
        return value

    def their() -> Tensor:
        value: Tensor = other(z, y, miner(z, y) if miner else None)
        torch.autograd.grad(value, their_learned)
        return value

    return ours, their


def seconds(call: Callable[[], Tensor]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def compared(match: Match, size: int, budget: float) -> dict[str, Any]:
    """Call both in turns for ``budget`` seconds, and return all durations in milliseconds."""
    ours, their = ours_and_theirs(match, size)
    both = size <= match.most
    if both and match.equal:
        torch.testing.assert_close(ours(), their(), rtol=2e-4, atol=2e-5)
    runs: dict[str, list[float]] = {"ours": [], "theirs": []}
    for call in (ours, their) if both else (ours,):
        call()
    began = time.perf_counter()
    while time.perf_counter() - began < budget or len(runs["ours"]) < 5:
        runs["ours"].append(1e3 * seconds(ours))
        if both:
            runs["theirs"].append(1e3 * seconds(their))
    return {"loss": match.slug, "batch": size, "note": match.note, **runs}


def row(found: dict[str, Any]) -> str:
    ours = statistics.median(found["ours"])
    name = found["loss"] + (f" ({found['note']})" if found["note"] else "")
    cells = [name, f"{found['batch']:,}", str(len(found["ours"])), f"{ours:.3f}"]
    if found["theirs"]:
        their = statistics.median(found["theirs"])
        cells += [f"{their:.3f}", f"{their / ours:.1f}", "yes" if ours <= their else "no"]
    else:
        cells += ["out of memory", "-", "yes"]
    return "| " + " | ".join(cells) + " |"


def peak(slug: str, mining: str, size: int) -> int:
    """Return by how many bytes one batch, with its gradients, raises the peak memory of a fresh process."""
    command = [sys.executable, "-m", "benchmarks.losses", "--peak", slug, mining, str(size)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _peak_here(slug: str, mining: str, size: int) -> None:
    loss = LOSSES[slug]().replace(mining=mining)
    small, (z, y) = batch(16), batch(size)
    torch.autograd.grad(loss(*small, {}).mean(), small[0])  # the first call also loads things
    before = _highest()
    torch.autograd.grad(loss(z, y, {}).mean(), z)
    print(_highest() - before)


def _highest() -> int:
    """Return the peak memory of this process in bytes."""
    status = Path("/proc/self/status")
    if status.is_file():  # the counter of getrusage includes the peak of the parent
        return next(1024 * int(line.split()[1]) for line in status.read_text().splitlines() if "VmHWM" in line)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--batches", type=int, nargs="+", default=[128, 1024])
    parser.add_argument("--seconds", type=float, default=1.5, help="for each loss and batch")
    parser.add_argument("--losses", nargs="+", choices=sorted({match.slug for match in MATCHES}))
    parser.add_argument("--peak", nargs=3, metavar=("LOSS", "MINING", "BATCH"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.peak:
        _peak_here(given.peak[0], given.peak[1], int(given.peak[2]))
        return
    chosen = [match for match in MATCHES if not given.losses or match.slug in given.losses]
    lines = [
        "# Losses against pytorch-metric-learning",
        "",
        f"Value and gradients of a batch of {DIM}-D embeddings of {CLASSES} classes, milliseconds, median of n calls "
        "in turn; ours with its checks of the input. Target: at least as fast for every loss that both have.",
        "",
        "| loss | batch | n | ours | theirs | theirs / ours | target met |",
        "|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines), flush=True)
    found = []
    for size in given.batches:
        for match in chosen:
            found.append(compared(match, size, given.seconds))
            lines.append(row(found[-1]))
            print(lines[-1], flush=True)
    more = ["", "| peak memory at batch 1,024 | MiB | target (1 GiB) met |", "|---|---|---|"]
    peaks = {}
    for slug in ("triplet", "quadruplet"):
        for mining in next(knob.choices for knob in LOSSES[slug].knobs() if knob.name == "mining"):
            peaks[f"{slug} {mining}"] = used = peak(slug, mining, 1024)
            more.append(f"| {slug}, {mining} | {used / 2**20:.0f} | {'yes' if used < GIB else 'no'} |")
    lines += [*more, "", sentence(described := machine()), ""]
    print("\n".join([*more, "", lines[-2]]))
    if given.losses is None:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "losses.md").write_text("\n".join(lines), encoding="utf-8")
        body = {"machine": described, "runs": found, "peaks": peaks}
        (RESULTS / "losses.json").write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
