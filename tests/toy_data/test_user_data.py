"""The user's own data as a data set: found by name, tied by checksum, trained on."""

import inspect
import os
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from user_data_parts import FEATURES, LABELS, PICTURES, refused, save, shapes

from engine import Experiment, Panel, train
from spec import Refusal, has_text
from toy_data import available, folder, idx, npz, picture_folder, raw, table
from toy_data.user_data import Own, check_name, checksum, read, read_raw


def test_four_idx_files_of_ones_own(place):
    (place / "signs").mkdir()
    arrays = (PICTURES, LABELS * 4, PICTURES[:9], LABELS[:9] * 4)
    for role, array in zip(folder.ROLES, arrays, strict=True):
        idx.write(place / "signs" / f"{role}-idx{array.ndim}-ubyte.gz", array)
    samples = Own(file="signs").load()
    assert np.array_equal(samples.train_x, PICTURES)
    assert samples.test_y.tolist() == LABELS[:9].tolist()
    assert samples.classes == ("0", "4", "8")
    (place / "signs" / "t10k-labels-idx1-ubyte.gz").unlink()
    refused(place / "signs", "lacks t10k-labels")


def test_a_file_that_is_too_large_is_not_opened(place, monkeypatch):
    monkeypatch.setattr("toy_data.user_data.MOST_BYTES", 2**20)
    for name in ("a.npz", "a.csv"):
        (place / name).write_bytes(bytes(2**21))
        refused(place / name, "holds 2 MiB, but at most 1 MiB")


@pytest.mark.parametrize("name", ["../secret.npz", "/etc/passwd", "..", "a/b.npz", "~/a.npz", "a\\b.npz"])
def test_a_path_is_no_name(place, name):
    save(place.parent, "secret.npz", x=FEATURES, y=LABELS)
    with pytest.raises(Refusal, match="must be a plain name"):
        Own(file=name)


def test_a_name_that_leads_out_of_the_folder_is_refused(place):
    (place / "way.npz").symlink_to(save(place.parent, "secret.npz", x=FEATURES, y=LABELS))
    with pytest.raises(Refusal, match="leads out of its folder"):
        Own(file="way.npz").load()


def test_what_there_is_to_choose_is_said(place):
    assert available()["own"].key == "data.own_none"
    with pytest.raises(Refusal, match="no data of your own here yet"):
        Own().load()
    save(place, "b.npz", x=FEATURES, y=LABELS)
    shapes(place)
    (place / "notes.txt").write_text("")
    (place / "fashion-mnist").mkdir()
    assert available()["own"] is None
    for name in ("", "c.npz"):
        with pytest.raises(Refusal, match=f"no '{name}' among your data; there are: b.npz, shapes"):
            Own(file=name).load()
    (place / "a.txt").write_text("1,2")
    with pytest.raises(Refusal, match="must be an NPZ, a CSV, or a folder"):
        Own(file="a.txt").load()


@pytest.mark.parametrize("name", [" sp.csv", "-a.csv", ".a.csv", "a+b.csv", "it's.csv", "a" * 70 + ".csv"])
def test_a_name_that_cannot_be_used_is_said_to_be_so(place, name):
    (place / name).write_text("1,a\n2,b\n")
    with pytest.raises(Refusal, match=r"cannot be used under this name; rename it, with at most 64 char.* [(] [)]"):
        check_name(name)
    check_name("A file (1)_-.csv")


def test_a_name_whose_spaces_were_lost_on_the_way_is_recognised(place):
    (place / " sp.csv").write_text("1,a\n2,b\n")
    with pytest.raises(Refusal, match=r"^' sp.csv' cannot be used under this name; rename it"):
        Own(file="sp.csv").load()
    with pytest.raises(Refusal, match=r"^There is no 'p.csv'"):
        Own(file="p.csv").load()


def test_a_checksum_ties_to_what_the_file_holds(place):
    path = save(place, x=FEATURES, y=LABELS)
    digits = checksum(read(path))[:10]
    assert len(Own(file="a.npz", checksum=digits.upper()).load().classes) == 3
    save(place, x=FEATURES + LABELS[:, None], y=LABELS)
    with pytest.raises(Refusal, match="this experiment asks for"):
        Own(file="a.npz", checksum=digits).load()
    assert len(Own(file="a.npz").load().classes) == 3


def test_a_file_that_changes_is_read_again(place):
    save(place, x=FEATURES, y=LABELS)
    assert len(Own(file="a.npz").load().classes) == 3
    save(place, x=FEATURES, y=LABELS % 2)
    assert len(Own(file="a.npz").load().classes) == 2


def test_dials_apply_and_fewer_classes_than_the_dial_are_all_kept(place):
    save(place, x=np.repeat(FEATURES, 5, axis=0), y=np.repeat(LABELS, 5))
    samples = Own(file="a.npz", imbalance=4.0, held_out=1).load()
    assert np.bincount(samples.train_y).tolist() == [40, 10]
    assert samples.held_out_classes == ("2",)


def test_all_classes_and_samples_are_kept_unless_a_dial_says_otherwise(place):
    labels = np.repeat(np.arange(raw.MOST_CLASSES), 4)
    save(place, x=np.arange(len(labels))[:, None], y=labels)
    samples = Own(file="a.npz").load()
    assert len(samples.classes) == raw.MOST_CLASSES
    assert len(samples.train_y) + len(samples.test_y) == len(labels)
    assert len(Own(file="a.npz", classes=12).load().classes) == 12
    assert len(Own(file="a.npz", held_out=20).load().held_out_classes) == 20
    many = 20_000
    save(place, "b.npz", x=np.arange(many)[:, None], y=np.arange(many) % 2)
    samples = Own(file="b.npz").load()
    assert len(samples.train_y) + len(samples.test_y) == many


def test_the_stage_has_room_for_as_many_classes_as_a_file_may_have():
    stage = Path(__file__).parents[2] / "app" / "stage"
    sources = [path.read_text(encoding="utf-8") for path in stage.rglob("*.js")]
    room = {int(count) for source in sources for count in re.findall(r"\bconst \w*CLASSES = (\d+)", source)}
    assert room == {raw.MOST_CLASSES}


@pytest.mark.parametrize(("split", "word"), [("train", "training"), ("test", "test")])
def test_a_class_without_a_sample_is_named_with_its_file(place, split, word):
    parts = {"train": np.arange(30) % 3, "test": np.arange(30) % 3}
    parts[split] = parts[split] % 2
    names = np.array(["cat", "dog", "fish"])
    arrays = {"x_train": FEATURES, "y_train": names[parts["train"]], "x_test": FEATURES, "y_test": names[parts["test"]]}
    save(place, **arrays)
    with pytest.raises(Refusal, match=f"a.npz holds no {word} sample of class fish; keep fewer classes"):
        Own(file="a.npz").load()
    assert Own(file="a.npz", classes=2).load().classes == ("cat", "dog")


def test_a_pipe_is_not_waited_for(place):
    for name in ("a.csv", "a.npz"):
        os.mkfifo(place / name)
        refused(place / name, "cannot be read")


def test_a_folder_is_called_by_its_name_however_it_is_given(place, monkeypatch):
    (shapes(place) / "left").rename(place / "gone")
    monkeypatch.chdir(place / "shapes")
    for written in (".", "", "right/.."):
        for reader in (read, read_raw):
            with pytest.raises(Refusal, match=r"^shapes holds 1 classes"):
                reader(Path(written))


def test_labels_of_idx_files_are_counted_and_may_be_any_byte(place):
    arrays = (PICTURES, LABELS + 200, PICTURES[:9], LABELS[:9] + 200)
    (place / "signs").mkdir()
    for role, array in zip(folder.ROLES, arrays, strict=True):
        idx.write(place / "signs" / f"{role}-idx{array.ndim}-ubyte.gz", array)
    assert read(place / "signs").classes == ("200", "201", "202")


def test_it_can_be_trained_on(place):
    save(place, x=FEATURES + 20 * np.eye(4)[LABELS], y=LABELS)
    dials = {"file": "a.npz"}
    experiment = Experiment(data="own", dials=dials, panels=(Panel(loss="softmax"),), batch=8, steps=40)
    *_, last = train(experiment)
    assert last.panels[0].test_accuracy == 1
    assert Experiment.parse(experiment.canonical) == experiment


def test_every_sentence_of_the_readers_is_in_the_catalogue():
    for module in (raw, npz, table, picture_folder):
        keys = re.findall(r'Refusal\("([a-z_.]+)"', inspect.getsource(module))
        assert keys
        assert all(has_text(key) for key in keys)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=120), st.sampled_from(["a.npz", "a.csv"]))
def test_whatever_stands_in_a_file_it_is_read_or_refused(tmp_path_factory, content, name):
    path = tmp_path_factory.mktemp("own") / name
    path.write_bytes(content)
    try:
        size = read(path).train_x.size
    except Refusal:
        return
    assert size > 0
