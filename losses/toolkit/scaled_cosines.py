"""The common parts of losses on scaled cosines: boundaries, profile and probe on a wheel of ten class vectors."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from losses.base import Advice, Profile, State
from losses.shape import Array, Scene, Shape
from losses.toolkit import sphere_boundaries
from losses.toolkit.class_spread import needed_scale
from losses.toolkit.plane_boundaries import cosine_boundaries
from spec import Message

#: Class vectors of the wheel: as many as the digits have classes.
SPOKES = 10


def directions(scene: Scene) -> Array:
    """Return the class vectors ``(C, D)`` scaled to length one; zero vectors stay zero."""
    length = np.linalg.norm(scene.state["weight"], axis=1, keepdims=True)
    return scene.state["weight"] / np.where(length > 0, length, 1)


def boundaries(scene: Scene) -> tuple[Shape, ...]:
    """Return where the two largest cosines tie: rays in the plane, arcs of great circles on the unit sphere."""
    if scene.dim == 2:
        return cosine_boundaries(scene.state["weight"])
    return sphere_boundaries.boundaries(directions(scene)) if scene.dim == 3 else ()


def probe(x: Tensor) -> tuple[Tensor, Tensor, State]:
    """Return one sample at angle ``x`` (0-d, radians) from the first of ten class vectors round the circle."""
    spoke = 2 * math.pi / SPOKES * torch.arange(SPOKES, dtype=x.dtype, device=x.device)
    weight = torch.stack([torch.cos(spoke), torch.sin(spoke)], dim=1)
    z = torch.stack([torch.cos(x), torch.sin(x)])[None]
    return z, torch.zeros(1, dtype=torch.int64, device=x.device), {"weight": weight}


def profile(scale: float, curve: Callable[[Array], tuple[Array, Array]], kinks: tuple[float, ...] = ()) -> Profile:
    """Return the loss on the wheel against the label's angle, for the label's changed cosine ``f`` and its slope.

    With ``e_k(theta) = s (cos(theta - 2 pi k / 10) - f(theta))`` the loss is ``log(1 + sum_{k>0} exp e_k)``.
    """
    spoke = 2 * np.pi / SPOKES * np.arange(1, SPOKES)

    def exponents(theta: Array) -> Array:
        theta = np.asarray(theta, dtype=np.float64)[..., None]
        rivals: Array = scale * (np.cos(theta - spoke) - curve(theta)[0])
        return rivals

    def value(theta: Array) -> Array:
        loss: Array = np.logaddexp(0, np.logaddexp.reduce(exponents(theta), axis=-1))
        return loss

    def slope(theta: Array) -> Array:
        share = np.exp(exponents(theta) - value(theta)[..., None])
        theta = np.asarray(theta, dtype=np.float64)[..., None]
        pull: Array = scale * (share * (-np.sin(theta - spoke) - curve(theta)[1])).sum(axis=-1)
        return pull

    return Profile("theta", 0.0, math.pi, value=value, slope=slope, kinks=kinks, target=lambda theta: curve(theta)[0])


def scale_advice(scale: float, classes: int, dim: int) -> tuple[Advice, ...]:
    """Return advice where even a sample on its class vector stays below a posterior of 0.9."""
    needed = needed_scale(classes, dim)
    if scale >= needed:
        return ()
    message = Message.of("losses.advice.scale", scale=scale, needed=needed, classes=classes, dim=dim)
    return (Advice("scale", needed, message),)
