"""Every text stands in both languages with the same places, and errors speak through the catalogue."""

import string
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest

from spec import LANGUAGES, Message, Refusal, has_text, text


def entries(node: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if set(LANGUAGES) & set(node) and all(isinstance(value, str) for value in node.values()):
        yield path, node
        return
    for name, child in node.items():
        assert isinstance(child, dict), f"{path}.{name} is neither a table nor a text in {LANGUAGES}"
        yield from entries(child, f"{path}.{name}")


def catalogue() -> list[tuple[str, dict[str, Any]]]:
    return [
        entry
        for file in files("spec").joinpath("texts").iterdir()
        if file.name.endswith(".toml")
        for entry in entries(tomllib.loads(file.read_text(encoding="utf-8")), file.name.removesuffix(".toml"))
    ]


def places(sentence: str) -> set[tuple[str, str]]:
    return {(name, spec or "") for _, name, spec, _ in string.Formatter().parse(sentence) if name is not None}


def test_every_text_is_complete_in_both_languages():
    found = catalogue()
    assert len(found) > 50
    for key, node in found:
        assert set(node) == set(LANGUAGES), key
        assert all(sentence.strip() for sentence in node.values()), key
        assert {name for name, _ in places(node["en"])} == {name for name, _ in places(node["zh"])}, key
        assert has_text(key)


def test_errors_are_one_sentence():
    for key, node in catalogue():
        if key.startswith("errors."):
            assert "\n" not in node["en"] + node["zh"], key
            assert node["en"].endswith("."), key
            assert node["zh"].endswith("。"), key


def test_messages_are_put_into_words_later_and_may_hold_messages():
    inner = Message.of("errors.batch_finite")
    outer = Message.of("losses.refused.branch", branch=inner, allowed="x")
    assert inner.render("zh") in outer.render("zh")
    assert inner.render("en") in str(outer)
    assert Message.of("errors.batch_finite") == inner
    assert hash(inner) == hash(Message.of("errors.batch_finite"))


def test_a_refusal_is_a_value_error_that_keeps_its_message():
    refusal = Refusal("errors.knob_switch", name="bias", value=3)
    assert isinstance(refusal, ValueError)
    assert str(refusal) == text("errors.knob_switch", name="bias", value=3)
    assert refusal.message.render("zh") == "bias 为 3，但必须是 true 或 false。"


def test_unknown_keys_and_languages_are_an_error_of_ours():
    assert not has_text("errors.nothing")
    assert not has_text("nothing.at.all")
    assert not has_text("errors")
    for key, language in (("errors.nothing", "en"), ("errors.batch_finite", "fr")):
        with pytest.raises(KeyError):
            text(key, language)
