"""Worked numbers of the losses on class scores, angles and Gaussians."""

from typing import Any

from verification.printed_numbers import Worked

_PLAIN = {"bias": False}
_SMOOTH = {"mu": 0.02, "bias": False}
_ONE_BY_ONE = {"activation": "sigmoid", "bias": False}


def _cos(margin: float, scale: float) -> dict[str, float]:
    return {"margin": margin, "scale": scale}


def _m(m1: float, m2: float, m3: float, scale: float) -> dict[str, float]:
    return {"m1": m1, "m2": m2, "m3": m3, "scale": scale}


def _means(slug: str, *table: tuple[dict[str, Any], str, str]) -> tuple[Worked, ...]:
    return tuple(Worked(slug=slug, knobs=knobs, inputs=inputs, printed=[text]) for knobs, inputs, text in table)


def _gaussians(margin: float, likelihood: float, round_: str, spread: str) -> tuple[Worked, ...]:
    knobs = {"margin": margin, "likelihood": likelihood}
    return (
        Worked(slug="l_gm", knobs={**knobs, "covariance": "identity"}, inputs="k5_round", printed=[round_]),
        Worked(slug="l_gm", knobs={**knobs, "covariance": "isotropic"}, inputs="k5_round", printed=[round_]),
        Worked(slug="l_gm", knobs=knobs, inputs="k5_round", printed=[round_]),
        Worked(slug="l_gm", knobs=knobs, inputs="k5", printed=[spread]),
    )


def _histogram(bins: int, density: str, text: str) -> Worked:
    knobs = {"bins": bins, "density": density, **_ONE_BY_ONE}
    return Worked(slug="ghm_c", knobs=knobs, inputs="ten_logits", printed=[text])


def _huber(delta: float, text: str) -> Worked:
    return Worked(
        slug="huber", knobs={"delta": delta, **_PLAIN}, inputs="residuals", reading="each", printed=text.split()
    )


WORKED_SCORES = (
    *_means("softmax", (_PLAIN, "k1", "1.382368"), (_PLAIN, "k2", "0.211456"), (_PLAIN, "cat", "2.040355")),
    Worked(slug="softmax", knobs=_PLAIN, inputs="k2", reading="each", printed=["0.165840", "0.244991", "0.223538"]),
    *_means("logistic", (_PLAIN, "lead", "0.403186"), (_PLAIN, "behind", "1.103186")),
    *_means("center", ({"weight": 0.0}, "k1", "1.382368")),
    *(
        Worked(slug="center", knobs={"weight": 1.0}, less={"weight": 0.0}, inputs=inputs, printed=[text])
        for inputs, text in (("springs", "0.126250"), ("uneven_springs", "0.301250"))
    ),
    *(
        Worked(slug="center", knobs={"rate": 0.5}, inputs=inputs, reading="update", printed=text.split())
        for inputs, text in (
            ("springs", "0.633333 0.016667 -0.033333 0.666667 0.000000 -0.500000"),
            ("uneven_springs", "0.500000 0.150000 0.025000 0.600000 0.000000 -0.500000"),
        )
    ),
    *_means(
        "l_softmax",
        ({"margin": 1}, "k2", "0.211456"),
        ({"margin": 2}, "k2", "0.318693"),
        ({"margin": 3}, "k2", "0.552308"),
        ({"margin": 4}, "k2", "0.887957"),
        ({"margin": 4, "blend": 5}, "k2", "0.268607"),
    ),
    Worked(
        slug="l_softmax",
        knobs={"margin": 4},
        inputs="k2",
        reading="logits",
        printed=["-0.626099", "-1.054000", "1.685710"],
    ),
    *_means(
        "a_softmax",
        ({"margin": 1}, "k2", "0.296800"),
        ({"margin": 2}, "k2", "0.411798"),
        ({"margin": 3}, "k2", "0.651051"),
        ({"margin": 4}, "k2", "0.986382"),
        ({"margin": 4, "blend": 5}, "k2", "0.358879"),
        ({"margin": 1}, "k1", "1.382368"),
        ({"margin": 2}, "k1", "1.515888"),
        ({"margin": 4}, "k1", "1.996578"),
        ({"margin": 4, "blend": 5}, "k1", "1.476262"),
    ),
    *_means(
        "nsl",
        ({"scale": 1}, "k1", "1.578038"),
        ({"scale": 8}, "k1", "0.676388"),
        ({"scale": 16}, "k1", "0.627734"),
        ({"scale": 64}, "k1", "1.611190"),
        ({"scale": 8}, "k2", "0.001104"),
        ({"scale": 4}, "perfect", "0.727629"),
        ({"scale": 8}, "perfect", "0.366034"),
        ({"scale": 16}, "perfect", "0.090031"),
        ({"scale": 32}, "perfect", "0.004425"),
        ({"scale": 64}, "perfect", "9.83296e-06"),
    ),
    *_means(
        "cosface",
        (_cos(0, 1), "k1", "1.578038"),
        (_cos(0, 8), "k1", "0.676388"),
        (_cos(0, 16), "k1", "0.627734"),
        (_cos(0, 64), "k1", "1.611190"),
        (_cos(0, 8), "k2", "0.001104"),
        (_cos(0, 4), "perfect", "0.727629"),
        (_cos(0, 16), "perfect", "0.090031"),
        (_cos(0, 64), "perfect", "9.83296e-06"),
        (_cos(0.1, 8), "k1", "1.124773"),
        (_cos(0.1, 16), "k1", "1.458412"),
        (_cos(0.19, 16), "k1", "2.584384"),
        (_cos(0.35, 64), "k1", "19.882361"),
        (_cos(0.35, 8), "k2", "0.017873"),
    ),
    *_means(
        "arcface",
        (_cos(0, 16), "k1", "0.627734"),
        (_cos(0.2, 8), "k1", "0.993939"),
        (_cos(0.3, 16), "k1", "1.744789"),
        (_cos(0.5, 64), "k1", "12.531275"),
        (_cos(0.5, 8), "k2", "0.007170"),
    ),
    Worked(slug="arcface", knobs=_cos(0.3, 16), inputs="k1", reading="gradient", printed=["-0.647913", "3.674499"]),
    *_means(
        "combined_margin",
        (_m(1, 0.3, 0.2, 16), "k1", "4.484378"),
        (_m(0.9, 0.4, 0.15, 16), "k1", "4.327199"),
        (_m(1, 0.3, 0, 16), "k1", "1.744789"),
        (_m(1, 0.5, 0, 64), "k1", "12.531275"),
        (_m(1, 0, 0.1, 16), "k1", "1.458412"),
    ),
    *_gaussians(0, 0, "0.583413", "0.532412"),
    *_gaussians(0.3, 0, "0.637038", "0.650505"),
    *_gaussians(1, 0, "0.775289", "0.973118"),
    *_gaussians(1, 0.1, "0.810914", "1.031766"),
    *(
        Worked(
            slug="l_gm",
            knobs={"likelihood": 1, "covariance": covariance},
            less={"likelihood": 0},
            inputs=inputs,
            printed=[text],
        )
        for covariance, inputs, text in (("identity", "k5_round", "0.356250"), ("diagonal", "k5", "0.586482"))
    ),
    *_means(
        "focal",
        ({"gamma": 0, **_PLAIN}, "k6", "1.436379"),
        ({"gamma": 1, **_PLAIN}, "k6", "1.202926"),
        ({"gamma": 2, **_PLAIN}, "k6", "1.066359"),
        ({"gamma": 5, **_PLAIN}, "k6", "0.838908"),
    ),
    Worked(slug="focal", knobs=_PLAIN, inputs="k6", reading="gradient", printed=["-0.027285", "0.022307", "0.004977"]),
    # sums of two worked entries, with one digit less
    *(
        Worked(slug="focal", knobs={**knobs, **_ONE_BY_ONE}, inputs="binary", reading="each", printed=text.split())
        for knobs, text in (
            ({"gamma": 0}, "1.10100 1.36185"),
            ({"gamma": 2}, "0.37922 0.70198"),
            ({"gamma": 2, "balanced": True, "alpha": 0.25}, "0.28351 0.17555"),
        )
    ),
    _histogram(1, "valid", "0.324769"),
    _histogram(2, "valid", "0.637538"),
    _histogram(5, "valid", "0.714214"),
    _histogram(10, "valid", "0.594697"),
    _histogram(30, "valid", "0.440452"),
    _histogram(10, "all", "0.297348"),
    _histogram(30, "all", "0.102772"),
    Worked(
        slug="ghm_c",
        knobs={"bins": 10, **_ONE_BY_ONE},
        inputs="ten_logits",
        reading="update",
        printed=["6", "1", "0", "1", "0", "1", "0", "1", "0", "0"],
    ),
    *_means(
        "ghm_r",
        ({**_SMOOTH, "bins": 1}, "six_errors", "0.447818"),
        (_SMOOTH, "six_errors", "0.226570"),
        ({**_SMOOTH, "density": "all"}, "six_errors", "0.067971"),
    ),
    Worked(
        slug="ghm_r",
        knobs={**_SMOOTH, "bins": 1},
        inputs="six_errors",
        reading="each",
        printed=["0.008284", "0.081980", "1.980100", "0.033852", "0.002361", "0.580333"],
    ),
    _huber(0.5, "1.375000 0.125000 0.020000 0.375000 1.125000"),
    _huber(1.0, "2.500000 0.125000 0.020000 0.500000 2.000000"),
    _huber(2.0, "4.000000 0.125000 0.020000 0.500000 3.000000"),
    *(
        Worked(
            slug="multiclass_svm",
            knobs={**_PLAIN, **knobs},
            inputs="cat_car_frog",
            reading="each",
            printed=text.split(),
            source="cs231n",
        )
        for knobs, text in (
            ({}, "2.9 0.0 12.9"),
            ({"variant": "crammer_singer"}, "2.9 0.0 6.6"),
            ({"squared": True}, "8.41 0.00 83.25"),  # 6.3^2 + 6.6^2 is 83.25 exactly
        )
    ),
    Worked(
        slug="multiclass_svm",
        knobs=_PLAIN,
        inputs="cat_car_frog",
        printed=["5.266667"],
        source="cs231n",
    ),
    *(
        # by hand: the sum over entries of [1 - s]_+ for the label and [1 + s]_+ for the others
        Worked(
            slug="hinge",
            knobs={**_PLAIN, **knobs},
            inputs="cat_car_frog",
            reading="each",
            printed=text.split(),
        )
        for knobs, text in (
            ({}, "6.1 5.3 10.8"),
            ({"squared": True}, "37.21 14.29 39.30"),
            ({"margin": 2.0}, "7.4 7.3 13.8"),
        )
    ),
)
