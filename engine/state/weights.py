"""All weights of all panels in one buffer, with the two means that Adam keeps of their gradients."""

import math
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from typing import final

import torch
from torch import Tensor

from engine.nets import Layout
from engine.state.adam import AdamBuffers, move_rows

#: Floats in a cache line. Kernels treat the end of a partly filled line differently. Every block fills whole lines, so
#: that a panel's numbers do not depend on the panels beside it.
LINE = 16

#: Tensors of a panel or a family, in the order of their names.
Parts = tuple[Tensor, ...]

#: Names and shapes of the tensors that lie one after another in a row.
Pieces = tuple[tuple[str, tuple[int, ...]], ...]

#: Of a panel: one row for its net and one for what its loss learns, each with zeros up to a whole line.
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
        row = _whole_lines(self.net)
        starts = [row * len(self.states)]
        for state in self.states:
            starts.append(starts[-1] + _whole_lines(state))
        object.__setattr__(self, "row", row)
        object.__setattr__(self, "starts", tuple(starts[:-1]))
        object.__setattr__(self, "size", starts[-1])

    def nets(self, buffer: Tensor) -> dict[str, Tensor]:
        """Return views ``(K, *shape)`` of the nets."""
        rows = buffer[: len(self.states) * self.row].view(-1, self.row)
        return dict(zip(self.net, split_rows(rows, self.net.items()), strict=True))

    def state(self, buffer: Tensor, panel: int) -> dict[str, Tensor]:
        """Return views of what the loss of a panel learns."""
        layout = self.states[panel]
        return dict(zip(layout, split_rows(buffer[self.starts[panel] :], layout.items()), strict=True))

    def rows(self, buffer: Tensor, panel: int) -> Rows:
        """Return the net of a panel and what its loss learns, a row each."""
        state = buffer[self.starts[panel] :][: _whole_lines(self.states[panel])]
        return buffer[self.row * panel :][: self.row], state

    def owners(self) -> Tensor:
        """Return which panel each line of the buffer belongs to."""
        panels = torch.arange(len(self.states))
        states = torch.tensor([_whole_lines(state) // LINE for state in self.states])
        return torch.cat([panels.repeat_interleave(self.row // LINE), panels.repeat_interleave(states)])

    def split(self, buffers: AdamBuffers, panels: range) -> tuple[AdamBuffers, AdamBuffers]:
        """Return the nets ``(K, row)`` of neighbouring panels, and what their losses learn ``(T,)``, as views."""
        ends = (*self.starts, self.size)
        whole = (buffers.values, buffers.first, buffers.second)
        nets = (own[: ends[0]].view(-1, self.row)[panels.start : panels.stop] for own in whole)
        return AdamBuffers(*nets), AdamBuffers(*(own[ends[panels.start] : ends[panels.stop]] for own in whole))


def split_rows(rows: Tensor, layout: Iterable[tuple[str, tuple[int, ...]]]) -> Parts:
    """Return the tensors ``(..., *shape)`` that rows ``(..., S)`` begin with, as views."""
    parts, start = [], 0
    for _, shape in layout:
        size = math.prod(shape)
        parts.append(rows[..., start : start + size].view((*rows.shape[:-1], *shape)))
        start += size
    return tuple(parts)


def _whole_lines(layout: Layout) -> int:
    count = sum(math.prod(shape) for shape in layout.values())
    return -(-count // LINE) * LINE


@final
class Weights:
    """The weights of all panels, and Adam's means of their gradients."""

    def __init__(self, plan: Plan, device: torch.device) -> None:
        self._build(plan, AdamBuffers(*(torch.zeros(plan.size, device=device) for _ in range(3))))

    @property
    def values(self) -> Tensor:
        """The weights ``(size,)``."""
        return self.buffers.values

    @property
    def moments(self) -> tuple[Tensor, Tensor]:
        """Adam's running means ``(size,)`` of the gradient and of its square."""
        return self.buffers.first, self.buffers.second

    def rows(self, panel: int) -> Rows:
        """Return the net and what the loss learns of a panel, a row each, the end of which is zero."""
        return self._rows[panel]

    def net_rows(self, panels: Sequence[int]) -> Tensor:
        """Return the nets of panels, a row each ``(K, row)``: views where they lie one after another."""
        count, ends = len(panels), self.plan.row * len(self.plan.states)
        rows = self.values[:ends].view(-1, self.plan.row)
        return rows[panels[0] :][:count] if panels[-1] - panels[0] == count - 1 else rows[list(panels)]

    def adam_step(self, step: int, rates: Sequence[float], gradients: Sequence[Rows], stopped: Container[int]) -> None:
        """Let Adam move the panels along their gradients, each at its rate; ``stopped`` ones stay where they are.

        ``step`` is the number of steps before this one.
        """
        self._counts.fill_(step)
        by_rate: dict[float, list[int]] = {}  # the kernel takes one rate
        for panel, rate in enumerate(rates):
            if panel not in stopped:
                by_rate.setdefault(rate, []).append(panel)
        for rate, panels in by_rate.items():
            buffers = [row for panel in panels for row in self._row_buffers[panel]]
            steps = [count for panel in panels for count in self._row_counts[panel]]
            move_rows(buffers, [row for panel in panels for row in gradients[panel]], steps, rate)

    def rearrange(self, plan: Plan) -> None:
        """Rearrange for a plan whose nets are the same: what has the same name and shape has its value and means.

        What is new is zero; the caller fills it.
        """
        old = (self.values, *self.moments)
        self._build(plan, AdamBuffers(*(_rearranged(own, self.plan, plan) for own in old)))

    def restore(self, values: Tensor, first: Tensor, second: Tensor) -> None:
        """Set the values and Adam's means as they were at another time."""
        self.values.copy_(values)
        device = self.values.device
        self._build(self.plan, AdamBuffers(self.values, first.to(device), second.to(device)))

    def _build(self, plan: Plan, buffers: AdamBuffers) -> None:
        self.plan, self.buffers = plan, buffers
        panels = range(len(plan.states))
        tensors = (buffers.values, buffers.first, buffers.second)
        by_panel = [[plan.rows(own, panel) for own in tensors] for panel in panels]
        self._rows = [values for values, *_ in by_panel]
        self._row_buffers = [[AdamBuffers(*own) for own in zip(*rows, strict=True)] for rows in by_panel]
        # the kernel counts the steps of each row
        self._counts = torch.zeros(len(panels), 2, device=buffers.values.device)
        self._row_counts = [panel.unbind() for panel in self._counts.unbind()]


def _rearranged(old: Tensor, before: Plan, after: Plan) -> Tensor:
    new = torch.zeros(after.size, device=old.device)
    nets = before.row * len(before.states)
    new[:nets] = old[:nets]
    for panel in range(len(before.states)):
        source, target = before.state(old, panel), after.state(new, panel)
        for name in source.keys() & target.keys():
            if source[name].shape == target[name].shape:
                target[name].copy_(source[name])
    return new
