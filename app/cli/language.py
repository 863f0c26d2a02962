"""The language of the command line."""

from collections.abc import Mapping, Sequence

from spec import LANGUAGES, Refusal

#: Variables in which GNU gettext looks for the language; the first one that is not empty counts.
_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")

_OPTION = "--language"


def system_language(environment: Mapping[str, str]) -> str:
    """Return the language that the environment names: Chinese for any locale that begins with zh, else English."""
    locales = next(filter(None, map(environment.get, _VARIABLES)), "")
    # LANGUAGE may list several locales, the preferred one first
    ours = (language for locale in locales.split(":") for language in LANGUAGES if locale.lower().startswith(language))
    return next(ours, "en")


def take_language(arguments: Sequence[str], default: str) -> tuple[list[str], str]:
    """Take ``--language`` out of a command line; return the other words, and the language.

    The option may stand anywhere. It is read before everything else, so that help and refusals are in that language
    too. Raises ``Refusal`` where it names a language that we do not have.
    """
    rest, language = [], default
    words = iter(arguments)
    for word in words:
        option, sign, value = word.partition("=")
        if option != _OPTION:
            rest.append(word)
            continue
        language = value if sign else next(words, "")
        if language not in LANGUAGES:
            raise Refusal("film.language", found=repr(language[:40]), allowed=", ".join(LANGUAGES))
    return rest, language
