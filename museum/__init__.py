"""The bug museum: mistakes that people really make, and what they lead to. None can be chosen for a training."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from museum import (
    acos_at_one,
    centers_by_gradient,
    cold_histogram,
    determinant_scaled,
    distance_unsquared,
    exp_overflow,
    feature_norm_dropped,
    half_missing,
    margin_after_scale,
    margin_in_degrees,
    mistakes_hidden,
    p_from_weighted,
    power_at_zero,
    root_at_zero,
    softmax_twice,
    weights_unnormalised,
)
from museum.exhibit import Exhibit, number
from museum.picture import Curves, Picture, Samples, Zones

_ROOMS = (
    weights_unnormalised,
    feature_norm_dropped,
    margin_in_degrees,
    margin_after_scale,
    acos_at_one,
    distance_unsquared,
    centers_by_gradient,
    determinant_scaled,
    half_missing,
    root_at_zero,
    softmax_twice,
    p_from_weighted,
    power_at_zero,
    cold_histogram,
    exp_overflow,
    mistakes_hidden,
)

#: Every exhibit by its slug, in the order of the page and of the document. The slug is the name of its file.
EXHIBITS: Mapping[str, Exhibit[Any]] = MappingProxyType({room.EXHIBIT.slug: room.EXHIBIT for room in _ROOMS})

__all__ = ["EXHIBITS", "Curves", "Exhibit", "Picture", "Samples", "Zones", "number"]
