"""The engine on a GPU: eager steps, captured graphs, epochs, and shares of the limits of the card."""

import time
from collections.abc import Callable, Mapping

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.engine.cases import Case, ready
from benchmarks.engine.floor import products
from benchmarks.engine.loop import Loop
from benchmarks.report import Table
from engine import Trainer
from engine.steps.cuda_graph import LONG

CASES = (
    Case("mlp", "digits", 128),
    *(Case(net, "mnist", batch) for net in ("mlp", "cnn", "lenet_pp") for batch in (128, 512)),
)
EPOCH = 60_000
#: Floats of the copied buffer, side of the matrices, empty kernels of a graph.
BUFFER, SIDE, KERNELS = 2**28, 8192, 256


def cuda(quick: bool) -> Table | None:
    """Measure the GPU; ``None`` where there is none."""
    if not torch.cuda.is_available():
        print("engine_cuda: left out, PyTorch finds no GPU here.\n", flush=True)
        return None
    table = Table("engine_cuda", "The engine on a GPU", "ArcFace, Adam")
    table.notes = [
        "Captured: graphs of 8 steps of the compiled program, replayed, in TF32 (mode fast); exact: panel after panel, "
        "eager, in float32. The loop is the one of engine_speed.md, on the GPU. Epochs are of 60,000 "
        "samples. Shares of a ceiling: floating-point operations of convolutions and products a second, as PyTorch "
        f"counts them, in those of products of {SIDE} x {SIDE} measured here; empty kernels: the time that as many "
        "take in a graph, in the time of a step; products: the stacked MLP's alone, in a graph, in the time of a step."
    ]
    turns = (2, 0.1) if quick else (7, 0.3)
    ceilings = _ceilings(table, turns[0])
    for case in CASES[:2] if quick else CASES:
        if case.missing:
            table.notes.append(case.missing)
            continue
        counts = (1,) if quick or case.net == "lenet_pp" else (1, 8, 64) if case.data == "digits" else (1, 8)
        for count in counts:
            _measured(table, case, count, ceilings, turns)
    return table


def _measured(table: Table, case: Case, count: int, ceilings: Mapping[str, float], turns: tuple[int, float]) -> None:
    """Measure the loop, the exact and the captured step in turns; ``turns`` are the rounds, and the seconds of each."""
    rounds, seconds = turns
    exact = Trainer(case.experiment(count, "exact"), device="cuda")
    fast = ready(case.experiment(count, "fast"), "cuda")
    loop = Loop(exact)
    variants: dict[str, Callable[[], int]] = {
        "loop": _once(loop.step),
        "exact": lambda: _advanced(exact),
        "captured": lambda: _advanced(fast),
    }
    flops, kernels = _flops(exact), _kernels(fast)
    rates: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, take in variants.items():
            rates[name].append(_a_second(take, seconds))
    row = f"{case}, K = {count}"
    for name, found in rates.items():
        table.add(f"{row}, {name}: steps a second", *found)
        table.add(f"{row}, {name}: epochs a second", *(rate * case.batch / EPOCH for rate in found))
    captured = rates["captured"]
    for other, times in (("loop", count), ("exact", 1)):
        pairs = zip(rates[other], captured, strict=True)
        table.add(f"{row}, captured: times as fast as {other}", *(times * own / slow for slow, own in pairs))
    for precision in ("float32", "TF32"):
        share = [rate * flops / ceilings[precision] for rate in captured]
        table.add(f"{row}, captured: share of operations in {precision}", *share)
    share = [rate * kernels * ceilings["kernel"] for rate in captured]
    table.add(f"{row}, captured: share that {kernels} empty kernels take", *share)
    if case.net == "mlp":
        floor = 1 / _a_second(_graph(products(fast), LONG), seconds)
        table.add(f"{row}, captured: share of its products", *(rate * floor for rate in captured))


def _advanced(trainer: Trainer) -> int:
    """Take as many steps as one call takes; return how many."""
    before = trainer.step
    trainer.advance(LONG)
    return trainer.step - before


def _a_second(take: Callable[[], int], seconds: float) -> float:
    """Return the steps a second over about this many seconds, all finished on the device."""
    take()
    once = _timed(take, 1)[1]
    done, took = _timed(
        take, max(1, round(seconds / once))
    )  # a fixed number, since calls return long before the device has finished
    return done / took


def _timed(take: Callable[[], int], calls: int) -> tuple[int, float]:
    torch.cuda.synchronize()
    began = time.perf_counter()
    done = sum(take() for _ in range(calls))
    torch.cuda.synchronize()
    return done, time.perf_counter() - began


def _flops(exact: Trainer) -> float:
    """Return the floating-point operations of convolutions and products in a step of all panels."""
    with FlopCounterMode(display=False) as counter:
        exact.advance()
    return float(counter.get_total_flops())


def _kernels(trainer: Trainer) -> int:
    """Return the number of kernels of a captured step."""
    _advanced(trainer)
    torch.cuda.synchronize()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as seen:
        done = _advanced(trainer)
        torch.cuda.synchronize()
    on_device = [event for event in seen.events() if event.device_type.name == "CUDA"]
    return round(len(on_device) / done)


def _ceilings(table: Table, rounds: int) -> dict[str, float]:
    """Measure operations a second of large products, bytes a second of a copy, and the time of an empty kernel."""
    found: dict[str, float] = {}
    dtypes = (("float32", torch.float32), ("TF32", torch.float32), ("bfloat16", torch.bfloat16))
    before = torch.backends.cuda.matmul.allow_tf32
    for name, dtype in dtypes:
        torch.backends.cuda.matmul.allow_tf32 = name == "TF32"
        a = torch.rand(SIDE, SIDE, device="cuda", dtype=dtype)
        product = torch.empty_like(a)
        rates = [2 * SIDE**3 * _a_second(_once(torch.mm, a, a, out=product), 0.3) for _ in range(rounds)]
        found[name] = max(rates)
        table.add(f"ceiling: TFLOP a second, products of {SIDE} x {SIDE}, {name}", *(rate / 1e12 for rate in rates))
    torch.backends.cuda.matmul.allow_tf32 = before
    source = torch.rand(BUFFER, device="cuda")
    target = torch.empty_like(source)
    moved = [8 * BUFFER * _a_second(_once(target.copy_, source), 0.3) / 1e9 for _ in range(rounds)]
    table.add("ceiling: GB a second read and written, copy of 1 GiB", *moved)
    tiny = torch.zeros(1, device="cuda")
    kernels = [1 / _a_second(_graph(lambda: tiny.add_(1.0), KERNELS), 0.3) for _ in range(rounds)]
    found["kernel"] = min(kernels)
    table.add("ceiling: microseconds an empty kernel in a graph", *(1e6 * each for each in kernels))
    return found


def _once(call: Callable[..., object], *given: torch.Tensor, **named: torch.Tensor) -> Callable[[], int]:
    def take() -> int:
        call(*given, **named)
        return 1

    return take


def _graph(step: Callable[[], object], steps: int) -> Callable[[], int]:
    """Return a function that replays ``steps`` steps, captured as one graph, and returns their number."""
    side: torch.cuda.Stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(steps):
            step()

    def take() -> int:
        graph.replay()
        return steps

    return take
