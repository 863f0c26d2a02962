"""Curves: what a single sample pays, how hard it is pulled, and where the samples of the run are."""

import streamlit as st

from app.page import navigation
from app.page.curves_controls import compare_controls, live_histogram, references, show_curve
from app.page.sidebar import loss_controls
from losses import LOSSES, loss_title
from plots.curves import curves, variables
from spec import text

link = navigation.current_link()
panel, language = link.curve_panel, link.language
left, right = st.columns([6, 1], vertical_alignment="center")
with left:
    st.subheader(text("ui.curves.title", language, title=loss_title(LOSSES[panel.loss], language)))
with right:
    navigation.language_switch(link)
if message := navigation.take_message():
    st.error(message.render(language))

with st.sidebar:
    loss_controls(panel, show_curve, language=language, key="curve")
    compare_controls(link)

for variable in variables(panel.make()):
    st.plotly_chart(
        curves(panel.make(), language, references(link), variable),
        key=f"curves.{variable}",
        config={"displayModeBar": False},
    )
    live_histogram(link, variable)
