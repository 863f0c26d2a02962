"""The language in which the command line speaks."""

from collections.abc import Mapping, Sequence

from spec import LANGUAGES, Refusal

#: Where programs of GNU gettext look for the language; the first of these that holds something counts.
_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")

_OPTION = "--language"


def of_system(environment: Mapping[str, str]) -> str:
    """Return the language that the environment names: Chinese for any locale that begins with zh, else English."""
    named = next(filter(None, map(environment.get, _VARIABLES)), "")
    # LANGUAGE may list several, the best one first
    spoken = (language for locale in named.split(":") for language in LANGUAGES if locale.lower().startswith(language))
    return next(spoken, "en")


def taken(arguments: Sequence[str], otherwise: str) -> tuple[list[str], str]:
    """Take ``--language`` out of a command line; return what is left, and the language that it names.

    It may stand anywhere, and is known before anything is read, so that help and refusals are in it as well. Raises
    ``Refusal`` where it names none of ours.
    """
    left, language = [], otherwise
    waiting = iter(arguments)
    for word in waiting:
        option, sign, value = word.partition("=")
        if option != _OPTION:
            left.append(word)
            continue
        language = value if sign else next(waiting, "")
        if language not in LANGUAGES:
            raise Refusal("film.language", found=repr(language[:40]), allowed=", ".join(LANGUAGES))
    return left, language
