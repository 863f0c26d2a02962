"""How much memory one more panel takes, estimated before a sweep is trained."""

import torch

from engine.config.experiment import Experiment, Panel
from engine.config.seeds import generator
from engine.machine.saved_bytes import saved_tensor_sizes
from engine.machine.threads import leave_one_core
from toy_data import Samples

#: Tensors of the size of all parameters: the weights, their gradient, Adam's two means, and Adam's step.
_COPIES = 5

#: What a step needs beside the parameters, as a multiple of what autograd saves of a batch.
_AROUND = 2


def estimate_bytes(experiment: Experiment, panel: Panel, samples: Samples) -> int:
    """Return about how many bytes a panel takes: its parameters, and what autograd saves of a batch.

    The latter is counted in one forward pass of the net and the loss. Raises ``Refusal`` where the net cannot take the
    samples.
    """
    loss, net = panel.make(), experiment.make_net()
    classes, sample = len(samples.classes), samples.train_x.shape[1:]
    size = min(experiment.batch, len(samples.train_y))
    weights = {name: torch.zeros(shape) for name, shape in net.layout(sample, experiment.dim).items()}
    state = loss.init(classes, experiment.dim, generator(experiment.seed, "loss"))
    learned = [*weights.values(), *(tensor for name, tensor in state.items() if name not in loss.non_gradient_state)]
    for tensor in learned:
        tensor.requires_grad_()
    with leave_one_core(), saved_tensor_sizes() as saved:
        z = net.one(weights, torch.zeros(size, *sample))
        loss.per_sample(z, torch.arange(size) % classes, state).mean()
    return _COPIES * sum(tensor.nbytes for tensor in learned) + _AROUND * sum(saved)
