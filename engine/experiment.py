"""An experiment: everything that determines a run, as a frozen value with one canonical JSON."""

import hashlib
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_serializer, field_validator, model_validator

from engine.nets import NETS, Net
from losses import LOSSES, Loss
from spec import Knob, Refusal, knobs_of
from toy_data import DATA_SETS, DataSet

_T = TypeVar("_T")

_FROZEN = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Panel(BaseModel):
    """One loss with its knobs; ``knobs`` may name some of them, the others keep their defaults.

    ``learning_rate`` is that of the experiment unless the panel has its own.
    """

    model_config = _FROZEN

    loss: str
    knobs: Mapping[str, float | int | str | bool] = {}
    learning_rate: Annotated[float, Field(strict=True, gt=0, le=1)] | None = None

    @field_validator("loss")
    @classmethod
    def _known(cls, slug: str) -> str:
        return one_of("loss", slug, LOSSES).slug

    @model_validator(mode="after")
    def _filled(self) -> Self:
        object.__setattr__(self, "knobs", _fill(self.loss, knobs_of(LOSSES[self.loss]), self.knobs))
        return self

    @field_serializer("knobs")
    def _plain(self, knobs: Mapping[str, Any]) -> dict[str, Any]:
        return dict(knobs)

    def make(self) -> Loss:
        """Make the loss of this panel."""
        return LOSSES[self.loss](**self.knobs)


class Experiment(BaseModel):
    """What is trained on what, how, and for how long. Equal experiments are the same run.

    ``points`` is how many samples are shown (the test set first, then the training set; fewer where the data
    set is smaller), ``steps_per_frame`` how many steps lie between two frames. In the mode ``exact`` the same
    experiment gives the same bytes, and a panel beside others those of the same panel alone; ``fast`` gives this up
    for speed: panels of a family are computed together, and compiled where that can be.

    Raises ``ValidationError``, whose sentences come from the catalogue; ``parse`` raises ``Refusal`` with the first
    of them.
    """

    model_config = _FROZEN

    data: str = "digits"
    dials: Mapping[str, float | int | str | bool] = {}
    net: str = "mlp"
    net_knobs: Mapping[str, float | int | str | bool] = {}
    dim: Literal[2, 3] = 2
    panels: Annotated[tuple[Panel, ...], Field(min_length=1, max_length=64)]
    optimizer: Literal["adam"] = "adam"
    learning_rate: Annotated[float, Field(strict=True, gt=0, le=1)] = 0.01
    batch: Annotated[int, Field(strict=True, ge=2, le=4096)] = 128
    steps: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] = 660
    steps_per_frame: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 4
    points: Annotated[int, Field(strict=True, ge=1, le=20_000)] = 2000
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**31)] = 0
    mode: Literal["exact", "fast"] = "exact"

    @field_validator("data")
    @classmethod
    def _known_data(cls, slug: str) -> str:
        return one_of("data", slug, DATA_SETS).slug

    @field_validator("net")
    @classmethod
    def _known_net(cls, slug: str) -> str:
        return one_of("net", slug, NETS).slug

    @model_validator(mode="after")
    def _filled(self) -> Self:
        dials = _fill(self.data, knobs_of(DATA_SETS[self.data]), self.dials)
        object.__setattr__(self, "dials", dials)
        object.__setattr__(self, "net_knobs", _fill(self.net, knobs_of(NETS[self.net]), self.net_knobs))
        return self

    @field_serializer("dials", "net_knobs")
    def _plain(self, knobs: Mapping[str, Any]) -> dict[str, Any]:
        return dict(knobs)

    @classmethod
    def parse(cls, document: str | bytes | Mapping[str, Any]) -> "Experiment":
        """Read an experiment from JSON or a mapping; raise ``Refusal`` with one sentence where it is none."""
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


def refusal_of(error: ValidationError) -> Refusal:
    """Turn what pydantic found first into one of our sentences."""
    first = error.errors(include_url=False)[0]
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, Refusal):
        return cause
    place = ".".join(str(part) for part in first["loc"]) or "experiment"
    found = repr(first.get("input"))
    return Refusal("errors.experiment_field", place=place, found=found[:60], allowed=first["msg"])


def one_of(name: str, slug: str, known: Mapping[str, _T]) -> _T:
    """Return what is known under a slug, or raise ``Refusal`` naming what is."""
    if slug not in known:
        raise Refusal("errors.unknown_name", name=name, value=repr(slug[:40]), allowed=", ".join(known))
    return known[slug]


def parse_knobs(owner: str, knobs: tuple[Knob, ...], written: Mapping[str, str]) -> dict[str, Any]:
    """Read knobs from text, as links and command lines have them; raise ``Refusal`` for unknown names and values."""
    known = {knob.name: knob for knob in knobs}
    return {name: _knob(owner, known, name).parse(value) for name, value in written.items()}


def _fill(owner: str, knobs: tuple[Knob, ...], given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Check the knobs that are given and add the defaults of the others."""
    known = {knob.name: knob for knob in knobs}
    checked = {name: _knob(owner, known, name).check(value) for name, value in given.items()}
    return MappingProxyType({name: checked.get(name, knob.default) for name, knob in known.items()})


def _knob(owner: str, known: Mapping[str, Knob], name: str) -> Knob:
    if name not in known:
        raise Refusal("errors.unknown_knob", owner=owner, name=repr(name[:40]), allowed=", ".join(known) or "-")
    return known[name]
