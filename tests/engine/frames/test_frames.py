"""What a frame says, against other roads to the same numbers."""

import numpy as np
import pytest
import torch
from engine_parts import SIX, Trainer, advance, experiment
from sklearn.neighbors import NearestCentroid

from engine import NETS, train
from losses import HeadKind
from toy_data.digits import Digits


def as_modules(net, views, panel):
    """Build the net from PyTorch's modules, with the weights of one panel."""
    if net == "mlp":
        layers = [torch.nn.Flatten()]
        for name in ("first", "second"):
            out, into = views[f"{name}.weight"].shape[1:]
            linear, slope = torch.nn.Linear(into, out), torch.nn.PReLU(out)
            layers += [(linear, name), (slope, name)]
        layers.append((torch.nn.Linear(views["last.weight"].shape[2], views["last.weight"].shape[1], False), "last"))
    else:
        layers = [torch.nn.Unflatten(0, (-1, 1))]
        convolutions = sum(name.endswith("weight") and name[0].isdigit() for name in views)
        for number in range(convolutions):
            out, into, kernel = views[f"{number}.weight"].shape[1:4]
            stride = 2 if net == "cnn" else 1
            conv = torch.nn.Conv2d(into, out, kernel, stride=stride, padding=kernel // 2)
            layers += [(conv, str(number)), (torch.nn.PReLU(out), str(number))]
            if net == "lenet_pp" and number % 2:
                layers.append(torch.nn.MaxPool2d(2))
        layers += [torch.nn.Flatten()]
        if net == "cnn":
            out, into = views["hidden.weight"].shape[1:]
            layers += [(torch.nn.Linear(into, out), "hidden"), (torch.nn.PReLU(out), "hidden")]
        layers.append((torch.nn.Linear(views["last.weight"].shape[2], views["last.weight"].shape[1], False), "last"))
    modules = []
    for layer in layers:
        if isinstance(layer, tuple):
            module, name = layer
            if isinstance(module, torch.nn.PReLU):
                module.weight.data = views[f"{name}.slope"][panel].clone()
            else:
                module.weight.data = views[f"{name}.weight"][panel].clone()
                if module.bias is not None:
                    module.bias.data = views[f"{name}.bias"][panel].clone()
            modules.append(module)
        else:
            modules.append(layer)
    return torch.nn.Sequential(*modules)


@pytest.mark.parametrize("net", list(NETS))
@pytest.mark.parametrize("dim", [2, 3])
def test_embeddings_are_those_of_pytorch_s_modules(net, dim):
    steps = 2 if net == "lenet_pp" else 15
    trainer = advance(Trainer(experiment("arcface", "softmax", net=net, dim=dim, dials={})), steps)
    frame = trainer.frame()
    samples = Digits().load()
    x = torch.tensor(np.concatenate([samples.test_x, samples.train_x])).float() / 16
    views = trainer.weights.plan.nets(trainer.weights.values)
    for panel in range(2):
        with torch.no_grad():
            z = as_modules(net, views, panel)(x).numpy()
        shown = frame.panels[panel].embeddings
        assert shown.shape == (1797, dim)
        assert shown.dtype == np.float32
        assert np.abs(shown - z).max() <= 1e-5 * np.abs(z).max()


def by_hand(head, z):
    """Score with NumPy in float64, from the meaning of the kinds."""
    w, b, z = head.weight.double().numpy(), head.bias.double().numpy(), z.astype(np.float64)
    if head.kind is HeadKind.LINEAR:
        return z @ w.T + b
    if head.kind is HeadKind.COSINE:
        return (z / np.linalg.norm(z, axis=1, keepdims=True)) @ (w / np.linalg.norm(w, axis=1, keepdims=True)).T
    return -((z[:, None] - w) ** 2).sum(2) / 2 + b


@pytest.mark.parametrize("dim", [2, 3])
def test_accuracies_follow_from_embeddings_and_head(dim):
    trainer = advance(Trainer(experiment(*SIX, dim=dim, dials={})), 40)
    points, frame = trainer.points, trainer.frame()
    for slug, panel in zip(SIX, frame.panels, strict=True):
        right = by_hand(panel.head, panel.embeddings).argmax(1) == points.labels
        assert panel.test_accuracy == pytest.approx(right[points.split == 1].mean(), abs=2e-3), slug
        assert panel.train_accuracy == pytest.approx(right[points.split == 0].mean(), abs=2e-3), slug
        assert panel.head.learned == (slug != "contrastive")


def test_a_loss_without_classes_is_scored_by_the_nearest_class_mean():
    trainer = advance(Trainer(experiment("contrastive", dials={})), 40)
    points, panel = trainer.points, trainer.frame().panels[0]
    train, test = points.split == 0, points.split == 1
    model = NearestCentroid().fit(panel.embeddings[train], points.labels[train])
    assert np.allclose(panel.head.weight.numpy(), model.centroids_, atol=1e-5)
    accuracy = model.score(panel.embeddings[test], points.labels[test])
    assert panel.test_accuracy == pytest.approx(accuracy, abs=3e-3)
    assert panel.head.kind is HeadKind.EUCLIDEAN
    assert panel.head.bias.tolist() == [0.0] * 10
    assert panel.state == {}


def test_points_are_the_test_set_then_the_training_set():
    trainer = Trainer(experiment("softmax", dials={}, points=500))
    samples, points = Digits().load(), trainer.points
    assert points.split.tolist() == [1] * 360 + [0] * 140
    assert np.array_equal(points.labels, np.concatenate([samples.test_y, samples.train_y[:140]]))
    for place in (0, 359, 360, 499):
        source = samples.test_x if points.split[place] else samples.train_x
        picture = source[points.index[place]].astype(int)
        assert np.array_equal(points.images[place], picture * 255 // 16)
    assert len(Trainer(experiment("softmax", dials={}, points=7)).frame().panels[0].embeddings) == 7
    assert Trainer(experiment("softmax", data="blobs", dials={})).points.images is None


def test_fewer_points_change_nothing_but_what_is_shown():
    few, many = (advance(Trainer(experiment("softmax", points=count)), 10).frame().panels[0] for count in (20, 500))
    assert np.array_equal(few.embeddings, many.embeddings[:20])
    assert (few.loss, few.train_accuracy, few.test_accuracy) == (many.loss, many.train_accuracy, many.test_accuracy)
    assert few.metrics == many.metrics


def test_the_loss_of_a_frame_is_that_of_the_last_batch_under_the_frame_s_weights():
    trainer = advance(Trainer(experiment("focal", dials={})), 1)
    order = trainer.train_state.batches.at(0).numpy()
    samples, views = Digits().load(), trainer.weights.plan.nets(trainer.weights.values)
    z = as_modules("mlp", views, 0)(torch.tensor(samples.train_x[order]).float() / 16).detach()
    loss = trainer.losses[0](z, torch.tensor(samples.train_y[order]), trainer.state(0)).mean()
    assert trainer.frame().panels[0].loss == pytest.approx(float(loss), rel=1e-4)


def test_metrics_and_histograms_against_numpy():
    trainer = advance(Trainer(experiment("softmax", "contrastive")), 30)
    points, frame = trainer.points, trainer.frame()
    for panel, count in zip(frame.panels, (32, None), strict=True):
        train = points.split == 0
        z, y = panel.embeddings[train].astype(float), points.labels[train]
        means = np.array([z[y == label].mean(0) for label in range(4)])
        pairs = [(i, j) for i in range(4) for j in range(i)]
        assert panel.metrics["spread"] == pytest.approx(np.linalg.norm(z - means[y], axis=1).mean(), rel=1e-4)
        distance = min(np.linalg.norm(means[i] - means[j]) for i, j in pairs)
        assert panel.metrics["smallest_distance"] == pytest.approx(distance, rel=1e-4)
        angle = np.arctan2(means[:, 1], means[:, 0])
        gap = min(abs((angle[i] - angle[j] + np.pi) % (2 * np.pi) - np.pi) for i, j in pairs)
        assert panel.metrics["smallest_angle"] == pytest.approx(gap, abs=1e-3)
        assert panel.metrics["gradient_norm"] > 0
        for histogram in panel.histograms.values():
            assert histogram.shape == (48,)
            assert histogram.dtype == np.float32
        if count:
            assert set(panel.histograms) == {"sample", "gradient"}
            assert all(histogram.sum() <= count for histogram in panel.histograms.values())
            assert panel.histograms["sample"].sum() > count / 2


def test_frames_do_not_change_when_training_goes_on():
    trainer = Trainer(experiment("center"))
    frame = trainer.frame()
    panel = frame.panels[0]
    arrays = [panel.embeddings, panel.shapes, *panel.state.values(), panel.head.weight.numpy()]
    before = [array.copy() for array in arrays]
    advance(trainer, 5)
    assert all(np.array_equal(one, other) for one, other in zip(arrays, before, strict=True))


def test_looking_does_not_change_training():
    looked, left = (Trainer(experiment("center")) for _ in range(2))
    for _ in range(10):
        looked.frame()
        looked.checkpoint()
        looked.advance()
    assert looked.checkpoint() == advance(left, 10).checkpoint()


@pytest.mark.parametrize("dim", [2, 3])
def test_training_learns_what_it_should(dim):
    frames = list(train(experiment("arcface", "softmax", dim=dim, steps=120, steps_per_frame=60)))
    for start, end in zip(frames[0].panels, frames[-1].panels, strict=True):
        assert end.loss < start.loss / 2
        assert end.test_accuracy >= 0.9
        assert end.shapes.shape[1] == 12
