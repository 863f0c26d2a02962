"""The examples: experiments to look at first, each with its story."""

from dataclasses import replace

import streamlit as st

from app.page import navigation
from app.page.url_state import Link
from app.presets import PRESETS
from losses import LOSSES, loss_title
from spec import text


def example_picker(link: Link) -> None:
    """Show the examples; a click shows one on the stage and in the controls."""
    current = next((preset.slug for preset in PRESETS if preset.experiment == link.experiment), None)
    if st.session_state.get("example") != current:
        st.session_state["example"] = current

    def show_example() -> None:
        for preset in PRESETS:
            if preset.slug == st.session_state["example"]:
                link = navigation.current_link()
                navigation.go(replace(link, experiment=preset.experiment, run="", frame=None))

    st.segmented_control(
        text("ui.preset.choose", link.language),
        [preset.slug for preset in PRESETS],
        key="example",
        format_func=lambda slug: text(f"ui.preset.{slug}.title", link.language),
        on_change=show_example,
        label_visibility="collapsed",
    )


def story(link: Link) -> None:
    """Say what there is to see in the example, or that these are the visitor's own settings."""
    for preset in PRESETS:
        if preset.experiment == link.experiment:
            st.caption(text(f"ui.preset.{preset.slug}.story", link.language))
            return
    titles = ", ".join(loss_title(LOSSES[panel.loss], link.language) for panel in link.experiment.panels)
    st.caption(text("ui.preset.own", link.language, losses=titles))
