"""Values and gradients are finite at every limit of the knobs and at every hard place of the embeddings."""

from collections.abc import Iterator

import torch
from torch import Tensor

from losses import Loss
from losses.toolkit.class_spread import start_vectors
from verification.cases import Knobs, batch_of, generator, gradients
from verification.comparison import Finding, Topic, count, knob_list

#: Classes 3 and 5 are absent.
LABELS = (0, 0, 1, 2, 2, 4)


def hard_places(dtype: torch.dtype, y: Tensor) -> Tensor:
    """Return embeddings ``(P, N, 2)``: tiny, huge, at one place, zero, on and opposite to class vectors, far out."""
    z = batch_of(3, samples=len(y), dtype=dtype)[0]
    spoke = start_vectors(6, 2, generator(0)).to(dtype)[y]
    places = [z * scale for scale in (1e-6, 1e-3, 1, 1e2, 1e4)]
    places += [spoke * scale for scale in (1e-6, 1, 1e4, -1, -1e4)]
    places += [torch.zeros_like(z), z[:1].expand(len(y), 2), z[:1].expand(len(y), 2) * 1e-9]
    return torch.stack(places)


def extremes(loss: type[Loss], knobs: Knobs) -> Iterator[Finding]:
    """Count how many numbers are finite: mean, gradients, state after the update, and what ``observe`` returns."""
    y, one = torch.tensor(LABELS), loss(**knobs)
    for dtype in (torch.float32, torch.float64):
        places = hard_places(dtype, y)
        state = {name: tensor.to(dtype) for name, tensor in one.init(6, 2, generator(0)).items()}

        def numbers(z: Tensor, state: dict[str, Tensor] = state) -> list[Tensor]:
            (by_state, by_z), mean = gradients(one, z, y, state)
            return [mean, by_z, *by_state.values(), *one.update(z, y, state).values()]

        tensors: list[Tensor] = [*torch.vmap(numbers)(places)]
        tensors += [values for z in places for values in one.observe(z, y, state).values()]
        finite = [torch.isfinite(tensor) for tensor in tensors]
        held, of = sum(int(each.sum()) for each in finite), sum(each.numel() for each in finite)
        name = str(dtype).removeprefix("torch.")
        yield count(Topic.of("finite", "contract", dtype=name), held, of, knob_list(knobs))
