"""All weights of all panels in one buffer, with Adam's memory of their gradients."""

import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import final

import torch
from torch import Tensor

from engine.nets import Layout

#: Floats in a cache line. Kernels treat the end of what does not fill one differently; blocks of whole lines are why
#: a panel's numbers do not depend on its neighbours.
LINE = 16

#: Adam's decay of the mean gradient and of its square, and what is added to the root (Kingma & Ba 2015, section 2).
FIRST, SECOND, TINY = 0.9, 0.999, 1e-8

#: What a panel learns: by name, weights or their moments.
Tensors = Mapping[str, Tensor]

#: Of a panel: what belongs to its net, and to what its loss learns, each with zeros up to a whole line.
Rows = tuple[Tensor, Tensor]


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

    def rows(self, buffer: Tensor, panel: int) -> Rows:
        """Return the net of a panel and what its loss learns, a row each."""
        state = buffer[self.starts[panel] :][: _padded(self.states[panel])]
        return buffer[self.row * panel :][: self.row], state

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
    """The weights of all panels, and Adam's memory of their gradients."""

    def __init__(self, plan: Plan, device: torch.device) -> None:
        self.values = torch.zeros(plan.size, device=device)
        self._build(plan, torch.zeros(plan.size, device=device), torch.zeros(plan.size, device=device), 0)

    def rows(self, panel: int) -> Rows:
        """Return the net and what the loss learns of a panel, a row each, the end of which is zero."""
        return self._rows[panel]

    def net_rows(self, panels: Sequence[int]) -> Tensor:
        """Return the nets of panels, a row each ``(K, row)``: themselves where they lie one after another."""
        count, ends = len(panels), self.plan.row * len(self.plan.states)
        rows = self.values[:ends].view(-1, self.plan.row)
        return rows[panels[0] :][:count] if panels[-1] - panels[0] == count - 1 else rows[list(panels)]

    def count(self, steps: int) -> None:
        """Note how many steps Adam has taken, where somebody else took them."""
        self._steps.fill_(steps)

    def step(
        self, rates: Sequence[float], gradients: Sequence[Rows], divisors: Tensor, stopped: Container[int]
    ) -> None:
        """Let Adam move the panels at their rates, along their gradients divided by ``divisors`` ``(K,)``.

        Those that are ``stopped`` stay where they are, whatever their gradients hold.
        """
        self._steps += 1
        alike: dict[float, list[int]] = {}  # the kernel takes one rate
        for panel, rate in enumerate(rates):
            if panel not in stopped:
                alike.setdefault(rate, []).append(panel)
        whole = divisors.tolist()
        for rate, panels in alike.items():
            pulls = [row if whole[own] == 1 else row / whole[own] for own in panels for row in gradients[own]]
            first, second = ([row for own in panels for row in self._memory[own][which]] for which in (0, 1))
            # what torch.optim.Adam(fused=True) calls; what it does around it takes four times as long
            torch._fused_adam_(
                [row for own in panels for row in self._rows[own]],
                pulls,
                first,
                second,
                [],
                [self._steps] * len(pulls),
                lr=rate,
                beta1=FIRST,
                beta2=SECOND,
                weight_decay=0.0,
                eps=TINY,
                amsgrad=False,
                maximize=False,
                grad_scale=None,
                found_inf=None,
            )

    def adopt(self, plan: Plan) -> None:
        """Rearrange for a plan whose nets are the same: what keeps its name and shape keeps its value and memory.

        What is new is zero; the caller fills it.
        """
        self.values, first, second = (_moved(old, self.plan, plan) for old in (self.values, *self.moments))
        self._build(plan, first, second, int(self._steps))

    def restore(self, values: Tensor, first: Tensor, second: Tensor, steps: int) -> None:
        """Take over values and Adam's memory as they were after so many steps."""
        self.values.copy_(values)
        self._build(self.plan, first.to(self.values.device), second.to(self.values.device), steps)

    def _build(self, plan: Plan, first: Tensor, second: Tensor, steps: int) -> None:
        self.plan = plan
        self.moments = first, second  # Adam's running means of the gradient and of its square
        self._steps = torch.tensor(float(steps), device=self.values.device)
        panels = range(len(plan.states))
        self._rows = [plan.rows(self.values, panel) for panel in panels]
        self._memory = [(plan.rows(first, panel), plan.rows(second, panel)) for panel in panels]


def norms(gradients: Sequence[Rows]) -> Tensor:
    """Return the length of each panel's gradient ``(K,)``, net and loss together."""
    lengths: Sequence[Tensor] = torch._foreach_norm([piece for rows in gradients for piece in rows])
    seen: Tensor = torch.linalg.vector_norm(torch.stack(list(lengths)).view(len(gradients), -1), dim=1)
    return seen


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
