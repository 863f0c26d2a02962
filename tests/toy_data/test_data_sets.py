"""The data sets: sizes, dials, and where files are looked for."""

import os
import struct

import numpy as np
import pytest
from sklearn.datasets import load_digits

from spec import Refusal, has_text
from toy_data import DATA_SETS, VARIABLE, available, folder
from toy_data.blobs import Blobs
from toy_data.digits import Digits
from toy_data.mnist import Mnist

#: The set whose file is not called by its slug.
MODULES = {"own": "user_data"}

NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


@pytest.fixture(autouse=True)
def nothing_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "home", lambda: tmp_path / "home")


def put_files(folder, names=NAMES, train=30, test=20, size=(5, 5)):
    folder.mkdir(parents=True, exist_ok=True)
    height, width = size
    for count, images, labels in ((train, names[0], names[1]), (test, names[2], names[3])):
        pixels = (np.arange(count * height * width) % 256).astype(np.uint8).tobytes()
        (folder / images).write_bytes(struct.pack(">IIII", 0x0803, count, height, width) + pixels)
        (folder / labels).write_bytes(struct.pack(">II", 0x0801, count) + bytes(i % 10 for i in range(count)))


def test_slugs_files_and_texts_agree():
    for slug, data in DATA_SETS.items():
        assert data.slug == slug
        assert data.__module__ == f"toy_data.{MODULES.get(slug, slug)}"
        assert has_text(f"data.set.{slug}")
        for knob in data.dials():
            assert has_text(f"data.knobs.{knob.name}")


def test_digits_are_split_four_to_one_without_a_sample_twice():
    samples = Digits().load()
    assert samples.train_x.shape == (1437, 8, 8)
    assert samples.test_x.shape == (360, 8, 8)
    assert samples.train_x.dtype == np.uint8
    ours = np.concatenate([samples.train_x, samples.test_x]).reshape(-1, 64)
    theirs = load_digits().data.astype(np.uint8)
    assert sorted(map(bytes, ours)) == sorted(map(bytes, theirs))
    whole = np.bincount(load_digits().target)
    assert np.abs(np.bincount(samples.test_y) - whole / 5).max() <= 1


def test_arrays_are_shared_and_read_only():
    samples = Digits(classes=3).load()
    assert Digits(classes=3).load() is samples
    with pytest.raises(ValueError, match="read-only"):
        samples.train_x[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        Blobs().load().test_y[0] = 0


def test_dials_keep_the_first_classes_and_thin_out_training_only():
    samples = Digits(classes=4, per_class=7).load()
    assert np.bincount(samples.train_y).tolist() == [7, 7, 7, 7]
    assert samples.test_y.max() == 3
    assert len(samples.test_y) == int((Digits().load().test_y < 4).sum())
    assert samples.classes == ("0", "1", "2", "3")


def test_label_noise_hits_the_share_it_names_and_never_the_test_set():
    clean = Digits().load()
    for share in (0.0, 0.1, 0.5):
        noisy = Digits(label_noise=share).load()
        wrong = noisy.train_y != clean.train_y
        assert abs(wrong.mean() - share) < 0.04
        assert np.array_equal(noisy.test_y, clean.test_y)
        assert set(np.unique(noisy.train_y)) == set(range(10))


def test_blobs_follow_their_dials():
    samples = Blobs(classes=3, features=5, spread=0.25, per_class=400, seed=2).load()
    assert samples.train_x.shape == (1200, 5)
    assert samples.test_x.shape == (300, 5)
    assert samples.train_x.dtype == np.float32
    for label in range(3):
        cloud = samples.train_x[samples.train_y == label]
        assert np.allclose(cloud.std(axis=0), 0.25, atol=0.04)
        assert np.allclose(cloud.mean(axis=0), samples.test_x[samples.test_y == label].mean(axis=0), atol=0.15)
    assert not np.array_equal(samples.train_x, Blobs(classes=3, features=5, per_class=400, seed=3).load().train_x)


@pytest.mark.parametrize(
    ("data", "dials", "sentence"),
    [
        (Digits, {"classes": 1}, "classes is 1, but must lie between 2 and 10"),
        (Digits, {"classes": 11}, "must lie between 2 and 10"),
        (Digits, {"classes": 2.5}, "whole number"),
        (Digits, {"classes": True}, "must be a number"),
        (Digits, {"label_noise": float("nan")}, "label_noise is nan"),
        (Blobs, {"spread": 0.0}, "spread is 0.0"),
        (Blobs, {"seed": -1}, "seed is -1"),
    ],
)
def test_dials_out_of_range_are_refused(data, dials, sentence):
    with pytest.raises(Refusal, match=sentence):
        data(**dials)


@pytest.mark.parametrize("named", ["", "mnist"])
@pytest.mark.parametrize("names", [NAMES, [name.replace("-idx", ".idx") for name in NAMES]])
def test_files_are_found_in_the_folder_and_under_the_slug(tmp_path, monkeypatch, named, names):
    put_files(tmp_path / "mnist", names)
    monkeypatch.setenv(VARIABLE, str(tmp_path / named))
    samples = Mnist().load()
    assert samples.train_x.shape == (30, 5, 5)
    assert samples.test_y.tolist() == [i % 10 for i in range(20)]


def test_the_folder_with_the_set_s_own_name_wins_and_several_folders_are_searched(tmp_path, monkeypatch):
    put_files(tmp_path / "first" / "fashion-mnist", train=40)
    put_files(tmp_path / "first", train=50)  # of neither
    put_files(tmp_path / "second" / "mnist", train=60)
    monkeypatch.setenv(VARIABLE, os.pathsep.join([str(tmp_path / "first"), str(tmp_path / "second")]))
    assert len(DATA_SETS["fashion_mnist"]().read().train_y) == 40
    assert len(DATA_SETS["mnist"]().read().train_y) == 60


def test_files_that_are_missing_are_named_with_the_cure(tmp_path, monkeypatch):
    put_files(tmp_path)
    (tmp_path / NAMES[3]).unlink()
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(Refusal, match="t10k-labels not found") as caught:
        Mnist().load()
    assert VARIABLE in str(caught.value)
    assert "loss-geometry data fetch mnist" in str(caught.value)
    answers = available()
    assert answers["digits"] is None
    assert answers["blobs"] is None
    assert answers["mnist"] is not None
    assert "t10k-labels" in answers["mnist"].render("zh")


def test_counts_and_sizes_that_do_not_fit_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    put_files(tmp_path / "mnist")
    (tmp_path / "mnist" / NAMES[1]).write_bytes(struct.pack(">II", 0x0801, 29) + bytes(29))
    with pytest.raises(Refusal, match="train-labels-idx1-ubyte holds 29 labels for 30 pictures"):
        Mnist().load()
    put_files(tmp_path / "mnist")
    (tmp_path / "mnist" / NAMES[2]).write_bytes(struct.pack(">IIII", 0x0803, 20, 4, 5) + bytes(400))
    with pytest.raises(Refusal, match="are 4x5, but those for training are 5x5"):
        Mnist().load()


def test_a_class_without_a_sample_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    put_files(tmp_path / "mnist", train=9)
    with pytest.raises(Refusal, match="no training sample of class 9"):
        Mnist().load()
    assert len(Mnist(classes=9).load().train_y) == 9


def test_a_file_that_changes_is_read_again(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    put_files(tmp_path / "mnist", train=30)
    assert len(Mnist().load().train_y) == 30
    put_files(tmp_path / "mnist", train=40)
    assert len(Mnist().load().train_y) == 40


def test_what_was_fetched_is_found_and_the_named_folder_comes_first(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    put_files(tmp_path / "home" / "usps", train=40)
    assert len(DATA_SETS["usps"]().read().train_y) == 40
    put_files(tmp_path / "named" / "usps", train=30)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "named"))
    assert len(DATA_SETS["usps"]().read().train_y) == 30


def test_pixels_of_sets_without_published_figures_are_scaled_by_their_own(tmp_path, monkeypatch):
    put_files(tmp_path / "kuzushiji-mnist", train=31, size=(7, 9))
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    samples = DATA_SETS["kuzushiji_mnist"]().load()
    scaled = (samples.train_x.astype(np.float64) - samples.offset) * samples.factor
    assert scaled.mean() == pytest.approx(0, abs=1e-9)
    assert scaled.std() == pytest.approx(1)
