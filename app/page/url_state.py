"""The state of the page as a frozen value, and the same as the query string of a link, both ways exact."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from app.page.experiment_knobs import DEFAULT, SETTINGS, Value, changed
from engine import Experiment, Panel
from engine.config.edits import LEARNING_RATE
from engine.config.experiment import one_of
from engine.nets import NETS
from engine.recording.library import check_id
from losses import LOSSES
from spec import LANGUAGES, Knob, Message, Refusal, knobs_of
from toy_data import DATA_SETS

T = TypeVar("T")

#: As many pictures as fit on a screen.
MAX_PANELS = 6

#: As many curves as stay apart by eye beside the loss itself.
MAX_REFERENCES = 3

#: No word, id or list of three numbers is longer.
LONGEST = 100

_DATA = Knob(name="data", kind="choice", default=DEFAULT.data, choices=tuple(DATA_SETS))
_LOSS = Knob(name="loss", kind="choice", default=DEFAULT.panels[0].loss, choices=tuple(LOSSES))
_LANGUAGE = Knob(name="lang", kind="choice", default=LANGUAGES[0], choices=LANGUAGES)
_FRAME = Knob(name="frame", kind="whole", default=0, low=0, high=2**31 - 1)

#: What Streamlit itself puts into a link.
_FOREIGN = {"embed", "embed_options"}


@dataclass(frozen=True)
class Link:
    """What the page shows: everything that a link restores.

    ``experiment`` is what the controls describe, ``run`` and ``frame`` what the stage shows ("" and ``None``: the
    recording of that experiment, from its start). ``curve`` is the loss of the curves (``None``: the last panel's);
    ``compare`` names the knob of ``curve`` whose values in ``against`` are drawn for reference, or is ``default``
    or "".
    """

    language: str = LANGUAGES[0]
    experiment: Experiment = DEFAULT
    run: str = ""
    frame: int | None = None
    curve: Panel | None = None
    compare: str = ""
    against: tuple[Value, ...] = ()

    @property
    def curved(self) -> Panel:
        """The loss whose curves are shown."""
        return self.curve or self.experiment.panels[-1]


def write(link: Link) -> dict[str, str]:
    """Write a link as query parameters: only what is not the default, so that links stay short.

    The panels are written beside a run even where they are the default: a run without them means its own.
    """
    experiment = link.experiment
    query = {"lang": link.language} if link.language != LANGUAGES[0] else {}
    if experiment.data != DEFAULT.data:
        query["data"] = experiment.data
    query |= _changed("data.", knobs_of(DATA_SETS[experiment.data]), experiment.dials)
    query |= _changed("", SETTINGS, {knob.name: getattr(experiment, knob.name) for knob in SETTINGS})
    query |= _changed("net.", knobs_of(NETS[experiment.net]), experiment.net_knobs)
    if link.run or experiment.panels != DEFAULT.panels:
        for number, panel in enumerate(experiment.panels, 1):
            query |= _panel(f"p{number}", panel)
    query |= {"run": link.run} if link.run else {}
    query |= {"frame": str(link.frame)} if link.frame is not None else {}
    query |= _panel("curve", link.curve) if link.curve else {}
    query |= {"compare": link.compare} if link.compare else {}
    query |= {"against": ",".join(map(shown, link.against))} if link.against else {}
    return query


def read(query: Mapping[str, Sequence[str]], language: str = LANGUAGES[0]) -> tuple[Link, tuple[Message, ...]]:
    """Read a link from all values of each query parameter; return it with a sentence for each part that is wrong.

    A part that is missing or wrong keeps its default; ``language`` is the default of the language.
    """
    reader = _Reader(query)
    language = reader.take("lang", _LANGUAGE.parse, language)
    data = reader.take("data", _DATA.parse, DEFAULT.data)
    fields: dict[str, Any] = {"data": data, "dials": reader.knobs("data.", knobs_of(DATA_SETS[data]))}
    fields |= reader.knobs("", SETTINGS)
    fields["net_knobs"] = reader.knobs("net.", knobs_of(NETS[fields.get("net", DEFAULT.net)]))
    panels = [panel for number in range(1, MAX_PANELS + 1) if (panel := reader.panel(f"p{number}"))]
    fields["panels"] = tuple(panels) or DEFAULT.panels
    run = reader.take("run", check_id, "")
    frame = reader.take("frame", _FRAME.parse, None)
    curve = reader.panel("curve")
    link = Link(language, reader.experiment(fields), run, frame, curve)
    knobs = {knob.name: knob for knob in knobs_of(LOSSES[link.curved.loss])}
    known = {"default": "default"} | {name: name for name in knobs}
    compare: str = reader.take("compare", lambda word: one_of("compare", word, known), "")
    against = reader.take("against", lambda words: _values(knobs, compare, words), ())
    if compare:  # it belongs to the loss that it was chosen for
        link = replace(link, curve=link.curved, compare=compare, against=against)
    return link, reader.complaints()


def shown(value: Value) -> str:
    """Write a value as briefly as it can be read back exactly."""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


class _Reader:
    """Takes a query apart, each parameter once, and keeps the sentences about what is wrong."""

    def __init__(self, query: Mapping[str, Sequence[str]]) -> None:
        self._left = {name: values for name, values in query.items() if name not in _FOREIGN}
        self._wrong: list[Message] = []

    def take(self, name: str, parse: Callable[[str], Any], default: T) -> T:
        """Return what a parameter says, or the default where it is missing or wrong."""
        written = self._left.pop(name, None)
        if written is None:
            return default
        try:
            if len(written) != 1:
                raise Refusal("ui.link.twice", name=name, count=len(written))
            if len(written[0]) > LONGEST:
                raise Refusal("ui.link.long", name=name, found=len(written[0]), limit=LONGEST)
            value: T = parse(written[0])
        except Refusal as refusal:
            self._wrong.append(refusal.message)
            return default
        return value

    def knobs(self, prefix: str, knobs: Sequence[Knob]) -> dict[str, Value]:
        """Return the knobs that are given, those that are wrong at their defaults."""
        return {
            knob.name: self.take(prefix + knob.name, knob.parse, knob.default)
            for knob in knobs
            if prefix + knob.name in self._left
        }

    def panel(self, name: str) -> Panel | None:
        """Return a loss with its knobs, or ``None`` where the link does not name it."""
        if name not in self._left:
            return None
        loss = self.take(name, _LOSS.parse, str(_LOSS.default))
        rate = self.take(f"{name}.{LEARNING_RATE.name}", LEARNING_RATE.parse, None)
        return Panel(loss=loss, knobs=self.knobs(f"{name}.", knobs_of(LOSSES[loss])), learning_rate=rate)

    def experiment(self, fields: Mapping[str, object]) -> Experiment:
        """Return the experiment with these fields, or the default where they do not go together."""
        try:
            return changed(DEFAULT, **fields)
        except Refusal as refusal:
            self._wrong.append(refusal.message)
            return DEFAULT

    def complaints(self) -> tuple[Message, ...]:
        """Return what was wrong, and what nobody asked for."""
        unknown = tuple(Message.of("ui.link.unknown", name=repr(name[:40])) for name in self._left)
        return (*self._wrong, *unknown)


def _changed(prefix: str, knobs: Sequence[Knob], values: Mapping[str, Value]) -> dict[str, str]:
    written = {knob: shown(values[knob.name]) for knob in knobs}
    return {prefix + knob.name: word for knob, word in written.items() if word != shown(knob.default)}


def _panel(name: str, panel: Panel) -> dict[str, str]:
    rate = {} if panel.learning_rate is None else {f"{name}.{LEARNING_RATE.name}": shown(panel.learning_rate)}
    return {name: panel.loss} | _changed(f"{name}.", knobs_of(LOSSES[panel.loss]), panel.knobs) | rate


def _values(knobs: Mapping[str, Knob], compare: str, written: str) -> tuple[Value, ...]:
    words = written.split(",")
    if compare not in knobs or len(words) > MAX_REFERENCES:
        raise Refusal("ui.link.against", limit=MAX_REFERENCES)
    return tuple(knobs[compare].parse(word) for word in words)
