"""The bug museum: a mistake beside the right code, and the identity that exposes it."""

import streamlit as st

from app.page import navigation
from museum import EXHIBITS, Samples, Zones
from museum.book import numbers
from plots.museum import SIDES, figure, picture
from spec import text

link = navigation.current_link()
language = link.language
left, right = st.columns([6, 1], vertical_alignment="center")
with left:
    st.subheader(text("museum.page.title", language))
    st.caption(text("museum.page.idea", language))
with right:
    navigation.language_switch(link)

titles = {slug: text(f"museum.{slug}.title", language) for slug in EXHIBITS}
shows = {"both": SIDES} | {side: (side,) for side in SIDES}
with st.sidebar:
    slug = st.radio(text("museum.page.choose", language), list(titles), format_func=titles.__getitem__, key="exhibit")
exhibit = EXHIBITS[slug]

words, drawing = st.columns([2, 3], gap="medium")
with drawing:
    show = st.segmented_control(
        text("museum.page.show", language),
        list(shows),
        default="both",
        format_func=lambda name: text(f"museum.page.{name}", language),
        key="sides",
        label_visibility="collapsed",
    )
    chart = figure(slug, language, shows[show or "both"])
    st.plotly_chart(chart, key=f"museum.{slug}", config={"displayModeBar": False})
    st.markdown(f"**{text('museum.page.see', language)}** {text(f'museum.{slug}.see', language)}")
    content = picture(slug, "right")
    if isinstance(content, Zones):
        st.caption(text("museum.page.zones", language))
    elif isinstance(content, Samples) and len(content.start):
        st.caption(text("museum.page.samples", language))
with words:
    st.markdown(f"#### {titles[slug]}")
    st.markdown(text(f"museum.{slug}.mistake", language))
    st.markdown(f"**{text('museum.page.wild', language)}** {text(f'museum.{slug}.wild', language)}")
    st.markdown(f"**{text('museum.page.identity', language)}** {text(f'museum.{slug}.identity', language)}")
    st.info(text("museum.page.numbers", language, **numbers(exhibit)), icon=":material/rule:")

st.markdown(text("museum.page.code", language))
st.code(exhibit.code, language="python", wrap_lines=True)
st.markdown(text("museum.page.loss", language, title=text(f"losses.{exhibit.loss.slug}.title", language)))
st.latex(exhibit.loss.formula)
