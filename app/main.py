"""The page: its frame, its menu, the view that is open, and one sentence where something is wrong."""

import logging
from pathlib import Path

import streamlit as st

from app.page import navigation
from spec import Refusal, text

link, complaints = navigation.read_address()
st.set_page_config(
    page_title=text("ui.page.name", link.language), page_icon=str(Path(__file__).with_name("icon.svg")), layout="wide"
)
st.logo(str(Path(__file__).with_name("wordmark.svg")), size="large")
st.html("<style>.stMainBlockContainer {padding: 4.2rem 2rem 0.5rem}</style>")  # less empty space above the picture
view = st.navigation(
    [
        st.Page("views/studio.py", title=text("ui.nav.studio", link.language), icon=":material/blur_on:", default=True),
        st.Page("views/curves.py", title=text("ui.nav.curves", link.language), icon=":material/show_chart:"),
        st.Page("views/verification.py", title=text("ui.nav.verification", link.language), icon=":material/verified:"),
        st.Page("views/museum.py", title=text("ui.nav.museum", link.language), icon=":material/bug_report:"),
    ],
    position="top",
)
if navigation.restore_link(view.url_path):
    st.rerun()
if complaints:
    st.warning(text("ui.page.link_wrong", link.language, sentence=complaints[0].render(link.language)))
try:
    view.run()
except Refusal as refusal:
    st.error(refusal.message.render(link.language))
except Exception:
    logging.getLogger(__name__).exception("The view %s failed.", view.url_path or "studio")
    st.error(text("ui.page.failed", link.language))
