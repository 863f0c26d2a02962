"""Puts the stage into the bare page and says what its panels and knobs are."""

from typing import Any

from stage_run import Run

from app.page.stage_component import stage_texts

MOUNT = """async (data) => {
  const { mount } = await import("/stage/index.js");
  const { createHost } = await import("/stage/host/streamlit.js");
  window.told = [];
  window.rests = [];
  const host = createHost((name, value) => {
    if (name === "rest") window.rests.push(value.frame);
    else window.told.push({ name, ...value });
  });
  window.view = mount(document.getElementById("root"), host, data);
}"""


def knobs_for(value: float = 0.3) -> list[dict[str, Any]]:
    base = {"help": "what it does", "choices": [], "choice_labels": [], "limit": None, "limit_help": None, "unit": ""}
    margin = {"name": "margin", "label": "Margin", "kind": "number", "symbol": "m", "low": 0, "high": 2, "value": value}
    scale = {"name": "scale", "label": "Scale", "kind": "number", "symbol": "s", "low": 1, "high": 64, "value": 16.0}
    beyond = {"name": "beyond", "label": "Beyond π", "kind": "choice", "symbol": "", "value": "monotonic"}
    words = {"choices": ["monotonic", "raw"], "choice_labels": ["monotonic", "raw"]}
    limit = {"limit": 0.19, "limit_help": "Ten classes in the plane allow no more."}
    return [
        {**base, **margin, "slider": [0, 1], "log": False, "unit": "rad", **limit},
        {**base, **scale, "slider": [1, 64], "log": True},
        {**base, **beyond, **words, "low": 0, "high": 0, "slider": [0, 1], "log": False},
    ]


def data_for(run: Run, *, language: str = "en", owner: str | None = "me", **more: Any) -> dict[str, Any]:
    panels = [
        {"panel": k, "title": panel["loss"].title(), "slug": panel["loss"], "knobs": knobs_for()}
        for k, panel in enumerate(run.meta["experiment"]["panels"])
    ]
    texts = stage_texts(language)
    return {
        "run": run.id,
        "owner": owner,
        "language": language,
        "panels": panels,
        "texts": texts,
        "debug": True,
        **more,
    }


def show(page: Any, fake: Any, run: Run, *, frame: int | None = None, **more: Any) -> None:
    """Mount the stage with a run, wait for all frames, and rest at one of them."""
    fake.runs[run.id] = run
    page.emulate_media(reduced_motion=more.pop("motion", "reduce"))
    page.goto(fake.url)
    page.evaluate(MOUNT, data_for(run, **more))
    page.wait_for_function("n => window.lossGeometry?.stage.loaded === n", arg=len(run.frames))
    if frame is not None:
        page.evaluate("f => lossGeometry.stage.seek(f)", frame)
        page.wait_for_function("f => lossGeometry.frame === f", arg=frame)
    page.wait_for_function("() => lossGeometry.stage.settled")
