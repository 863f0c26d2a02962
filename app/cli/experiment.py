"""The experiment that the options of ``train`` and ``sweep`` describe."""

import argparse
from collections.abc import Iterable

from app.cli.data_files import locate_data
from engine import Experiment
from engine.config.experiment import one_of, parse_knobs
from engine.nets import NETS
from losses import LOSSES
from spec import Refusal
from toy_data import DATA_SETS

#: Options that have the names of fields of an experiment.
_FIELDS = ("net", "dim", "batch", "steps", "steps_per_frame", "seed", "points", "learning_rate", "mode")


def make_experiment(options: argparse.Namespace) -> Experiment:
    """Make the experiment; raise ``Refusal`` where an option is wrong.

    Where ``--data`` names a file of the user's own, the data set becomes ``own`` and the file one of its dials.
    """
    options.data, file = locate_data(options.data)
    options.dial = [*([] if file is None else [f"file={file}"]), *options.dial]
    panels = [
        {"loss": slug, "knobs": parse_knobs(slug, one_of("loss", slug, LOSSES).knobs(), _parse_pairs(pairs))}
        for slug, pairs in options.panels
    ]
    net_knobs = one_of("net", options.net, NETS).knobs()
    return Experiment.parse(
        {
            **{name: getattr(options, name) for name in _FIELDS},
            "data": options.data,
            "panels": panels,
            "net_knobs": parse_knobs(options.net, net_knobs, _parse_pairs(options.net_set)),
            "dials": parse_knobs(options.data, DATA_SETS[options.data].dials(), _parse_pairs(options.dial)),
        }
    )


def _parse_pairs(words: Iterable[str]) -> dict[str, str]:
    """Split ``knob=value`` texts; raise ``Refusal`` where one has another form or a knob is named twice."""
    pairs: dict[str, str] = {}
    for word in words:
        name, sign, value = (part.strip() for part in word.partition("="))
        if not sign:
            raise Refusal("errors.not_a_pair", written=repr(word[:40]))
        if name in pairs:
            raise Refusal("cli.wrong.twice", name=name[:40])
        pairs[name] = value
    return pairs
