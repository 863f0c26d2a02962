"""NPZ files of the user's own: whole ones, and every kind of damage and trap."""

import io
import pickle
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler
from user_data_parts import FEATURES, LABELS, PICTURES, refused, save

from spec import Refusal
from toy_data import raw
from toy_data.user_data import Own, read_raw


def test_pictures_of_an_npz_with_a_test_set(place):
    save(place, x_train=PICTURES, y_train=LABELS, x_test=PICTURES[:6], y_test=LABELS[:6])
    samples = Own(file="a.npz").load()
    assert np.array_equal(samples.train_x, PICTURES)
    assert np.array_equal(samples.test_x, PICTURES[:6])
    assert samples.train_y.tolist() == LABELS.tolist()
    assert samples.classes == ("0", "1", "2")
    scaled = (samples.train_x - samples.offset) * samples.factor
    assert abs(scaled.mean()) < 1e-9
    assert scaled.std() == pytest.approx(1)


def test_features_of_an_npz_are_standardised_and_parted_four_to_one(place):
    constant = np.c_[FEATURES, np.full(30, 7.0), 1.7e9 + LABELS]
    save(place, x=constant, y=np.array(["no", "yes", "Ärger"])[LABELS])
    samples = Own(file="a.npz").load()
    assert samples.classes == ("no", "yes", "Ärger")
    assert samples.train_x.dtype == np.float32
    assert np.bincount(samples.train_y).tolist() == [8, 8, 8]
    assert np.bincount(samples.test_y).tolist() == [2, 2, 2]
    assert np.allclose(samples.train_x.mean(axis=0), 0, atol=1e-5)
    assert np.allclose(samples.train_x.std(axis=0), [1, 1, 1, 1, 0, 1], atol=1e-4)


@pytest.mark.parametrize(
    "x",
    [PICTURES.astype(np.int64), PICTURES / 255, (PICTURES / 255).astype(np.float32), PICTURES.astype(np.float32)],
)
def test_pixels_may_be_whole_numbers_or_fractions(place, x):
    assert np.array_equal(read_raw(save(place, x=x, y=LABELS)).x, PICTURES)


def test_pixels_for_training_and_testing_are_of_one_kind(place):
    x = PICTURES.astype(float)
    black = np.minimum(x[:6], 1)  # alone they would pass for fractions
    found = read_raw(save(place, x_train=x, y_train=LABELS, x_test=black, y_test=LABELS[:6]))
    assert found.test_x.max() == 1


def test_labels_are_trimmed(place):
    found = read_raw(save(place, x=FEATURES, y=np.array([" a", "a ", "b"])[LABELS]))
    assert found.classes == ("a", "b")
    assert found.y.tolist()[:3] == [0, 0, 1]


@pytest.mark.parametrize("factor", [1e300, 1e-300, 2.0**-1060, 1e154])
def test_features_of_any_size_are_standardised(place, factor):
    usual = Own(file=save(place, x=FEATURES, y=LABELS).name).load()
    samples = Own(file=save(place, "b.npz", x=FEATURES * factor, y=LABELS).name).load()
    assert np.allclose(samples.train_x, usual.train_x, rtol=1e-3, atol=1e-3)
    assert np.allclose(samples.test_x, usual.test_x, rtol=1e-3, atol=1e-3)


def test_standardised_features_are_those_of_the_usual_formula(place):
    x = np.random.default_rng(1).normal(3, 2, size=(3000, 5))
    samples = Own(file=save(place, x_train=x, y_train=x[:, 0] > 3, x_test=x[:7], y_test=x[:7, 0] > 3).name).load()
    wanted = StandardScaler().fit(x).transform(x)
    assert np.allclose(samples.train_x, wanted, atol=1e-6)
    assert np.array_equal(samples.test_x, samples.train_x[:7])


def test_a_feature_that_is_the_same_everywhere_becomes_nothing(place):
    x = np.c_[FEATURES, np.full(30, 0.1), np.full(30, 1e300)]  # whose mean is not 0.1 in binary
    samples = Own(file=save(place, x=x, y=LABELS).name).load()
    assert not samples.train_x[:, 4:].any()


def test_a_small_file_does_not_become_a_large_one(place):
    x = np.zeros((20_000, 1024), np.uint8)
    x[::7, ::3] = 1
    np.savez_compressed(place / "a.npz", x=x, y=np.arange(len(x)) % 3)
    read_raw(place / "a.npz")
    import tracemalloc

    tracemalloc.start()
    samples = Own(file="a.npz").read()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2.2 * (samples.train_x.nbytes + samples.test_x.nbytes)


def test_what_features_become_has_a_limit(place, monkeypatch):
    monkeypatch.setattr(raw, "MOST_VALUES", 100)
    refused(save(place, x=FEATURES, y=LABELS), "holds 120 numbers, but at most 100 are allowed")
    half = {"x_train": FEATURES[:15], "y_train": LABELS[:15], "x_test": FEATURES[15:], "y_test": LABELS[15:]}
    refused(save(place, "b.npz", **half), "holds 120 numbers")
    assert len(read_raw(save(place, "c.npz", x=PICTURES, y=LABELS)).x) == 30


def test_labels_keep_the_order_of_numbers_and_names_may_be_given(place):
    path = save(place, x=FEATURES, y=np.array(["10", "9", "-1"])[LABELS])
    assert read_raw(path).classes == ("-1", "9", "10")
    assert read_raw(path).y.tolist()[:3] == [2, 1, 0]
    path = save(place, "b.npz", x=FEATURES, y=LABELS * 2.0, classes=np.array(["a", "b", "c", "d", "e"]))
    assert read_raw(path).classes == ("a", "c", "e")
    assert read_raw(path).y.tolist()[:3] == [0, 1, 2]


def npy(array, allow_pickle=False):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asarray(array), allow_pickle=allow_pickle)
    return stream.getvalue()


def archive(place, **members):
    with zipfile.ZipFile(place / "a.npz", "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return place / "a.npz"


def headed(text):
    """An array with any text for a header."""
    return b"\x93NUMPY\x01\0" + len(text).to_bytes(2, "little") + text


def header(shape, dtype="|u1"):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": dtype, "fortran_order": False, "shape": shape})
    return stream.getvalue()


class Trap:
    def __reduce__(self):
        return pytest.fail, ("the pickle was opened",)


NPZ = {
    "no archive": (lambda at: (at / "a.npz").write_bytes(b"PK but no zip"), "cannot be read"),
    "one array": (lambda at: (at / "a.npz").write_bytes(npy(LABELS)), "cannot be read"),
    "other names": (lambda at: save(at, images=PICTURES), "holds images, but must hold x_train"),
    "half a split": (lambda at: save(at, x_train=FEATURES, y_train=LABELS), "holds x_train, y_train, but"),
    "objects": (
        lambda at: archive(at, x=npy(np.array([Trap()] * 3), True), y=npy(LABELS)),
        "x in .*npz holds Python objects",
    ),
    "labels of objects": (
        lambda at: archive(at, x=npy(FEATURES), y=npy(np.array(["a", None]), True)),
        "y in .*npz holds Python",
    ),
    "bare pickle": (lambda at: archive(at, x=pickle.dumps([1]), y=npy(LABELS)), "cannot be read"),
    "cut": (lambda at: archive(at, x=npy(FEATURES)[:-8], y=npy(LABELS)), "cannot be read"),
    "too long": (lambda at: archive(at, x=npy(FEATURES) + b"0", y=npy(LABELS)), "cannot be read"),
    "giant": (lambda at: archive(at, x=header((10**12, 5)), y=npy(LABELS)), "holds > 256 MiB"),
    "deep header": (lambda at: archive(at, x=headed(b"(" * 9000), y=npy(LABELS)), "cannot be read"),
    "header of a program": (lambda at: archive(at, x=headed(b"__import__('os')"), y=npy(LABELS)), "cannot be read"),
    "negative": (lambda at: archive(at, x=header((-1, -5)), y=npy(LABELS)), "cannot be read"),
    "complex": (lambda at: save(at, x=FEATURES + 1j, y=LABELS), "x in .*npz has the type complex128"),
    "dates": (lambda at: save(at, x=FEATURES.astype("M8[s]"), y=LABELS), "has the type datetime64"),
    "structured": (lambda at: save(at, x=np.zeros(30, dtype="f4,i4"), y=LABELS), "has the type"),
    "texts for numbers": (lambda at: save(at, x=FEATURES.astype(str), y=LABELS), "x in .*npz has the type <U"),
    "colour": (lambda at: save(at, x=np.zeros((30, 6, 5, 3)), y=LABELS), "shape 30 x 6 x 5 x 3, but must be features"),
    "one number each": (lambda at: save(at, x=FEATURES[:, 0], y=LABELS), "shape 30, but must be"),
    "empty": (lambda at: save(at, x=FEATURES[:0], y=LABELS[:0]), "shape 0 x 4, but each size"),
    "wide": (lambda at: save(at, x=np.zeros((30, raw.MOST_FEATURES + 1)), y=LABELS), "30 x 1025"),
    "large pictures": (lambda at: save(at, x=np.zeros((30, 65, 5), np.uint8), y=LABELS), "30 x 65 x 5"),
    "many samples": (lambda at: save(at, x=np.zeros((100_001, 1), np.uint8), y=LABELS), "100001 x 1"),
    "fewer labels": (lambda at: save(at, x=FEATURES, y=LABELS[:-1]), "y in .*npz is int64 29, but .* 30 samples"),
    "one-hot": (lambda at: save(at, x=FEATURES, y=np.eye(3)[LABELS]), "is float64 30 x 3"),
    "label 1e30": (lambda at: save(at, x=FEATURES, y=LABELS * 1e30), "y in .*holds the label 1e.30, but numbered"),
    "label below": (lambda at: save(at, x=FEATURES, y=LABELS * -1e19), "holds the label -1e.19"),
    "label of 64 bits": (
        lambda at: save(at, x=FEATURES, y=LABELS.astype(np.uint64) + np.uint64(2**63)),
        "holds the label 9.223e.18",
    ),
    "label nan in words": (lambda at: save(at, x=FEATURES, y=np.array(["a", "nan", "c"])[LABELS]), "the label 'nan'"),
    "name twice": (
        lambda at: save(at, x=FEATURES, y=LABELS, classes=np.array(["a", "a ", "b"])),
        "gives two classes the name a",
    ),
    "far test": (
        lambda at: save(at, x_train=FEATURES, y_train=LABELS, x_test=FEATURES * 1e60, y_test=LABELS),
        "so far from those for training",
    ),
    "name nan": (lambda at: save(at, x=FEATURES, y=LABELS, classes=np.array(["a", "NaN", "c"])), "the label 'nan'"),
    "pixels": (lambda at: save(at, x=PICTURES / 100, y=LABELS), "lie between 0.* and 2.55, but must be either whole"),
    "negative pixels": (lambda at: save(at, x=PICTURES.astype(int) - 9, y=LABELS), "lie between -9"),
    "mixed types": (
        lambda at: save(at, x_train=PICTURES, y_train=LABELS, x_test=PICTURES / 255, y_test=LABELS),
        "different kinds",
    ),
    "mixed sizes": (
        lambda at: save(at, x_train=PICTURES, y_train=LABELS, x_test=PICTURES[:, 1:], y_test=LABELS),
        "different kinds",
    ),
    "mixed labels": (
        lambda at: save(at, x_train=FEATURES, y_train=LABELS, x_test=FEATURES, y_test=LABELS.astype(str)),
        "different kinds",
    ),
    "one class": (lambda at: save(at, x=FEATURES, y=LABELS * 0), "holds 1 classes, but must hold between 2 and 64"),
    "many classes": (lambda at: save(at, x=np.zeros((65, 2)), y=np.arange(65)), "holds 65 classes"),
    "lone sample": (
        lambda at: save(at, x=FEATURES, y=np.where(np.arange(30) == 7, 9, LABELS)),
        "one sample of class 9",
    ),
    "long label": (lambda at: save(at, x=FEATURES, y=np.array(["a", "b" * 41, "c"])[LABELS]), "1 to 40 printable"),
    "line in label": (lambda at: save(at, x=FEATURES, y=np.array(["a", "b\nc", "c"])[LABELS]), "1 to 40 printable"),
    "few names": (lambda at: save(at, x=FEATURES, y=LABELS, classes=np.array(["a", "b"])), "classes in .*npz holds 2"),
}  # fmt: skip


@pytest.mark.parametrize("name", NPZ)
def test_an_npz_that_is_none_is_refused_with_one_sentence(place, name):
    make, sentence = NPZ[name]
    make(place)
    refused(place / "a.npz", sentence)


def peak_of_refusing(path):
    """How many bytes are taken at most while a file is refused."""
    tracemalloc.start()
    try:
        refused(path, "cannot be read")
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_zip_bomb_is_not_unpacked(place):
    """Half a gigabyte of zeros behind a small header: only what the header asks for, and one byte, is unpacked."""
    with zipfile.ZipFile(place / "a.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        file.writestr("y.npy", npy(LABELS))
        with file.open("x.npy", "w") as member:
            member.write(npy(PICTURES))
            for _ in range(256):
                member.write(bytes(2**20))
    assert peak_of_refusing(place / "a.npz") < 2**22


def test_a_negative_size_does_not_unpack_all_there_is(place):
    """One negative size is a negative length, and of that ``read`` gives everything."""
    with zipfile.ZipFile(place / "a.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        file.writestr("y.npy", npy(LABELS))
        with file.open("x.npy", "w") as member:
            member.write(header((-3, 4)))
            for _ in range(64):
                member.write(bytes(2**20))
    assert peak_of_refusing(place / "a.npz") < 2**22


_WORDS = ["10L", "1e999", "0" * 50, "lambda: 0", "'descr': '<f8'", "'shape': (3, 2)", "'fortran_order': False"]
_PIECES = [*"()[]{},:-'\\\n\t\0é", *_WORDS]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join), st.sampled_from([b"\x01\0", b"\x02\0", b"\x03\0"]))
def test_whatever_stands_in_a_header_it_is_read_or_refused(tmp_path_factory, text, version):
    place = tmp_path_factory.mktemp("npz")
    content = text.encode()
    size = len(content).to_bytes(2 if version[:1] == b"\x01" else 4, "little")
    path = archive(place, x=b"\x93NUMPY" + version + size + content, y=npy(LABELS))
    with pytest.raises(Refusal):
        read_raw(path)
