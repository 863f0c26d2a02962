"""Frames as bytes and back: fixed-point embeddings in a safetensors blob (docs/recording.md)."""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from engine.frames.frame import HEAD_NUMBERS, Floats, Frame, PanelFrame
from engine.state.points import Points
from losses import Head, HeadKind
from spec import Message, Refusal

#: The code of a coordinate that is not finite; codes of the others run from 0 to one less.
MISSING = 65535

#: The reason of a decoded panel that diverged; the true one stands in the recording's events.
DIVERGED = Message.of("server.panel_diverged")

_PANEL_NUMBERS = ("loss", "train_accuracy", "test_accuracy")


def quantise(values: Floats) -> tuple[NDArray[np.uint16], Floats]:
    """Return codes ``(N, D)`` and the quantum ``(D + 1,)``: each coordinate's origin, then the step of all.

    A finite coordinate comes back within half a step (and a rounding to float32).
    """
    wide = np.asarray(values, np.float64)
    finite = np.isfinite(wide)
    dim = wide.shape[1]
    low = np.min(wide, axis=0, where=finite, initial=np.inf)
    high = np.max(wide, axis=0, where=finite, initial=-np.inf)
    present = finite.any(axis=0)
    origin = np.where(present, low, 0)
    reach = np.max(np.where(present, high - origin, 0), initial=0)
    # a step below the smallest normal number would be flushed to zero by some machines
    step = max(np.float32(reach / (MISSING - 1)), np.finfo(np.float32).tiny)
    codes = np.rint((np.where(finite, wide, origin) - origin) / np.float64(step)).clip(0, MISSING - 1)
    quantum = np.empty(dim + 1, np.float32)
    quantum[:dim], quantum[dim] = origin, step
    return np.where(finite, codes, MISSING).astype(np.uint16), quantum


def restore(codes: NDArray[np.uint16], quantum: Floats) -> Floats:
    """Return the coordinates ``(N, D)`` of codes; what was missing is NaN."""
    most = np.finfo(np.float32).max  # which the rounded step of the widest cloud may pass
    wide = np.clip(quantum[:-1].astype(np.float64) + codes * np.float64(quantum[-1]), -most, most)
    return np.where(codes == MISSING, np.nan, wide).astype(np.float32)


def encode(frame: Frame) -> bytes:
    """Return the body of a frame."""
    tensors: dict[str, NDArray[Any]] = {}
    for index, panel in enumerate(frame.panels):
        tensors |= {f"{index}/{name}": array for name, array in _arrays(panel).items()}
    described = {"step": frame.step, "panels": [_describe(panel) for panel in frame.panels]}
    return save(tensors, metadata={"frame": json.dumps(described, allow_nan=False, separators=(",", ":"))})


def decode(body: bytes) -> Frame:
    """Return the frame of a body, its embeddings rounded to fixed point; raise ``Refusal`` where it is broken."""
    try:
        described = describe(body)
        tensors = load(body)
        panels = (_panel(each, _part(tensors, str(index))) for index, each in enumerate(described["panels"]))
        return Frame(step=described["step"], panels=tuple(panels))
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise Refusal("server.broken_frame") from error


def describe(body: bytes) -> dict[str, Any]:
    """Return the description in a body's header (step, losses, knobs, metrics) without touching its tensors."""
    try:
        length = int.from_bytes(body[:8], "little")
        described: dict[str, Any] = json.loads(json.loads(body[8 : 8 + length])["__metadata__"]["frame"])
    except (KeyError, TypeError, ValueError) as error:
        raise Refusal("server.broken_frame") from error
    return described


def encode_points(points: Points) -> bytes:
    """Return the blob of what never changes in a run."""
    tensors = {"labels": points.labels, "split": points.split, "index": points.index}
    if points.images is not None:
        tensors["images"] = points.images
    return save({name: np.ascontiguousarray(array) for name, array in tensors.items()})


def decode_points(blob: bytes) -> Points:
    """Return the points of a blob; raise ``Refusal`` where it holds none."""
    try:
        tensors = load(blob)
        return Points(tensors["labels"], tensors["split"], tensors["index"], tensors.get("images"))
    except (SafetensorError, KeyError, ValueError) as error:
        raise Refusal("server.broken_frame") from error


def _arrays(panel: PanelFrame) -> dict[str, NDArray[Any]]:
    codes, quantum = quantise(panel.embeddings)
    arrays: dict[str, NDArray[Any]] = {"embeddings": codes, "quantum": quantum}
    head = {"weight": panel.head.weight, "bias": panel.head.bias, "log_variance": panel.head.log_variance}
    arrays |= {name: _floats(tensor) for name, tensor in head.items() if tensor is not None}
    arrays |= {f"state/{name}": _floats(array) for name, array in panel.state.items()}
    arrays |= {f"histogram/{name}": _floats(array) for name, array in panel.histograms.items()}
    arrays["shapes"] = _floats(panel.shapes)
    return arrays


def _floats(array: Any) -> Floats:
    plain = array.detach().cpu().numpy() if isinstance(array, torch.Tensor) else array
    return np.array(plain, np.float32, order="C", ndmin=0)


def _describe(panel: PanelFrame) -> dict[str, Any]:
    head = panel.head
    return {
        **{name: _number(getattr(panel, name)) for name in _PANEL_NUMBERS},
        "learning_rate": panel.learning_rate,
        "alive": panel.stopped is None,
        "knobs": dict(panel.knobs),
        "metrics": {name: _number(value) for name, value in panel.metrics.items()},
        "head": {"kind": head.kind.value, "learned": head.learned}
        | {name: float(getattr(head, name)) for name in HEAD_NUMBERS},
    }


def _number(value: float | None) -> float | None:
    """Return ``None`` for NaN and infinity, which JSON does not have."""
    return None if value is None or not math.isfinite(value) else float(value)


def _panel(described: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> PanelFrame:
    numbers = {name: _nan(described[name]) for name in _PANEL_NUMBERS}
    return PanelFrame(
        **numbers,
        embeddings=restore(arrays["embeddings"], arrays["quantum"]),
        head=_head(described["head"], arrays),
        state=_part(arrays, "state"),
        knobs=described["knobs"],
        learning_rate=described["learning_rate"],
        shapes=arrays["shapes"],
        histograms=_part(arrays, "histogram"),
        metrics={name: _nan(value) for name, value in described["metrics"].items()},
        stopped=None if described["alive"] else DIVERGED,
    )


def _head(described: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Head:
    variance = arrays.get("log_variance")
    return Head(
        kind=HeadKind(described["kind"]),
        learned=described["learned"],
        weight=torch.from_numpy(arrays["weight"]),
        bias=torch.from_numpy(arrays["bias"]),
        log_variance=None if variance is None else torch.from_numpy(variance),
        **{name: described[name] for name in HEAD_NUMBERS},
    )


def _nan(value: float | None) -> float:
    return math.nan if value is None else value


def _part(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    start = prefix + "/"
    return {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}
