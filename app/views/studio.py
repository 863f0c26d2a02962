"""The studio: a run as a moving picture, and the settings of the next one."""

from dataclasses import replace

import streamlit as st

from app.page import navigation
from app.page.examples import example_picker, story
from app.page.run_view import followed, show_or_default, stage_panels
from app.page.sidebar import data_controls, panel_controls, train_button, training_controls
from app.page.stage_component import stage
from plots.axes import own_axes
from spec import text

link = navigation.now()
showing, trouble = show_or_default(link)
if showing and link != (settled := navigation.settled(link, showing.run, showing.owner, showing.experiment)):
    link = settled
    navigation.go(link)

left, right = st.columns([6, 1], vertical_alignment="center")
with left:
    example_picker(link)
with right:
    navigation.language_switch(link)
story(link)
for message in (navigation.said(), trouble):
    if message:
        st.error(message.render(link.language))

if showing:
    done = stage(
        run=showing.run,
        owner=showing.owner,
        language=link.language,
        panels=stage_panels(showing, link.language),
        key="stage",
        frame=link.frame,
        own_axes=own_axes(showing.experiment),
    )
    after = followed(link, done)
    if after != link:
        navigation.go(after)
        if after != replace(link, frame=after.frame):  # the controls beside the picture follow
            st.rerun()

run = showing.run if showing else ""
with st.sidebar:
    st.subheader(text("ui.studio.next", link.language), help=text("ui.studio.next_help", link.language))
    train_button(link, showing)
    panel_controls(link, run)
    with st.expander(text("ui.studio.data", link.language), icon=":material/database:"):
        data_controls(link, run)
    with st.expander(text("ui.studio.training", link.language), icon=":material/tune:"):
        training_controls(link, run)
