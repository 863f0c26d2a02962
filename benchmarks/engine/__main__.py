"""The speed of the engine, compared with a plain training loop and with the limits of the machine.

    python -m benchmarks.engine [--quick] [--tables speed panels]

Prints tables and writes ``benchmarks/results/engine_*.{md,json}``. MNIST is read from the folders that
``LOSS_GEOMETRY_DATA`` names. Without MNIST or without a GPU, the cases that need it are left out.
A quick run only shows that everything works: it takes few rounds and writes nothing.
"""

import argparse
from collections.abc import Callable, Mapping

import torch

from benchmarks.engine.cuda import cuda
from benchmarks.engine.floor import floor
from benchmarks.engine.parts import parts
from benchmarks.engine.snapshots import snapshots
from benchmarks.engine.speed import large, panels, speed
from benchmarks.engine.sweep import sweep
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
    torch.set_num_threads(1)  # as the worker on two cores, where the other core is for the server
    for name in given.tables:
        table = TABLES[name](given.quick)
        if table is not None:
            table.write(keep=not given.quick)


if __name__ == "__main__":
    main()
