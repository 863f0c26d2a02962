"""Recordings made by hand, so that each pixel of a picture is known."""

import numpy as np
import torch

from engine import Experiment, Frame, Panel, PanelFrame, Points, Recording
from engine.frames.codec import encode, encode_points
from engine.recording.writer import Recorder, initial_meta
from losses import Head, HeadKind
from spec.palette import class_colour

#: A small picture.
SIZE = (420, 440)

#: Class vectors along the diagonals: each quadrant is a region.
QUADRANTS = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]], np.float32)

#: One sample in each quadrant, of its class.
CORNERS = 3 * QUADRANTS


def head(weight=QUADRANTS, kind=HeadKind.LINEAR, **more):
    weight = torch.tensor(np.asarray(weight, np.float32))
    return Head(kind=kind, weight=weight, bias=torch.zeros(len(weight)), **more)


def panel(z, **more):
    z = np.asarray(z, np.float32)
    plain = {
        "loss": 0.25,
        "train_accuracy": 0.5,
        "test_accuracy": float("nan"),
        "head": head(),
        "state": {},
        "knobs": {},
        "learning_rate": 0.01,
        "shapes": np.empty((0, 12), np.float32),
        "histograms": {},
    }
    return PanelFrame(embeddings=z, **{**plain, **more})


def recorded(path, frames, labels, *, split=None, losses=None, classes=("",) * 4, dim=2):
    """Open a recording of frames, each a panel or several, ten steps apart; nameless classes hide no pixel."""
    frames = [each if isinstance(each, tuple) else (each,) for each in frames]
    losses = losses or ["softmax"] * len(frames[0])
    experiment = Experiment(panels=tuple(Panel(loss=slug) for slug in losses), dim=dim)
    labels = np.asarray(labels, np.uint8)
    split = np.zeros_like(labels) if split is None else np.asarray(split, np.uint8)
    meta = initial_meta("cpu") | {
        "experiment": experiment.model_dump(mode="json"),
        "key": experiment.key,
        "classes": list(classes),
        "image": None,
        "twins": {},
    }
    recorder = Recorder.create(path, meta, encode_points(Points(labels, split, np.arange(len(labels)))))
    for place, panels in enumerate(frames):
        recorder.write_frame(10 * place, encode(Frame(10 * place, panels)))
    recorder.finish("done")
    return Recording(path)


def places_of(picture, c):
    """The pixels that have exactly the colour of a class, as ``(row, column)``."""
    return np.argwhere((picture == class_colour(c)).all(axis=2))


def pale(c, strength=0.26):
    """The colour of the region of a class."""
    return np.rint(255 * (1 - strength) + np.array(class_colour(c)) * strength).astype(np.uint8)
