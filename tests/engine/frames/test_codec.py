import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from safetensors.numpy import load

from engine.frames.codec import MISSING, decode, decode_points, describe, encode, encode_points, quantise, restore
from engine.frames.frame import Frame, PanelFrame
from engine.state.points import Points
from losses import Head, HeadKind
from spec import Message, Refusal

ANY_FLOAT = st.floats(width=32, allow_nan=True, allow_infinity=True)
CLOUDS = st.tuples(st.integers(0, 40), st.sampled_from([2, 3])).flatmap(
    lambda shape: arrays(np.float32, shape, elements=ANY_FLOAT)
)


def panel(embeddings, **changes):
    classes, dim = 4, embeddings.shape[1]
    plain = {
        "embeddings": embeddings,
        "loss": 0.5,
        "train_accuracy": 0.75,
        "test_accuracy": 0.25,
        "head": Head(kind=HeadKind.LINEAR, weight=torch.randn(classes, dim), bias=torch.arange(4.0), score=0.5),
        "state": {"weight": np.ones((classes, dim), np.float32)},
        "knobs": {"margin": 0.3, "beyond": "raw", "bias": True, "pieces": 4},
        "learning_rate": 0.01,
        "shapes": np.zeros((0, 12), np.float32),
        "histograms": {"sample": np.arange(48, dtype=np.float32)},
        "metrics": {"gradient_norm": 0.7},
    }
    return PanelFrame(**{**plain, **changes})


def check_bound(cloud):
    codes, quantum = quantise(cloud)
    back = restore(codes, quantum)
    finite = np.isfinite(cloud)
    assert codes.dtype == np.uint16
    assert quantum.dtype == np.float32
    assert quantum.shape == (cloud.shape[1] + 1,)
    assert np.array_equal(codes == MISSING, ~finite)
    assert np.isnan(back[~finite]).all()
    exact, found = cloud[finite].astype(np.float64), back[finite].astype(np.float64)
    # half a step, and the rounding of origin, step and result to float32
    allowed = float(quantum[-1]) * 0.5001 + np.abs(exact) * 2.0**-23 + 2.0**-149
    assert (np.abs(exact - found) <= allowed).all()


@pytest.mark.parametrize(
    "cloud",
    [
        np.zeros((3, 2)),
        np.full((1, 3), 7.5),
        np.full((4, 2), np.nan),
        np.array([[np.nan, 1.0], [2.0, np.inf]]),
        np.array([[-np.inf, 3.0], [-1.0, np.nan], [5.0, 4.0]]),
        np.array([[-3.4e38, 3.4e38], [3.4e38, -3.4e38]]),
        np.array([[1e-45, 0.0], [0.0, 1e-44]]),
        np.array([[1e6, 0.0], [1e6 + 1, 1.0]]),
        np.zeros((0, 2)),
    ],
)
def test_corners_come_back_within_half_a_step(cloud):
    check_bound(cloud.astype(np.float32))


@given(CLOUDS)
def test_every_cloud_comes_back_within_half_a_step(cloud):
    check_bound(cloud)


def test_error_is_invisible_on_a_canvas_of_a_thousand_pixels():
    cloud = np.random.default_rng(0).normal(size=(5000, 2)).astype(np.float32)
    back = restore(*quantise(cloud))
    pixels = 1000 * np.abs(back - cloud).max() / (cloud.max(axis=0) - cloud.min(axis=0)).max()
    assert pixels < 0.0085  # 1000 / 65534 / 2, and float32


@given(CLOUDS, st.sampled_from([math.nan, math.inf, -math.inf, 0.125]))
def test_a_frame_comes_back(cloud, loss):
    variance = torch.randn(4, cloud.shape[1])
    head = Head(kind=HeadKind.MAHALANOBIS, weight=variance + 1, bias=torch.ones(4), log_variance=variance, distance=0.3)
    frame = Frame(
        12, (panel(cloud, loss=loss, metrics={"odd": loss}), panel(cloud[:1], head=head, stopped=Message.of("any.key")))
    )
    body = encode(frame)
    back = decode(body)
    first, second = back.panels
    assert back.step == 12
    assert first.embeddings.shape == cloud.shape
    assert (first.loss == 0.125) if loss == 0.125 else math.isnan(first.loss)
    assert first.knobs == {"margin": 0.3, "beyond": "raw", "bias": True, "pieces": 4}
    assert first.stopped is None
    assert second.stopped is not None
    assert second.head.kind is HeadKind.MAHALANOBIS
    assert second.head.distance == 0.3
    assert torch.equal(second.head.log_variance, variance)
    assert np.array_equal(first.histograms["sample"], np.arange(48))
    assert first.shapes.shape == (0, 12)
    # by the documented layout, not by our own reader: no NaN in the JSON, tensors by their names
    length = int.from_bytes(body[:8], "little")
    described = json.loads(json.loads(body[8 : 8 + length])["__metadata__"]["frame"], parse_constant=pytest.fail)
    assert described["panels"][0]["loss"] == (0.125 if loss == 0.125 else None)
    assert [each["alive"] for each in described["panels"]] == [True, False]
    assert set(load(body)) >= {"0/embeddings", "0/quantum", "0/weight", "0/bias", "0/state/weight", "1/log_variance"}
    assert describe(body) == described


def test_points_come_back_with_and_without_pictures():
    labels, split, index = np.arange(3, dtype=np.uint8), np.zeros(3, np.uint8), np.array([5, 1, 2**40])
    pictures = np.arange(3 * 4, dtype=np.uint8).reshape(3, 2, 2)
    for images in (None, pictures):
        back = decode_points(encode_points(Points(labels, split, index, images)))
        assert np.array_equal(back.labels, labels)
        assert np.array_equal(back.split, split)
        assert np.array_equal(back.index, index)
        assert back.images is None if images is None else np.array_equal(back.images, images)


@pytest.mark.parametrize("body", [b"", b"12345678", b"\xff" * 64, b"\x02" + bytes(7) + b"{}"])
def test_what_is_no_frame_is_refused_with_a_sentence(body):
    for read in (decode, describe, decode_points):
        with pytest.raises(Refusal, match="not a frame"):
            read(body)
