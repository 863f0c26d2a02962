"""What a wrong link or an error comes to: one sentence, and the page goes on."""

import pytest
from page_parts import everything, link_of, opened, troubles

from spec import text

WRONG = [
    {"p1": "cosine_face"},
    {"p1": "arcface", "p1.margin": "4"},
    {"p1": ["softmax", "arcface"]},
    {"p1": "arcface", "p1.gamma": "1"},
    {"p7": "softmax"},
    {"steps": "1e999"},
    {"steps": "[1, 2]"},
    {"seed": "9" * 10_000},
    {"learning_rate": "nan"},
    {"dim": "4"},
    {"data": "imagenet"},
    {"data.classes": "0"},
    {"net": "<script>"},
    {"lang": "fr"},
    {"run": "../../etc/passwd"},
    {"run": "nobody-made-this"},
    {"frame": "x"},
    {"curve": "nothing"},
    {"compare": "beta"},
    {"wibble": "1"},
]


@pytest.mark.parametrize("view", ["studio", "curves"])
@pytest.mark.parametrize("query", WRONG, ids=lambda query: "&".join(query) + "=" + str(list(query.values())[-1])[:12])
def test_a_wrong_link_is_one_sentence_and_the_page_goes_on(client, query, view):
    page = opened(query, view)
    assert len(troubles(page)) == 1
    assert "Traceback" not in everything(page)
    if view == "studio":
        page.select_slider(key="seed").set_value(3).run()
        assert not page.exception
        assert not troubles(page), "the next link is a good one"
        assert link_of(page).experiment.seed == 3


def test_net_and_data_that_do_not_go_together_are_refused_with_a_sentence(client):
    page = opened({"net": "cnn", "data": "blobs", "p1": "softmax"})
    assert len(troubles(page)) == 1
    assert page.button(key="train").label == text("ui.studio.train", "en")


def test_without_its_server_the_page_says_how_to_start_it():
    page = opened()
    assert troubles(page) == [text("server.not_served", "en")]
    assert page.button(key="train")


def test_an_exception_in_a_view_is_one_sentence(client, monkeypatch, caplog):
    def fall(link):
        raise RuntimeError("a secret path")

    monkeypatch.setattr("app.page.examples.story", fall)
    page = opened()
    assert troubles(page) == [text("ui.page.failed", "en")]
    assert "a secret path" not in everything(page)
    assert "RuntimeError" in caplog.text
