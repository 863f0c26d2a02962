"""Edits of a run: a knob of some panels changes its value between two steps."""

from collections.abc import Mapping

from engine.config.edits import LEARNING_RATE, Edit
from engine.state.train_state import TrainState, gradient_layout, rule_part, start_of
from engine.state.weights import Plan
from losses import Loss
from spec import Refusal


def apply_edit(state: TrainState, edit: Edit) -> None:
    """Move a knob before the next step; raise ``Refusal``, and change nothing, where the edit makes no sense."""
    if edit.step != state.step:
        raise Refusal("data.edit_step", found=edit.step, step=state.step)
    panels = _panels(state, edit)
    if edit.knob == LEARNING_RATE.name:
        rate = LEARNING_RATE.check(edit.value)
        assert isinstance(rate, float)
        for panel in panels:
            state.base_rates[panel] = rate
    else:
        _replace_losses(state, {panel: state.losses[panel].replace(**{edit.knob: edit.value}) for panel in panels})
    for panel in panels:
        state.edit_steps[panel] = state.step
    state.edits.append(edit)


def _panels(state: TrainState, edit: Edit) -> list[int]:
    """Return the panels that an edit is for."""
    count = len(state.losses)
    panels = list(range(count)) if edit.panel is None else [edit.panel]
    if any(isinstance(panel, bool) or not isinstance(panel, int) or not 0 <= panel < count for panel in panels):
        raise Refusal("data.edit_panel", value=str(edit.panel)[:40], last=count - 1)
    if edit.knob == LEARNING_RATE.name:
        return panels
    names = {panel: [knob.name for knob in state.losses[panel].knobs()] for panel in panels}
    with_knob = [panel for panel in panels if edit.knob in names[panel]]
    if not with_knob:
        allowed = dict.fromkeys([LEARNING_RATE.name, *(name for own in names.values() for name in own)])
        raise Refusal("data.edit_knob", name=repr(edit.knob)[:40], allowed=", ".join(allowed))
    return with_knob


def _replace_losses(state: TrainState, losses: Mapping[int, Loss]) -> None:
    """Replace losses; what has the same name and shape afterwards keeps its value, and what is new starts afresh."""
    layouts = list(state.weights.plan.states)
    starts = {}
    for panel, loss in losses.items():
        before = state.panel_state(panel)
        starts[panel] = {
            name: before[name].clone() if name in before and before[name].shape == tensor.shape else tensor
            for name, tensor in start_of(loss, state.experiment, state.data).items()
        }
        state.losses[panel] = loss
        state.rule_state[panel] = rule_part(loss, starts[panel])
        layouts[panel] = gradient_layout(loss, starts[panel])
    if tuple(layouts) == state.weights.plan.states:
        return
    state.weights.rearrange(Plan(state.weights.plan.net, tuple(layouts)))
    for panel, start in starts.items():
        state.fill(panel, start)
