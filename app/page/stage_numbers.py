"""The numbers that Python and the stage share: ``python -m app.page.stage_numbers`` writes ``app/stage/shared.js``."""

import json

from app.page.stage_component import FOLDER
from app.page.url_state import MAX_PANELS
from engine.frames.codec import MISSING
from losses import HeadKind
from losses.shape import ROW, Arc, Cap, Circle, Ellipse, Ray, Role, Segment, Shape, SphereArc, SphereConic
from plots.lens import AZIMUTH, ELEVATION, FIELD, ROOM
from plots.scene import STROKES
from spec.palette import class_hex
from toy_data.raw import MOST_CLASSES

#: The module that the stage imports.
FILE = FOLDER / "shared.js"

#: A label is one byte, and the stage has a colour for each.
LABELS = 256

_COLOURS_A_LINE = 12

_SHAPES: dict[str, type[Shape]] = {
    "segment": Segment,
    "ray": Ray,
    "circle": Circle,
    "arc": Arc,
    "cap": Cap,
    "sphereArc": SphereArc,
    "sphereConic": SphereConic,
    "ellipse": Ellipse,
}


def source() -> str:
    """Return the text of the module."""
    constants: list[tuple[str, object, str]] = [
        ("MAX_PANELS", MAX_PANELS, "As many panels as fit on the stage."),
        ("MAX_CLASSES", MOST_CLASSES, "As many classes as a run may have (toy_data/raw.py)."),
        ("MISSING", MISSING, "The code of a coordinate that is missing (engine/frames/codec.py)."),
        ("SHAPE_ROW", ROW, "Numbers in the row of a shape: kind, role, owner, rival, eight parameters."),
        ("SHAPES", {name: shape.kind for name, shape in _SHAPES.items()}, "Kinds of shapes (losses/shape.py)."),
        ("ROLES", {role.name.lower(): role.value for role in Role}, "What a shape shows (losses/shape.py)."),
        ("STROKES", [STROKES[role]._asdict() for role in Role], "How a role is drawn (plots/scene.py)."),
        ("HEADS", {kind.value: k for k, kind in enumerate(HeadKind)}, "Kinds of heads (losses/head.py), numbered."),
        (
            "CAMERA",
            {"azimuth": AZIMUTH, "elevation": ELEVATION, "field": FIELD, "room": ROOM},
            "Where the camera stands in space, its field of view, and the room around the rest (plots/lens.py).",
        ),
    ]
    first = "// Numbers that the stage shares with Python. Written by `python -m app.page.stage_numbers`; do not edit."
    return "\n\n".join([first, *(_constant(*constant) for constant in constants), _colours()]) + "\n"


def main() -> None:
    """Write the module."""
    FILE.write_text(source(), encoding="utf-8")


def _constant(name: str, value: object, meaning: str) -> str:
    written = json.dumps(value)
    frozen = f"Object.freeze({written})" if isinstance(value, dict | list) else written
    return f"/** {meaning} */\nexport const {name} = {frozen};"


def _colours() -> str:
    names = [json.dumps(class_hex(c)) for c in range(LABELS)]
    rows = [", ".join(names[at : at + _COLOURS_A_LINE]) for at in range(0, LABELS, _COLOURS_A_LINE)]
    body = "".join(f"  {row},\n" for row in rows)
    return (
        f"/** The colour of each class (spec/palette.py). */\nexport const CLASS_COLOURS = Object.freeze([\n{body}]);"
    )


if __name__ == "__main__":
    main()
