"""An experiment: everything that determines a run, as a frozen value with one canonical JSON."""

import hashlib
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    SkipValidation,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from engine.config import validation
from engine.nets import NETS, Net
from losses import LOSSES, Loss
from spec import Knob, Refusal, knobs_of
from toy_data import DATA_SETS, DataSet

_T = TypeVar("_T")

#: Knobs as the caller gives them; the loss, net or data set that has them checks them.
Knobs = Annotated[
    Mapping[str, SkipValidation[float | int | str | bool]], PlainSerializer(dict, return_type=dict[str, Any])
]

#: The whole numbers of an experiment, from the lowest to the highest that it allows.
_RANGES: Mapping[str, tuple[int, int]] = {
    "dim": (2, 3),
    "batch": (2, 4096),
    "steps": (1, 1_000_000),
    "steps_per_frame": (1, 10_000),
    "points": (1, 20_000),
    "seed": (0, 2**31 - 1),
}


class _Value(BaseModel):
    """A frozen value that is checked when it is made; numbers of NumPy become Python's.

    Its constructor raises ``Refusal`` with one sentence; pydantic's own ``model_validate`` and
    ``model_validate_json`` raise ``ValidationError``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __init__(self, /, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise refusal_of(error) from None

    # tells pydantic to make values inside others without this constructor, so that errors name their places
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @model_validator(mode="before")
    @classmethod
    def _plain_numbers(cls, values: Any) -> Any:
        return validation.plain(values)


class Panel(_Value):
    """One loss with its knobs; knobs that ``knobs`` does not name have their defaults.

    ``learning_rate`` is that of the experiment unless the panel has its own. Raises ``Refusal`` where the loss does
    not exist, or has no such knob, or does not allow its value.
    """

    loss: Annotated[str, AfterValidator(lambda slug: one_of("loss", slug, LOSSES).slug)]
    knobs: Knobs = {}
    learning_rate: Annotated[float, Field(strict=True, gt=0, le=1)] | None = None

    @model_validator(mode="after")
    def _fill_knobs(self) -> Self:
        object.__setattr__(self, "knobs", _fill(self.loss, knobs_of(LOSSES[self.loss]), self.knobs))
        return self

    def make(self) -> Loss:
        """Make the loss of this panel."""
        return LOSSES[self.loss](**self.knobs)


class Experiment(_Value):
    """What is trained on what, how, and for how long. Equal experiments are the same run.

    ``points`` is how many samples are shown (the test set first, then the training set; fewer where the data
    set is smaller), ``steps_per_frame`` how many steps lie between two frames. In the mode ``exact`` the same
    experiment gives the same bytes, and a panel has the same bytes alone and beside others. The mode ``fast`` gives
    this up for speed: panels of a family are computed together, by a compiled step where there is a compiler.

    Raises ``Refusal`` with the first thing that is wrong, and so does ``parse``.
    """

    data: Annotated[str, AfterValidator(lambda slug: one_of("data", slug, DATA_SETS).slug)] = "digits"
    dials: Knobs = {}
    net: Annotated[str, AfterValidator(lambda slug: one_of("net", slug, NETS).slug)] = "mlp"
    net_knobs: Knobs = {}
    dim: Literal[2, 3] = 2
    panels: Annotated[tuple[Panel, ...], Field(min_length=1, max_length=64)]
    optimizer: Literal["adam"] = "adam"
    learning_rate: Annotated[float, Field(strict=True, gt=0, le=1)] = 0.01
    batch: int = 128
    steps: int = 660
    steps_per_frame: int = 4
    points: int = 2000
    seed: int = 0
    mode: Literal["exact", "fast"] = "exact"

    @field_validator(*_RANGES, mode="before")
    @classmethod
    def _number(cls, value: Any, info: ValidationInfo) -> Any:
        return NUMBERS[str(info.field_name)].check(value)

    @model_validator(mode="after")
    def _fill_knobs(self) -> Self:
        object.__setattr__(self, "dials", _fill(self.data, knobs_of(DATA_SETS[self.data]), self.dials))
        object.__setattr__(self, "net_knobs", _fill(self.net, knobs_of(NETS[self.net]), self.net_knobs))
        return self

    @classmethod
    def parse(cls, document: str | bytes | Mapping[str, Any]) -> "Experiment":
        """Read an experiment from JSON or a mapping; raise ``Refusal`` where it is not a valid one."""
        try:
            if isinstance(document, str | bytes):
                return cls.model_validate_json(document)
            return cls.model_validate(document)
        except ValidationError as error:
            raise refusal_of(error) from None

    @property
    def canonical(self) -> str:
        """The one JSON text of this experiment: every knob written out, keys sorted, no spaces."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @property
    def key(self) -> str:
        """The SHA-256 of the canonical JSON: the same experiment is the same run."""
        return hashlib.sha256(self.canonical.encode()).hexdigest()

    def data_set(self) -> DataSet:
        """Make the data set of this experiment."""
        return DATA_SETS[self.data](**self.dials)

    def make_net(self) -> Net:
        """Make the net that every panel of this experiment trains."""
        return NETS[self.net](**self.net_knobs)

    def __hash__(self) -> int:
        return hash(self.canonical)


#: The whole numbers of an experiment as knobs.
NUMBERS: Mapping[str, Knob] = MappingProxyType(
    {
        name: Knob(name=name, kind="whole", default=Experiment.model_fields[name].default, low=low, high=high)
        for name, (low, high) in _RANGES.items()
    }
)


def refusal_of(error: ValidationError) -> Refusal:
    """Turn what pydantic found first into one of our sentences."""
    return validation.refusal(error, {model.__name__: model.model_fields for model in (Experiment, Panel)})


def one_of(name: str, slug: str, catalogue: Mapping[str, _T]) -> _T:
    """Return the value under a slug; raise ``Refusal``, which lists all slugs, where there is none."""
    if slug not in catalogue:
        raise Refusal("errors.unknown_name", name=name, value=repr(slug)[:40], allowed=", ".join(catalogue))
    return catalogue[slug]


def parse_knobs(owner: str, knobs: tuple[Knob, ...], written: Mapping[str, str]) -> dict[str, Any]:
    """Read knobs from text, as links and command lines have them; raise ``Refusal`` for unknown names and values."""
    by_name = {knob.name: knob for knob in knobs}
    return {name: _knob(owner, by_name, name).parse(value) for name, value in written.items()}


def _fill(owner: str, knobs: tuple[Knob, ...], values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Check the knobs that have values and add the defaults of the others."""
    by_name = {knob.name: knob for knob in knobs}
    checked = {name: _knob(owner, by_name, name).check(value) for name, value in values.items()}
    return MappingProxyType({name: checked.get(name, knob.default) for name, knob in by_name.items()})


def _knob(owner: str, by_name: Mapping[str, Knob], name: str) -> Knob:
    if name not in by_name:
        raise Refusal("errors.unknown_knob", owner=owner, name=repr(name[:40]), allowed=", ".join(by_name) or "-")
    return by_name[name]
