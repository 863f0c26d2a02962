"""What every view shares: the link in the address bar, the way to another link, one message, the language switch."""

from dataclasses import replace

import streamlit as st

from app.page.experiment_knobs import with_settings
from app.page.url_state import MAX_PANELS, Link, read, write
from engine import Experiment
from spec import LANGUAGES, Message, text


def read_address() -> tuple[Link, tuple[Message, ...]]:
    """Return the link in the address bar, and a sentence for each part of it that is wrong.

    Without a language in the link, the page is in the language of the browser.
    """
    query = {name: st.query_params.get_all(name) for name in st.query_params}
    return read(query, _browser_language())


def current_link() -> Link:
    """Return the link in the address bar."""
    return read_address()[0]


def go(link: Link) -> None:
    """Show another link from now on, and put it into the address bar."""
    st.query_params.from_dict(query_of(link))
    st.session_state["last query"] = query_of(link)


def query_of(link: Link) -> dict[str, str]:
    """Write a link as query parameters; the language is left out only where link and browser agree on the default."""
    return ({} if _browser_language() == LANGUAGES[0] else {"lang": link.language}) | write(link)


def complete_link(link: Link, run: str, owner: str | None, experiment: Experiment) -> Link:
    """Add to a link what is missing to show the same again.

    Where this visit started the run (it has the ``owner`` token), the link gets the name of the run. Where the link
    names a run alone, it gets the settings of the run.
    """
    if link.run == run and "p1" not in st.query_params:
        return replace(link, experiment=with_settings(experiment, panels=experiment.panels[:MAX_PANELS]))
    return replace(link, run=run) if owner and not link.run else link


def restore_link(view: str) -> bool:
    """Bring back the link where the menu has dropped it on the way to another view; return whether it did."""
    last_view = st.session_state.get("view", view)
    st.session_state["view"] = view
    if last_view != view and not st.query_params and (query := st.session_state.get("last query")):
        st.query_params.from_dict(query)
        return True
    st.session_state["last query"] = st.query_params.to_dict()
    return False


def leave_message(message: Message) -> None:
    """Leave a sentence for the next run of the page's script."""
    st.session_state["message"] = message


def take_message() -> Message | None:
    """Return the sentence that was left, once."""
    message: Message | None = st.session_state.pop("message", None)
    return message


def language_switch(link: Link) -> None:
    """Show the languages; a click puts one into the link."""
    if st.session_state.get("language") != link.language:
        st.session_state["language"] = link.language

    def switch() -> None:
        go(replace(current_link(), language=st.session_state["language"] or link.language))

    st.segmented_control(
        text("ui.page.language", link.language),
        LANGUAGES,
        key="language",
        format_func=lambda language: text(f"ui.language.{language}", language),
        on_change=switch,
        label_visibility="collapsed",
    )


def _browser_language() -> str:
    language = (st.context.locale or "").split("-")[0]
    return language if language in LANGUAGES else LANGUAGES[0]
