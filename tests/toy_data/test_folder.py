"""Which data set the IDX files of a folder are: by its name, or by what is published of the set."""

import numpy as np
import pytest

from spec import Refusal
from toy_data import DATA_SETS, VARIABLE, available, folder, idx
from toy_data.public_sets import SOURCES

# by which the files of the tests are told apart where counts do not tell
INK = {"fashion_mnist": 70, "kuzushiji_mnist": 50}


def put(place, slug, side=None, moved=0):
    """Files with the published counts of a set; ``moved`` training labels changed from 0 to 1."""
    place.mkdir(parents=True, exist_ok=True)
    source = SOURCES[slug]
    side = side or source.side
    for split, counts in (("train", source.train), ("t10k", source.test)):
        labels = np.repeat(np.arange(10), counts)
        if split == "train":
            labels[:moved] = 1
        pictures = np.full((len(labels), side, side), INK.get(slug, 10), dtype=np.uint8)
        for kind, array in (("images", pictures), ("labels", labels)):
            idx.write(place / f"{split}-{kind}-idx{array.ndim}-ubyte.gz", array)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "home", lambda: tmp_path / "home")
    monkeypatch.setattr(folder, "SYSTEM_FOLDERS", {})
    monkeypatch.setenv(VARIABLE, str(tmp_path / "pictures"))
    return tmp_path / "pictures"


def here():
    return [slug for slug in SOURCES if available()[slug] is None]


@pytest.mark.parametrize("slug", SOURCES)
def test_files_in_a_folder_of_any_name_are_the_set_whose_counts_they_have_and_no_other(place, slug):
    put(place, slug)
    assert here() == [slug]
    for other in set(SOURCES) - {slug}:
        with pytest.raises(Refusal, match=f"{other} is not on this computer: train-images, .* not found"):
            DATA_SETS[other]().load()


@pytest.mark.parametrize("change", [{"side": 20}, {"moved": 1}])
def test_files_of_another_size_or_with_one_label_changed_are_not_the_set(place, change):
    put(place, "usps", **change)
    assert here() == []
    with pytest.raises(Refusal, match="the IDX files in pictures do not have its numbers of samples") as caught:
        DATA_SETS["usps"]().load()
    assert "only in a folder called usps" in str(caught.value)
    place.rename(place.parent / "usps")
    assert here() == [], "the folder that the variable names is gone"


@pytest.mark.parametrize("name", ["usps", "USPS"])
def test_a_part_of_a_set_counts_in_a_folder_of_its_name(place, monkeypatch, name):
    put(place.parent / name, "usps", moved=1)
    monkeypatch.setenv(VARIABLE, str(place.parent / name))
    assert here() == ["usps"]
    monkeypatch.chdir(place.parent / name)
    monkeypatch.setenv(VARIABLE, ".")
    assert here() == ["usps"]


def test_files_of_another_set_under_a_set_s_name_are_refused(place):
    put(place / "usps", "mnist")
    put(place / "kuzushiji-mnist", "fashion_mnist")
    for slug, held in (("usps", "mnist"), ("kuzushiji_mnist", "fashion_mnist")):
        with pytest.raises(Refusal, match=f"holds the data set {held} and not {slug}; put the four") as caught:
            DATA_SETS[slug]().load()
        assert caught.value.message.key in folder.ABSENT
    put(folder.home() / "usps", "usps")
    assert here() == ["usps"], "what was fetched is found nevertheless"


def test_files_that_cannot_be_read_say_so_where_nothing_else_is_found(place):
    put(place, "usps")
    damaged = place / "train-labels-idx1-ubyte.gz"
    damaged.write_bytes(damaged.read_bytes()[:-20])
    with pytest.raises(Refusal, match=r"train-labels-idx1-ubyte\.gz cannot be read"):
        DATA_SETS["usps"]().load()
    put(folder.home() / "usps", "usps")
    assert here() == ["usps"]


def test_a_variable_that_names_no_folder_is_said_where_a_set_is_missing(place):
    for slug in SOURCES:
        with pytest.raises(Refusal, match=f"{VARIABLE} names pictures, which is no folder here"):
            DATA_SETS[slug]().load()
    with pytest.raises(Refusal, match=f"{VARIABLE} names pictures, which is no folder here"):
        DATA_SETS["own"]().load()
    assert available()["own"].key == "data.own_nowhere"
    assert available()["digits"] is None
    place.mkdir()
    assert available()["own"].key == "data.own_none"
    assert available()["mnist"].key == "data.files_missing"


def test_every_way_of_not_being_here_counts_as_that():
    from spec import has_text

    assert all(has_text(key) for key in folder.ABSENT)
