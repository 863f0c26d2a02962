"""The command ``loss-geometry new-loss``: write every place that a loss of the project needs."""

import argparse
import contextlib
import json
import keyword
import os
import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from engine.config.experiment import one_of
from losses import Family
from spec import Refusal, text
from verification.gaps import CATALOGUE, MARK, ROOT, TEXTS, loss_file, reference_file

_SLUG = re.compile(r"[a-z][a-z0-9_]{0,39}")

#: The first table of ``spec/texts/losses.toml`` that belongs to no loss; new entries go before it.
_SHARED = "[knobs]\n"

#: Inputs of ``verification/inputs.py`` that suit a family, for the examples in the file of references.
_INPUTS: Mapping[Family, str] = {
    Family.SOFTMAX: "k2",
    Family.ANGULAR: "k1",
    Family.DISTRIBUTION: "k5_round",
    Family.TUPLE: "k3",
    Family.WEIGHTING: "k6",
    Family.PAIR_SIMILARITY: "k4",
    Family.REGRESSION: "residuals",
    Family.HINGE: "cat_car_frog",
}

_REFERENCES = '''"""What {title} is held against."""

from verification.other_code import OtherCode
from verification.reference_numbers import ReferenceNumbers
from verification.siblings import Sibling

# {mark}: numbers that you work out from the paper's equation, by hand or with code of your own, never with the code of
# the loss; for example, with ``number`` of verification.reference_numbers: number("{inputs}", "0.123456", {knob}).
# The inputs and their names are in verification/inputs.py.
NUMBERS: tuple[ReferenceNumbers, ...] = ()

# {mark}: limits in which it equals another loss, for example
# Sibling(knobs={{"{knob_name}": 1.0}}, other="softmax"). If there are none, delete these lines.
SIBLINGS: tuple[Sibling, ...] = ()

# {mark}: somebody else's code for it, with ``of_torch`` or ``of_metric_learning`` of verification.other_code.
# If there is none, delete these lines.
OTHER_CODE: tuple[OtherCode, ...] = ()
'''


def run(options: argparse.Namespace) -> int:
    """Write the places of a new loss, and name them and what comes next."""
    slug, language = options.slug, options.language
    family = one_of("family", options.family, {each.value: each for each in Family})
    root = ROOT if options.folder is None else Path(options.folder)
    title = slug.replace("_", " ").capitalize() if options.title is None else options.title
    write(root, places(root, slug, title, family))
    for path in (loss_file(slug), CATALOGUE, TEXTS, reference_file(slug)):
        print(text("cli.new_loss.written", language, path=root / path))
    print(text("cli.new_loss.next", language, mark=MARK, slug=slug))
    return 0


def places(root: Path, slug: str, title: str, family: Family) -> dict[Path, str]:
    """Return the new content of each file that a loss needs, by its path from the root of a repository.

    Raises ``Refusal`` where the slug or the title cannot be used, or where the folder is no checkout. Reads files,
    writes none.
    """
    if not _SLUG.fullmatch(slug) or keyword.iskeyword(slug) or keyword.issoftkeyword(slug):
        raise Refusal("cli.new_loss.slug", slug=repr(slug[:60]))
    if not (0 < len(title) <= 60 and title.isprintable() and title.strip() == title):
        raise Refusal("cli.new_loss.title", title=repr(title[:60]))
    for path in (CATALOGUE, TEXTS, reference_file("__init__")):
        if not (root / path).is_file():
            raise Refusal("cli.new_loss.no_repository", folder=root, file=path.as_posix())
    catalogue, texts = (root / CATALOGUE).read_text("utf-8"), (root / TEXTS).read_text("utf-8")
    _refuse_if_taken(root, slug, texts)
    template = files("losses").joinpath("templates", f"{family.value}.py").read_text("utf-8")
    code = _code(template, slug, title)
    knobs = re.findall(r"^    (\w+): \w+ = (?:param|choice|switch)\(", template, re.MULTILINE)
    example = _REFERENCES.format(
        title=title, mark=MARK, inputs=_INPUTS[family], knob=f"{knobs[0]}=1.0", knob_name=knobs[0]
    )
    return {
        loss_file(slug): code,
        CATALOGUE: _before(catalogue, ")\n", f'    "{slug}",\n', CATALOGUE, after="SLUGS = (\n"),
        TEXTS: _before(texts, _SHARED, _entry(slug, title, knobs, texts), TEXTS),
        reference_file(slug): example,
    }


def _refuse_if_taken(root: Path, slug: str, texts: str) -> None:
    """Raise ``Refusal`` where a file, a folder or a table of the texts has the name already."""
    for path in (loss_file(slug), Path("losses", slug), reference_file(slug)):
        if (root / path).exists():
            raise Refusal("cli.new_loss.taken", slug=slug, place=path.as_posix())
    if slug in tomllib.loads(texts):
        raise Refusal("cli.new_loss.taken", slug=slug, place=TEXTS.as_posix())


def _code(template: str, slug: str, title: str) -> str:
    """Return the file of a loss: a template with the names of the loss in it."""
    name = "".join(part.capitalize() for part in slug.split("_"))
    if re.search(rf"\b{name}\b", template):  # a name that the template imports
        name += "Loss"
    body = template[template.index('"""\n\n') + 5 :]
    for before, after in (
        ("class Template(Loss):", f"class {name}(Loss):"),
        ('slug: ClassVar[str] = "template"', f'slug: ClassVar[str] = "{slug}"'),
        ('title: ClassVar[str] = "Template"', f"title: ClassVar[str] = {json.dumps(title, ensure_ascii=False)}"),
    ):
        assert body.count(before) == 1, before  # the templates are ours
        body = body.replace(before, after)
    return f'"""{MARK}: in one line, what {_plain(title)} asks of the embeddings."""\n\n{body}'


def _entry(slug: str, title: str, knobs: list[str], texts: str) -> str:
    """Return the table of a loss in the texts; a knob that has a text for all losses needs none of its own."""
    shared = tomllib.loads(texts)["knobs"]
    name = json.dumps(title, ensure_ascii=False)
    lines = [
        f"[{slug}]",
        f'title = {{ en = {name}, zh = "{MARK}: title in Chinese, with the English one in brackets" }}',
        f'idea = {{ en = "{MARK}: in two sentences, what one sees", zh = "{MARK}: the same in Chinese" }}',
        *(
            f'knobs.{knob} = {{ en = "{MARK}: what happens as it grows", zh = "{MARK}: the same in Chinese" }}'
            for knob in knobs
            if knob not in shared
        ),
    ]
    return "\n".join([*lines, "", ""])


def _before(content: str, line: str, new: str, path: Path, after: str = "") -> str:
    """Return the content of a file with new lines before the first ``line`` behind ``after``."""
    start = content.find(after)
    place = content.find(f"\n{line}", start) + 1 if start >= 0 else 0
    if place == 0:
        raise Refusal(
            "cli.new_loss.no_anchor", file=path.as_posix(), line=repr((line if start >= 0 else after).strip())
        )
    return content[:place] + new + content[place:]


def _plain(title: str) -> str:
    """Return a title that can stand in a docstring."""
    return title.replace("\\", "").replace('"', "")


def write(root: Path, content: Mapping[Path, str]) -> None:
    """Write all files, or none: each is first written beside its place; raise ``Refusal`` where that fails."""
    drafts = {root / path: root / path.with_name(f".{path.name}.new") for path in content}
    old = {root / path: (root / path).read_bytes() if (root / path).exists() else None for path in content}
    try:
        for path, words in content.items():
            drafts[root / path].write_text(words, encoding="utf-8")
        for path, draft in drafts.items():
            draft.replace(path)
    except OSError as error:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
        for path, before in old.items():
            with contextlib.suppress(OSError):
                _restore(path, before)
        raise Refusal("cli.new_loss.unwritten", reason=f"{error.filename}: {os.strerror(error.errno or 0)}") from None


def _restore(path: Path, before: bytes | None) -> None:
    """Put a file back as it was, where it is not."""
    if before is None:
        path.unlink(missing_ok=True)
    elif path.read_bytes() != before:
        path.write_bytes(before)
