"""How fast the engine is: against the loop one would write instead, and against what the machine could do.

    python -m benchmarks.engine [--quick] [--tables speed panels]

Prints tables and writes ``benchmarks/results/engine_*.{md,json}``. MNIST is read from the folders that
``LOSS_GEOMETRY_DATA`` names; what needs it is left out where it is not there, and what needs a GPU where none is.
A quick run shows that everything runs: it takes few rounds and keeps nothing.
"""

import argparse
from collections.abc import Callable, Mapping

import torch

from benchmarks.engine_cuda import cuda
from benchmarks.engine_floor import floor
from benchmarks.engine_parts import parts
from benchmarks.engine_snapshots import snapshots
from benchmarks.engine_speed import large, panels, speed
from benchmarks.engine_sweep import sweep
from benchmarks.report import Table

TABLES: Mapping[str, Callable[[bool], Table | None]] = {
    "speed": speed,
    "large": large,
    "panels": panels,
    "parts": parts,
    "floor": floor,
    "snapshots": snapshots,
    "sweep": sweep,
    "cuda": cuda,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="few rounds, nothing kept")
    parser.add_argument("--tables", nargs="+", default=list(TABLES), choices=list(TABLES))
    given = parser.parse_args()
    torch.set_num_threads(1)  # as the worker does on two cores: the other one is the server's
    for name in given.tables:
        table = TABLES[name](given.quick)
        if table is not None:
            table.write(keep=not given.quick)


if __name__ == "__main__":
    main()
