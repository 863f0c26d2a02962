"""The pages without a browser: every view, loss and example in both languages."""

import pytest
from page_parts import everything, link_of, opened, troubles

from app.page.experiment_knobs import DEFAULT
from app.page.run_view import RunView, stage_panels
from app.page.url_state import Link, write
from app.presets import PRESETS
from engine import Experiment, Panel
from losses import LOSSES
from spec import LANGUAGES, text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("view", ["studio", "curves"])
@pytest.mark.parametrize("loss", LOSSES)
def test_every_view_shows_every_loss_in_both_languages(client, view, loss, language):
    link = Link(language=language, experiment=Experiment(panels=(Panel(loss=loss),)))
    page = opened(write(link), view)
    assert not troubles(page)
    assert text(f"losses.{loss}.idea", language) in everything(page)
    assert link_of(page).experiment == link.experiment


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.slug)
def test_every_example_is_shown_from_its_recording(client, preset, language):
    page = opened({"lang": language})
    page.segmented_control(key="example").set_value(preset.slug).run()
    assert not page.exception
    assert not troubles(page)
    assert link_of(page).experiment == preset.experiment
    assert text(f"ui.preset.{preset.slug}.story", language) in everything(page)
    assert text("ui.studio.same", language) in everything(page)
    assert client.started == []


def test_an_empty_link_shows_the_first_example(client):
    page = opened()
    assert page.query_params == {}
    assert page.segmented_control(key="example").value == PRESETS[0].slug


def test_an_example_without_its_recording_is_trained(client):
    (client.folder / f"{PRESETS[0].slug}.lossgeo").unlink()
    page = opened()
    assert client.started == [PRESETS[0].experiment]
    assert link_of(page).run == f"run-{PRESETS[0].experiment.key[:8]}"
    page.run()
    assert len(client.started) == 1


def test_settings_describe_the_next_run_while_the_stage_goes_on(client):
    page = opened()
    page.select_slider(key="p2.arcface.margin").set_value(0.5).run()
    link = link_of(page)
    assert link.experiment.panels[1].knobs["margin"] == 0.5
    assert link.run == "petals", "the picture stays"
    assert text("ui.studio.changed", "en") in everything(page)
    assert client.started == []
    page.button(key="train").click().run()
    assert [experiment.panels for experiment in client.started] == [link.experiment.panels]
    assert link_of(page).run == f"run-{link.experiment.key[:8]}"
    assert text("ui.studio.same", "en") in everything(page)


def test_a_link_restores_every_control(client):
    experiment = Experiment(
        data="blobs",
        dials={"classes": 4, "spread": 3.0},
        dim=3,
        panels=(
            Panel(loss="arcface", knobs={"margin": 2.5, "beyond": "easy"}),
            Panel(loss="softmax", knobs={"bias": False, "temperature": 5000.0}),
            Panel(loss="center", knobs={"weight": 0.0}),
        ),
        learning_rate=0.003,
        steps=40,
        batch=17,
        seed=123456,
    )
    page = opened(write(Link(experiment=experiment)))
    assert not troubles(page)
    assert page.select_slider(key="p1.arcface.margin").value == 2.5, "beyond the slider, and kept"
    assert page.selectbox(key="p1.arcface.beyond").value == "easy"
    assert page.toggle(key="p2.softmax.bias").value is False
    assert page.select_slider(key="p2.softmax.temperature").value == 5000.0
    assert page.select_slider(key="p3.center.weight").value == 0.0
    assert page.select_slider(key="data.blobs.spread").value == 3.0
    assert page.selectbox(key="dim").value == "3"
    assert page.select_slider(key="seed").value == 123456
    assert page.select_slider(key="batch").value == 17
    assert client.started == [experiment], "settings without a run are trained"
    again = opened(dict(page.query_params))
    assert link_of(again) == link_of(page)
    assert len(client.started) == 1


def test_more_and_fewer_losses_side_by_side(client):
    page = opened()
    page.selectbox(key="panels").set_value("4").run()
    panels = link_of(page).experiment.panels
    assert [panel.loss for panel in panels[:2]] == ["softmax", "arcface"]
    assert len({panel.loss for panel in panels}) == 4
    page.selectbox(key="p4").set_value("focal").run()
    assert link_of(page).experiment.panels[3] == Panel(loss="focal")
    page.selectbox(key="panels").set_value("1").run()
    assert [panel.loss for panel in link_of(page).experiment.panels] == ["softmax"]


def test_six_losses_stand_side_by_side_and_are_trained(client):
    page = opened()
    assert page.selectbox(key="panels").options == ["1", "2", "3", "4", "5", "6"]
    page.selectbox(key="panels").set_value("6").run()
    page.selectbox(key="p6").set_value("huber").run()
    page.select_slider(key="p6.huber.delta").set_value(2.0).run()
    link = link_of(page)
    assert [name for name in write(link) if name[1:].isdigit()] == ["p1", "p2", "p3", "p4", "p5", "p6"]
    assert link.experiment.panels[5] == Panel(loss="huber", knobs={"delta": 2.0})
    page.button(key="train").click().run()
    assert not troubles(page)
    assert [len(experiment.panels) for experiment in client.started] == [6]
    view = RunView(link_of(page).run, None, link.experiment, 10)
    assert [panel["panel"] for panel in stage_panels(view, "en")] == [0, 1, 2, 3, 4, 5]


def test_another_data_set_brings_its_dials(client):
    page = opened()
    page.selectbox(key="data").set_value("blobs").run()
    page.select_slider(key="data.blobs.classes").set_value(3).run()
    experiment = link_of(page).experiment
    assert (experiment.data, experiment.dials["classes"]) == ("blobs", 3)
    assert "data.digits.classes" not in [slider.key for slider in page.select_slider]


def test_another_net_brings_its_knobs_at_their_defaults(client):
    page = opened({"net.width": "64"})
    assert page.select_slider(key="net.mlp.width").value == 64
    page.select_slider(key="net.mlp.depth").set_value(3).run()
    assert dict(link_of(page).experiment.net_knobs) == {"width": 64, "depth": 3}
    page.selectbox(key="net").set_value("cnn").run()
    assert not page.exception
    assert dict(link_of(page).experiment.net_knobs) == {"channels": 8, "width": 128}
    assert page.select_slider(key="net.cnn.channels").value == 8
    assert text("nets.cnn.idea") in everything(page)


def test_a_data_set_that_is_not_here_says_how_to_get_it_and_cannot_be_trained(client, monkeypatch, tmp_path):
    monkeypatch.setenv("LOSS_GEOMETRY_DATA", str(tmp_path))
    monkeypatch.setattr("toy_data.folder.home", lambda: tmp_path / "home")
    page = opened({"data": "mnist", "p1": "softmax", "run": "petals"})
    assert any("LOSS_GEOMETRY_DATA" in trouble for trouble in troubles(page))
    assert page.button(key="train").disabled


def test_own_data_are_named_in_the_page_and_a_path_is_refused(client, monkeypatch, tmp_path):
    (tmp_path / "mine.csv").write_text("".join(f"{k}.5,{k % 3},c{k % 3}\n" for k in range(30)))
    monkeypatch.setenv("LOSS_GEOMETRY_DATA", str(tmp_path))
    page = opened({"data": "own", "p1": "softmax", "run": "petals"})
    assert any("mine.csv" in trouble for trouble in troubles(page)), "what there is to choose"
    assert page.button(key="train").disabled
    page.text_input(key="data.own.file").set_value("mine.csv").run()
    assert not troubles(page)
    assert not page.button(key="train").disabled
    assert link_of(page).experiment.dials["file"] == "mine.csv"
    page.text_input(key="data.own.file").set_value("../mine.csv").run()
    assert link_of(page).experiment.dials["file"] == "mine.csv"


def test_too_many_runs_are_refused_with_a_sentence(client):
    page = opened()
    page.select_slider(key="seed").set_value(1).run()
    client.busy = True
    page.button(key="train").click().run()
    assert not page.exception
    assert troubles(page) == [text("server.too_many_runs", "en", limit=32)]
    assert link_of(page).run == "petals"
    page.run()
    assert not troubles(page), "said once"


def test_a_link_with_a_run_alone_brings_the_settings_of_the_run_and_its_edits(client):
    experiment = Experiment(panels=(Panel(loss="cosface", knobs={"margin": 0.1}), Panel(loss="arcface")), seed=5)
    edits = ({"panel": None, "knob": "scale", "value": 8.0}, {"panel": None, "knob": "learning_rate", "value": 0.02})
    client.record("edited", experiment, "done", *edits)
    page = opened({"run": "edited"})
    link = link_of(page)
    assert [panel.knobs["scale"] for panel in link.experiment.panels] == [8.0, 8.0]
    assert (link.experiment.learning_rate, link.experiment.seed, link.run) == (0.02, 5, "edited")
    assert page.select_slider(key="p1.cosface.scale").value == 8.0


def test_the_language_is_switched_and_kept_in_the_link(client):
    page = opened({"p1": "focal", "seed": "4"})
    page.segmented_control(key="language").set_value("zh").run()
    assert page.query_params["lang"] == "zh"
    assert text("ui.studio.train", "zh") in everything(page)
    assert link_of(page).experiment.seed == 4
    page.segmented_control(key="language").set_value("en").run()
    assert "lang" not in page.query_params
    assert text("ui.studio.train", "en") in everything(page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_losses_are_named_in_the_language_of_the_page(client, language):
    names = [text(f"losses.{slug}.title", language) for slug in ("triplet", "contrastive")]
    page = opened({"lang": language, "p1": "triplet", "p2": "contrastive"})
    assert text("ui.preset.own", language, losses=", ".join(names)) in everything(page)
    view = RunView("run", None, link_of(page).experiment, 10)
    assert [panel["title"] for panel in stage_panels(view, language)] == names


def test_another_view_keeps_the_link(client):
    page = opened({"lang": "zh", "seed": "4", "p1": "focal"})
    before = dict(page.query_params)
    page.switch_page("views/curves.py")
    page.query_params.clear()  # as the browser does
    page.run()
    assert dict(page.query_params) == before


def test_a_setting_sets_the_knobs_of_its_panel_and_a_knob_moved_makes_it_ones_own(client):
    page = opened({"p1": "softmax", "p2": "cosface", "p2.margin": "0.2"})
    box = page.selectbox(key="p2.cosface.setting")
    assert (box.value, box.options[-1]) == ("own", text("losses.settings.own", "en"))
    box.set_value("paper").run()
    assert link_of(page).experiment.panels[1].knobs == {"margin": 0.35, "scale": 64.0}
    assert page.selectbox(key="p2.cosface.setting").options == [
        text(f"losses.settings.{slug}", "en") for slug in ("default", "paper")
    ]
    page.select_slider(key="p2.cosface.scale").set_value(16.0).run()
    assert page.selectbox(key="p2.cosface.setting").value == "own"
    page.selectbox(key="p2.cosface.setting").set_value("default").run()
    assert link_of(page).experiment.panels[1] == Panel(loss="cosface")
    assert not troubles(page)
    assert "p1.softmax.setting" not in {box.key for box in page.selectbox}


def test_the_first_example_is_what_a_new_visitor_sees():
    assert PRESETS[0].experiment == DEFAULT
    assert len({preset.slug for preset in PRESETS}) == len(PRESETS) >= 4
    assert {preset.experiment.dim for preset in PRESETS} == {2, 3}
