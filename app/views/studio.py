"""The studio: a run as a moving picture, and the settings of the next one."""

from dataclasses import replace

import streamlit as st

from app.page import navigation
from app.page.examples import example_picker, story
from app.page.run_view import apply_result, open_run_or_default, stage_panels
from app.page.sidebar import data_controls, panel_controls, train_button, training_controls
from app.page.stage_component import stage
from plots.axes import own_axes
from spec import text

link = navigation.current_link()
view, problem = open_run_or_default(link)
if view and link != (complete := navigation.complete_link(link, view.run, view.owner, view.experiment)):
    link = complete
    navigation.go(link)

left, right = st.columns([6, 1], vertical_alignment="center")
with left:
    example_picker(link)
with right:
    navigation.language_switch(link)
story(link)
for message in (navigation.take_message(), problem):
    if message:
        st.error(message.render(link.language))

if view:
    result = stage(
        run=view.run,
        owner=view.owner,
        language=link.language,
        panels=stage_panels(view, link.language),
        key="stage",
        frame=link.frame,
        own_axes=own_axes(view.experiment),
    )
    next_link = apply_result(link, result)
    if next_link != link:
        navigation.go(next_link)
        if next_link != replace(link, frame=next_link.frame):  # draw the sidebar again with the new settings
            st.rerun()

run = view.run if view else ""
with st.sidebar:
    st.subheader(text("ui.studio.next", link.language), help=text("ui.studio.next_help", link.language))
    train_button(link, view)
    panel_controls(link, run)
    with st.expander(text("ui.studio.data", link.language), icon=":material/database:"):
        data_controls(link, run)
    with st.expander(text("ui.studio.training", link.language), icon=":material/tune:"):
        training_controls(link, run)
