"""Every text of the pages is in the catalogue, in both languages, and is used."""

import ast
import re
import tomllib

from page_parts import ROOT

from spec import LANGUAGES, has_text


def keys_in(folder):
    """Every catalogue key of the pages in the code, the open places of f-strings as ``*``."""
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                written = node.value
            elif isinstance(node, ast.JoinedStr):
                written = "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values)
            else:
                continue
            if re.fullmatch(r"ui(\.[a-z0-9_*]+)+", written):
                yield written


def texts(node, prefix):
    """Every text of a file of the catalogue: its key, and its sentences by language."""
    for name, entry in node.items():
        if set(entry) == set(LANGUAGES) and all(isinstance(words, str) for words in entry.values()):
            yield f"{prefix}.{name}", entry
        else:
            yield from texts(entry, f"{prefix}.{name}")


CATALOGUE = dict(texts(tomllib.loads((ROOT / "spec" / "texts" / "ui.toml").read_text(encoding="utf-8")), "ui"))


def test_every_key_of_the_pages_is_in_the_catalogue_and_used():
    used = {key for folder in ("app", "plots") for key in keys_in(folder)}
    assert {key for key in used if "*" not in key and not has_text(key)} == {"ui.word"} & used
    patterns = [re.compile(key.replace(".", r"\.").replace("*", "[a-z0-9_.]+") + r"(\.[a-z0-9_]+)?$") for key in used]
    assert {key for key in CATALOGUE if not any(pattern.match(key) for pattern in patterns)} == set()


def test_every_text_of_the_pages_is_there_in_both_languages_with_the_same_places():
    assert len(CATALOGUE) > 60
    for key, entry in CATALOGUE.items():
        places = [sorted(re.findall(r"{(\w*)", entry[language])) for language in LANGUAGES]
        assert places[0] == places[1], key
