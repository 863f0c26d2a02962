"""The state of the page as a frozen value, written as the query string of a link and read back exactly."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from app.page.experiment_knobs import DEFAULT, SETTINGS, Value, with_settings
from engine import Experiment, Panel
from engine.config.edits import LEARNING_RATE
from engine.config.experiment import one_of
from engine.nets import NETS
from engine.recording.library import check_id
from losses import LOSSES
from spec import LANGUAGES, Knob, Message, Refusal, knobs_of
from toy_data import DATA_SETS

T = TypeVar("T")

#: The most panels of a page, in its link (``p1`` to ``p6``) and on its stage: two rows of three pictures.
MAX_PANELS = 6

#: The most curves that one can tell apart beside the curve of the loss itself.
MAX_REFERENCES = 3

#: The most characters of a value; no word, id or list of three numbers is longer.
MAX_LENGTH = 100

_DATA = Knob(name="data", kind="choice", default=DEFAULT.data, choices=tuple(DATA_SETS))
_LOSS = Knob(name="loss", kind="choice", default=DEFAULT.panels[0].loss, choices=tuple(LOSSES))
_LANGUAGE = Knob(name="lang", kind="choice", default=LANGUAGES[0], choices=LANGUAGES)
_FRAME = Knob(name="frame", kind="whole", default=0, low=0, high=2**31 - 1)

#: Parameters that Streamlit itself reads.
_FOREIGN = {"embed", "embed_options"}


@dataclass(frozen=True)
class Link:
    """What the page shows: everything that a link restores.

    ``experiment`` is what the controls describe. ``run`` and ``frame`` are what the stage shows; "" and ``None`` mean
    the recording of that experiment, from its start. ``curve`` is the loss of the curves; ``None`` means the loss of
    the last panel. ``compare`` is the knob of that loss whose values in ``against`` are drawn for reference, or
    ``default``, or "" for no comparison.
    """

    language: str = LANGUAGES[0]
    experiment: Experiment = DEFAULT
    run: str = ""
    frame: int | None = None
    curve: Panel | None = None
    compare: str = ""
    against: tuple[Value, ...] = ()

    @property
    def curve_panel(self) -> Panel:
        """The loss whose curves are shown, with its knobs."""
        return self.curve or self.experiment.panels[-1]


def write(link: Link) -> dict[str, str]:
    """Write a link as query parameters: only what differs from the default, so that links stay short.

    Beside a run the panels are always written, because a run without panels means the panels of that run.
    """
    experiment = link.experiment
    query = {"lang": link.language} if link.language != LANGUAGES[0] else {}
    if experiment.data != DEFAULT.data:
        query["data"] = experiment.data
    query |= _differences("data.", knobs_of(DATA_SETS[experiment.data]), experiment.dials)
    query |= _differences("", SETTINGS, {knob.name: getattr(experiment, knob.name) for knob in SETTINGS})
    query |= _differences("net.", knobs_of(NETS[experiment.net]), experiment.net_knobs)
    if link.run or experiment.panels != DEFAULT.panels:
        for number, panel in enumerate(experiment.panels, 1):
            query |= _panel(f"p{number}", panel)
    query |= {"run": link.run} if link.run else {}
    query |= {"frame": str(link.frame)} if link.frame is not None else {}
    query |= _panel("curve", link.curve) if link.curve else {}
    query |= {"compare": link.compare} if link.compare else {}
    query |= {"against": ",".join(map(write_value, link.against))} if link.against else {}
    return query


def read(query: Mapping[str, Sequence[str]], language: str = LANGUAGES[0]) -> tuple[Link, tuple[Message, ...]]:
    """Read a link from all values of each query parameter; return it, and a sentence for each part that is wrong.

    A part that is missing or wrong gets its default; ``language`` is the default of the language.
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
    knobs = {knob.name: knob for knob in knobs_of(LOSSES[link.curve_panel.loss])}
    allowed = {"default": "default"} | {name: name for name in knobs}
    compare: str = reader.take("compare", lambda word: one_of("compare", word, allowed), "")
    against = reader.take("against", lambda words: _values(knobs, compare, words), ())
    if compare:  # a comparison belongs to one loss: name that loss in the link
        link = replace(link, curve=link.curve_panel, compare=compare, against=against)
    return link, reader.complaints()


def write_value(value: Value) -> str:
    """Write a value in the shortest form that reads back as exactly the same value."""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


class _Reader:
    """Reads the parameters of a query, each once, and collects the sentences about what is wrong."""

    def __init__(self, query: Mapping[str, Sequence[str]]) -> None:
        self._unread = {name: values for name, values in query.items() if name not in _FOREIGN}
        self._complaints: list[Message] = []

    def take(self, name: str, parse: Callable[[str], Any], default: T) -> T:
        """Return what a parameter says, or the default where it is missing or wrong."""
        values = self._unread.pop(name, None)
        if values is None:
            return default
        try:
            if len(values) != 1:
                raise Refusal("ui.link.twice", name=name, count=len(values))
            if len(values[0]) > MAX_LENGTH:
                raise Refusal("ui.link.long", name=name, found=len(values[0]), limit=MAX_LENGTH)
            value: T = parse(values[0])
        except Refusal as refusal:
            self._complaints.append(refusal.message)
            return default
        return value

    def knobs(self, prefix: str, knobs: Sequence[Knob]) -> dict[str, Value]:
        """Return the knobs that the link names; a wrong one has its default."""
        return {
            knob.name: self.take(prefix + knob.name, knob.parse, knob.default)
            for knob in knobs
            if prefix + knob.name in self._unread
        }

    def panel(self, name: str) -> Panel | None:
        """Return a loss with its knobs, or ``None`` where the link does not name it."""
        if name not in self._unread:
            return None
        loss = self.take(name, _LOSS.parse, str(_LOSS.default))
        rate = self.take(f"{name}.{LEARNING_RATE.name}", LEARNING_RATE.parse, None)
        return Panel(loss=loss, knobs=self.knobs(f"{name}.", knobs_of(LOSSES[loss])), learning_rate=rate)

    def experiment(self, fields: Mapping[str, object]) -> Experiment:
        """Return the experiment with these fields, or the default where they do not fit together."""
        try:
            return with_settings(DEFAULT, **fields)
        except Refusal as refusal:
            self._complaints.append(refusal.message)
            return DEFAULT

    def complaints(self) -> tuple[Message, ...]:
        """Return what is wrong, and a sentence for each parameter that does not exist."""
        unknown = tuple(Message.of("ui.link.unknown", name=repr(name[:40])) for name in self._unread)
        return (*self._complaints, *unknown)


def _differences(prefix: str, knobs: Sequence[Knob], values: Mapping[str, Value]) -> dict[str, str]:
    words = {knob: write_value(values[knob.name]) for knob in knobs}
    return {prefix + knob.name: word for knob, word in words.items() if word != write_value(knob.default)}


def _panel(name: str, panel: Panel) -> dict[str, str]:
    rate = {} if panel.learning_rate is None else {f"{name}.{LEARNING_RATE.name}": write_value(panel.learning_rate)}
    return {name: panel.loss} | _differences(f"{name}.", knobs_of(LOSSES[panel.loss]), panel.knobs) | rate


def _values(knobs: Mapping[str, Knob], compare: str, list_of_values: str) -> tuple[Value, ...]:
    words = list_of_values.split(",")
    if compare not in knobs or len(words) > MAX_REFERENCES:
        raise Refusal("ui.link.against", limit=MAX_REFERENCES)
    return tuple(knobs[compare].parse(word) for word in words)
