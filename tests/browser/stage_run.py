"""A run made of plain arithmetic, in the format of docs/recording.md: moving points under heads of any kind."""

import json
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save

from losses.head import Head, HeadKind

CLASSES = 10


@dataclass
class Run:
    """What the fake server answers about one run."""

    id: str
    meta: dict[str, Any]
    points: bytes
    frames: list[bytes]
    heads: list[list[Head]]  # by frame, by panel
    embeddings: list[list[np.ndarray]]
    labels: np.ndarray
    split: np.ndarray
    live: bool = False
    events: list[dict[str, Any]] = field(default_factory=list)

    def describe(self) -> dict[str, Any]:
        steps = 4 * max(0, len(self.frames) - 1)
        told = {"id": self.id, "status": "open" if self.live else "done", "frames": len(self.frames), "steps": steps}
        return {**self.meta, **told, "live": self.live, "events": self.events, "bytes": 0}

    def record(self, k: int) -> bytes:
        body = self.frames[k]
        return struct.pack("<IIII", k, 4 * k, len(body), zlib.crc32(body)) + body + bytes(-len(body) % 8)


def make_run(
    name: str = "run",
    *,
    kinds: tuple[str, ...] = ("cosine",),
    dim: int = 2,
    count: int = 2000,
    frames: int = 40,
    classes: int = CLASSES,
    dead: int | None = None,
    margin: bool = True,
    seed: int = 0,
) -> Run:
    """Make a run in which classes move apart from one heap; ``dead`` is a panel that diverged half way."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, count).astype(np.uint8)
    split = (rng.random(count) < 0.3).astype(np.uint8)
    noise = rng.normal(size=(count, dim))
    goal = _directions(classes, dim)
    yy, xx = np.mgrid[0:12, 0:12]
    pictures = (127 + 120 * np.sin((xx + yy * labels[:, None, None]) / 3)).astype(np.uint8)
    points = save({"labels": labels, "split": split, "index": np.arange(count, dtype=np.int64), "images": pictures})
    bodies, heads, shown = [], [], []
    for f in range(frames):
        share = f / max(1, frames - 1)
        tensors, panels, row, clouds = {}, [], [], []
        for k, kind in enumerate(kinds):
            alive = dead != k or f < frames // 2
            s = share if alive else (frames // 2 - 1) / max(1, frames - 1)
            turn = _turn(0.5 * s + 0.3 * k, dim)
            centres = (0.6 + 2.4 * s) * goal @ turn.T
            z = (centres[labels] + (0.55 - 0.25 * s) * noise).astype(np.float32)
            head = _head(kind, centres, s, margin)
            origin = z.min(axis=0)
            step = float((z - origin).max() / 65534) or 1e-6
            tensors[f"{k}/embeddings"] = np.rint((z - origin) / step).astype(np.uint16)
            tensors[f"{k}/quantum"] = np.array([*origin, step], np.float32)
            tensors[f"{k}/weight"] = head.weight.numpy()
            tensors[f"{k}/bias"] = head.bias.numpy()
            if head.log_variance is not None:
                tensors[f"{k}/log_variance"] = head.log_variance.numpy()
            tensors[f"{k}/state/weight"] = head.weight.numpy()
            tensors[f"{k}/shapes"] = _shapes(kind, centres, dim)
            tensors[f"{k}/histogram/sample"] = np.histogram(z[:, 0], 48, (-4, 4))[0].astype(np.float32)
            told = {n: getattr(head, n) for n in ("learned", "factor", "angle", "cosine", "score", "distance")}
            panels.append(
                {
                    "loss": 2.3 * (1 - 0.9 * s),
                    "train_accuracy": 0.1 + 0.88 * s,
                    "test_accuracy": 0.1 + 0.85 * s,
                    "learning_rate": 0.01,
                    "alive": alive,
                    "knobs": {"margin": 0.3, "scale": 16.0, "beyond": "monotonic", "balanced": False},
                    "metrics": {},
                    "head": {"kind": kind, **told},
                }
            )
            row.append(head)
            clouds.append(tensors[f"{k}/embeddings"] * np.float32(step) + origin)
        bodies.append(save(tensors, {"frame": json.dumps({"step": 4 * f, "panels": panels})}))
        heads.append(row)
        shown.append(clouds)
    experiment = {"panels": [{"loss": kind, "knobs": {}} for kind in kinds], "dim": dim, "steps_per_frame": 4}
    meta = {"experiment": experiment, "classes": [str(c) for c in range(classes)], "image": [12, 12], "reason": None}
    run = Run(name, meta, points, bodies, heads, shown, labels, split)
    if dead is not None:
        body = {"panel": dead, "reason": "the loss became infinite."}
        run.events.append({"kind": "diverged", "step": 4 * (frames // 2), "frame": frames // 2, "body": body})
    return run


def _directions(classes: int, dim: int) -> np.ndarray:
    if dim == 2:
        angle = 2 * np.pi * np.arange(classes) / classes + 0.1
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)
    height = 1 - (2 * np.arange(classes) + 1) / classes
    turn = np.pi * (3 - np.sqrt(5)) * np.arange(classes)
    ring = np.sqrt(1 - height**2)
    return np.stack([ring * np.cos(turn), ring * np.sin(turn), height], axis=1)


def _turn(angle: float, dim: int) -> np.ndarray:
    turn = np.eye(dim)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return turn


def _head(kind: str, centres: np.ndarray, s: float, margin: bool) -> Head:
    classes, dim = centres.shape
    weight = torch.tensor(centres * (1 + 0.2 * np.sin(np.arange(classes)))[:, None], dtype=torch.float32)
    bias = torch.tensor(0.3 * np.cos(np.arange(classes)), dtype=torch.float32)
    if kind == "linear":
        extra = {"factor": 2.0, "score": 0.2} if margin else {}
        return Head(kind=HeadKind.LINEAR, weight=weight, bias=bias, **extra)
    if kind == "cosine":
        extra = {"angle": 0.12, "cosine": 0.05} if margin else {}
        return Head(kind=HeadKind.COSINE, weight=weight, bias=torch.zeros(classes), **extra)
    if kind == "euclidean":
        plain = torch.tensor(centres, dtype=torch.float32)
        return Head(kind=HeadKind.EUCLIDEAN, weight=plain, bias=torch.zeros(classes), learned=False)
    spread = torch.tensor(-1.5 + 0.5 * s * np.sin(np.arange(classes * dim)).reshape(classes, dim), dtype=torch.float32)
    plain = torch.tensor(centres, dtype=torch.float32)
    return Head(
        kind=HeadKind.MAHALANOBIS, weight=plain, bias=bias, log_variance=spread, distance=0.4 if margin else 0.0
    )


def _shapes(kind: str, centres: np.ndarray, dim: int) -> np.ndarray:
    rows = []
    if kind == "cosine" and dim == 2:
        angle = np.arctan2(centres[:, 1], centres[:, 0])
        for c, a in enumerate(angle):
            for role, offset in ((0, np.pi / len(angle)), (1, 0.2), (1, -0.2)):
                direction = (np.cos(a + offset), np.sin(a + offset))
                rows.append([1, role, c, -1, 0, 0, *direction, 0, 0, 0, 0])
            rows.append([3, 3, c, -1, 0, 0, 1.0, a - 0.1, a + 0.1, 0, 0, 0])
    elif kind == "cosine":
        unit = centres / np.linalg.norm(centres, axis=1, keepdims=True)
        rows = [[4, 1, c, -1, *axis, 0.3, 0, 0, 0, 0] for c, axis in enumerate(unit)]
    else:
        rows = [[2, 2, c, -1, *centre, 0.5, *([0] * (7 - dim))] for c, centre in enumerate(centres)]
    return np.array(rows, np.float32)
