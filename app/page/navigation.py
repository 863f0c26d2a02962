"""What every view shares: the link that it shows, and how it goes on to another."""

from dataclasses import replace

import streamlit as st

from app.page.experiment_knobs import changed
from app.page.url_state import MAX_PANELS, Link, read, write
from engine import Experiment
from spec import LANGUAGES, Message, text


def opened() -> tuple[Link, tuple[Message, ...]]:
    """Return the link that the page shows, and a sentence for each part of it that is wrong.

    A visitor who says nothing else reads the language of the browser.
    """
    query = {name: st.query_params.get_all(name) for name in st.query_params}
    return read(query, _spoken())


def now() -> Link:
    """Return the link that the page shows."""
    return opened()[0]


def go(link: Link) -> None:
    """Show another link from now on; its query string stands in the address bar."""
    st.query_params.from_dict(query_of(link))
    st.session_state["kept"] = query_of(link)


def query_of(link: Link) -> dict[str, str]:
    """Write a link as query parameters; the language even where it is the default but not the browser's."""
    return ({} if _spoken() == LANGUAGES[0] else {"lang": link.language}) | write(link)


def settled(link: Link, run: str, owner: str | None, experiment: Experiment) -> Link:
    """Return the link that names what is shown as exactly as needed.

    A training that has just begun gets its run's name; a run without settings gives its own.
    """
    if link.run == run and "p1" not in st.query_params:
        return replace(link, experiment=changed(experiment, panels=experiment.panels[:MAX_PANELS]))
    return replace(link, run=run) if owner and not link.run else link


def keep(view: str) -> bool:
    """Bring the link along where another view was chosen from the menu, which drops it; tell whether it was so."""
    before = st.session_state.get("view", view)
    st.session_state["view"] = view
    if before != view and not st.query_params and (kept := st.session_state.get("kept")):
        st.query_params.from_dict(kept)
        return True
    st.session_state["kept"] = st.query_params.to_dict()
    return False


def say(message: Message) -> None:
    """Have a sentence shown when the page is drawn next."""
    st.session_state["said"] = message


def said() -> Message | None:
    """Return the sentence that was to be shown, once."""
    message: Message | None = st.session_state.pop("said", None)
    return message


def language_switch(link: Link) -> None:
    """Show the languages; the chosen one goes into the link."""
    if st.session_state.get("language") != link.language:
        st.session_state["language"] = link.language

    def switch() -> None:
        go(replace(now(), language=st.session_state["language"] or link.language))

    st.segmented_control(
        text("ui.page.language", link.language),
        LANGUAGES,
        key="language",
        format_func=lambda language: text(f"ui.language.{language}", language),
        on_change=switch,
        label_visibility="collapsed",
    )


def _spoken() -> str:
    spoken = (st.context.locale or "").split("-")[0]
    return spoken if spoken in LANGUAGES else LANGUAGES[0]
