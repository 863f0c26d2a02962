"""Experiments on real images that are known to train well, as values to start from; docs/recipes.md has the figures."""

from collections.abc import Mapping
from types import MappingProxyType

from engine.config.experiment import Experiment, Panel

#: Batches of 128 in an epoch of MNIST's 60,000 pictures; what does not fill a batch is left out.
_EPOCH = 60_000 // 128

#: By name: ArcFace beside softmax in the plane, five epochs of the small net; softmax alone, fifty epochs of the
#: net of the papers, which is meant for a GPU.
RECIPES: Mapping[str, Experiment] = MappingProxyType(
    {
        "mnist_cnn": Experiment(
            data="mnist",
            net="cnn",
            panels=(Panel(loss="arcface"), Panel(loss="softmax")),
            steps=5 * _EPOCH,
            steps_per_frame=20,
            mode="fast",
        ),
        "mnist_lenet_pp": Experiment(
            data="mnist",
            net="lenet_pp",
            panels=(Panel(loss="softmax"),),
            steps=50 * _EPOCH,
            steps_per_frame=100,
            learning_rate=0.001,
            mode="fast",
        ),
    }
)
