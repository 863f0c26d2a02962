"""The named settings of losses: knobs that exist, differ from the defaults, and have a title in both languages."""

import pytest

from losses import OURS
from spec import LANGUAGES, has_text, text

SETTINGS = [
    pytest.param(cls, setting, id=f"{slug}-{setting.slug}") for slug, cls in OURS.items() for setting in cls.settings
]


@pytest.mark.parametrize(("cls", "setting"), SETTINGS)
def test_a_setting_is_a_loss_that_differs_from_the_default(cls, setting):
    loss = cls(**setting.knobs)
    assert {name: getattr(loss, name) for name in setting.knobs} == dict(setting.knobs)
    assert all(getattr(loss, name) != getattr(cls(), name) for name in setting.knobs)
    assert setting.knobs
    assert setting.source
    assert setting.dim in {None, 2, 3}


@pytest.mark.parametrize(("cls", "setting"), SETTINGS)
def test_a_setting_has_a_title_in_both_languages(cls, setting):
    key = f"losses.settings.{setting.slug}"
    assert has_text(key)
    assert len({text(key, language) for language in LANGUAGES}) == len(LANGUAGES)


@pytest.mark.parametrize("cls", list(OURS.values()), ids=list(OURS))
def test_settings_of_a_loss_are_told_apart(cls):
    slugs = [setting.slug for setting in cls.settings]
    assert len({*slugs, "default", "own"}) == len(slugs) + 2
    assert len({cls(), *(cls(**setting.knobs) for setting in cls.settings)}) == len(slugs) + 1


@pytest.mark.parametrize(
    ("slug", "knobs"),
    [
        ("nsl", {"scale": 64.0}),
        ("cosface", {"scale": 64.0, "margin": 0.35}),
        ("arcface", {"scale": 64.0, "margin": 0.5}),
        ("circle", {"margin": 0.25, "gamma": 256.0}),
        ("focal", {"gamma": 2.0, "alpha": 0.25, "balanced": True, "activation": "sigmoid"}),
        ("ghm_r", {"mu": 0.02, "bins": 10, "momentum": 0.7}),
        ("triplet", {"margin": 0.2, "normalize": True, "distance": "squared", "mining": "semi_hard"}),
    ],
)
def test_the_papers_values(slug, knobs):
    """All knobs of the paper together, those that are defaults as well."""
    (paper,) = (setting for setting in OURS[slug].settings if setting.slug == "paper")
    loss = OURS[slug](**paper.knobs)
    assert {name: getattr(loss, name) for name in knobs} == knobs
