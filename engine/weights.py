"""All weights of all panels in one buffer, so that one fused call steps them all."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

import torch
from torch import Tensor

from engine.nets import Layout

#: Floats in a cache line. The fused optimiser treats the end of what does not fill one differently; blocks of
#: whole lines are why a panel's numbers do not depend on its neighbours.
LINE = 16

#: What a panel learns: by name, weights or their moments.
Tensors = Mapping[str, Tensor]


@final
@dataclass(frozen=True)
class Plan:
    """Where everything lies: the nets of all panels, one row each, then what each panel's loss learns."""

    net: Layout
    states: tuple[Layout, ...]
    row: int = field(init=False)
    starts: tuple[int, ...] = field(init=False)
    size: int = field(init=False)

    def __post_init__(self) -> None:
        row = _padded(self.net)
        starts = [row * len(self.states)]
        for state in self.states:
            starts.append(starts[-1] + _padded(state))
        object.__setattr__(self, "row", row)
        object.__setattr__(self, "starts", tuple(starts[:-1]))
        object.__setattr__(self, "size", starts[-1])

    def nets(self, buffer: Tensor) -> dict[str, Tensor]:
        """Return views ``(K, *shape)`` of the nets."""
        panels = len(self.states)
        rows = buffer[: panels * self.row].view(panels, self.row)
        views, place = {}, 0
        for name, shape in self.net.items():
            count = math.prod(shape)
            views[name] = rows[:, place : place + count].view(panels, *shape)
            place += count
        return views

    def state(self, buffer: Tensor, panel: int) -> dict[str, Tensor]:
        """Return views of what the loss of a panel learns."""
        views, place = {}, self.starts[panel]
        for name, shape in self.states[panel].items():
            count = math.prod(shape)
            views[name] = buffer[place : place + count].view(shape)
            place += count
        return views

    def owners(self) -> Tensor:
        """Return which panel each line of the buffer belongs to."""
        panels = torch.arange(len(self.states))
        states = torch.tensor([_padded(state) // LINE for state in self.states])
        return torch.cat([panels.repeat_interleave(self.row // LINE), panels.repeat_interleave(states)])


def _padded(layout: Layout) -> int:
    count = sum(math.prod(shape) for shape in layout.values())
    return -(-count // LINE) * LINE


@final
class Weights:
    """The weights of all panels, and Adam's memory of their gradients.

    Adam steps a buffer of zeros by one, and each panel takes what it finds there times its own learning rate:
    one fused call serves panels with different rates.
    """

    def __init__(self, plan: Plan, device: torch.device) -> None:
        self.values = torch.zeros(plan.size, device=device)
        self._build(plan, torch.zeros(plan.size, device=device), torch.zeros(plan.size, device=device), 0)

    @property
    def moments(self) -> tuple[Tensor, Tensor]:
        """Adam's running means of the gradient and of its square."""
        memory = self._adam.state[self._unit]
        return memory["exp_avg"], memory["exp_avg_sq"]

    def leaves(self) -> list[tuple[dict[str, Tensor], dict[str, Tensor]]]:
        """Return each panel's net and what its loss learns as leaves: the gradients of a pass add up in ``gradient``.

        They are views of ``values``, made once.
        """
        if not self._leaves:
            for panel in range(len(self.plan.states)):
                pair: list[dict[str, Tensor]] = []
                for values, gradients in (
                    (self._net(self.values, panel), self._net(self.gradient, panel)),
                    (self.plan.state(self.values, panel), self.plan.state(self.gradient, panel)),
                ):
                    pair.append({name: view.detach().requires_grad_() for name, view in values.items()})
                    for name, leaf in pair[-1].items():
                        leaf.grad = gradients[name]
                self._leaves.append((pair[0], pair[1]))
        return self._leaves

    def _net(self, buffer: Tensor, panel: int) -> dict[str, Tensor]:
        return {name: view[panel] for name, view in self.plan.nets(buffer).items()}

    def count(self, steps: int) -> None:
        """Note how many steps Adam has taken, where somebody else took them."""
        self._adam.state[self._unit]["step"].fill_(steps)

    def norms(self) -> Tensor:
        """Return the length of each panel's gradient ``(K,)``, net and loss together."""
        lines = self.gradient.view(-1, LINE)
        squares = (lines * lines).sum(1)
        if squares.device.type != "mps":  # which has no float64
            squares = squares.double()
        # line after line, so that the order of the sum does not depend on how many panels there are
        panels = torch.zeros(len(self.plan.states), dtype=squares.dtype, device=squares.device)
        return panels.index_add_(0, self._owners, squares).sqrt()

    def step(self, rates: Tensor, scales: Tensor, alive: Tensor | None) -> None:
        """Move all panels by their rates ``(K,)``, their gradients scaled by ``scales`` ``(K,)``.

        Where ``alive`` ``(K,)`` is given, the other panels stay where they are whatever their gradients hold.
        """
        lines = self.gradient.view(-1, LINE)
        lines.mul_(scales[self._owners, None])
        if alive is not None:
            lines.masked_fill_(~alive[self._owners, None], 0.0)
        with torch.no_grad():
            self._unit.zero_()
            self._adam.step()
            moved = self._unit.view(-1, LINE).mul_(rates[self._owners, None])
            if alive is not None:
                moved.masked_fill_(~alive[self._owners, None], 0.0)
            self.values.view(-1, LINE).add_(moved)

    def adopt(self, plan: Plan) -> None:
        """Rearrange for a plan whose nets are the same: what keeps its name and shape keeps its value and memory.

        What is new is zero; the caller fills it.
        """
        first, second = self.moments
        steps = int(self._adam.state[self._unit]["step"])
        self.values, first, second = (_moved(old, self.plan, plan) for old in (self.values, first, second))
        self._build(plan, first, second, steps)

    def restore(self, values: Tensor, first: Tensor, second: Tensor, steps: int) -> None:
        """Take over values and Adam's memory as they were after so many steps."""
        self.values.copy_(values)
        self._build(self.plan, first.to(self.values.device), second.to(self.values.device), steps)

    def _build(self, plan: Plan, first: Tensor, second: Tensor, steps: int) -> None:
        self.plan = plan
        self._owners = plan.owners().to(self.values.device)
        self.gradient = torch.zeros_like(self.values)
        self._leaves: list[tuple[dict[str, Tensor], dict[str, Tensor]]] = []
        self._unit = torch.zeros_like(self.values).requires_grad_()
        self._unit.grad = self.gradient
        self._adam = torch.optim.Adam([self._unit], lr=1.0, fused=True)
        count = torch.tensor(float(steps), device=self.values.device)
        self._adam.state[self._unit] = {"step": count, "exp_avg": first, "exp_avg_sq": second}


def _moved(old: Tensor, before: Plan, after: Plan) -> Tensor:
    new = torch.zeros(after.size, device=old.device)
    nets = before.row * len(before.states)
    new[:nets] = old[:nets]
    for panel in range(len(before.states)):
        source, target = before.state(old, panel), after.state(new, panel)
        for name in source.keys() & target.keys():
            if source[name].shape == target[name].shape:
                target[name].copy_(source[name])
    return new
