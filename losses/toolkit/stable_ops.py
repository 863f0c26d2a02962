"""Operations whose value and gradient are finite everywhere: at the origin, at coincidence, at angles 0 and pi."""

import torch
from torch import Tensor

#: Below this length a vector has no direction: its unit vector is zero and passes no gradient. The square
#: is far above the smallest float32, and no embedding at a useful scale is that short.
NO_DIRECTION = 1e-8


def unit(vectors: Tensor) -> Tensor:
    """Scale vectors ``(..., D)`` to length one; those too short to have a direction become zero."""
    length = vectors.norm(dim=-1, keepdim=True)
    return vectors / torch.where(length > NO_DIRECTION, length, torch.inf)


def cosines(z: Tensor, weight: Tensor) -> Tensor:
    """Return the cosines ``(N, C)`` between embeddings ``(N, D)`` and class vectors ``(C, D)``."""
    return products(unit(z), unit(weight.to(z)))


def products(z: Tensor, weight: Tensor) -> Tensor:
    """Return the products ``(N, C)`` of embeddings ``(N, D)`` and class vectors ``(C, D)``.

    The few class vectors are turned in memory: their gradient is then summed in the same order whether one loss is
    computed or several are side by side.
    """
    return z @ weight.T.contiguous()


def label_angle(z: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    """Return the angles ``(N,)`` in ``[0, pi]`` between embeddings and the class vectors of their labels."""
    return angle(unit(z), unit(weight.to(z))[y])


def cosines_and_label_angle(z: Tensor, y: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return ``cosines`` and ``label_angle``, with lengths divided out once."""
    point, prototype = unit(z), unit(weight.to(z))
    return products(point, prototype), angle(point, prototype[y])


def angle(point: Tensor, own: Tensor) -> Tensor:
    """Return the angles ``(N,)`` in ``[0, pi]`` between unit vectors ``(N, D)``.

    The sine is the length of the part of ``point`` across ``own``, so that the gradient stays bounded where that of
    ``acos`` is infinite; it is zero exactly at 0 and pi. Without a direction the angle is pi/2.
    """
    cosine = (point * own).sum(dim=1, keepdim=True)
    sine = (point - cosine * own).norm(dim=1)
    blank = (sine == 0) & (cosine[:, 0] == 0)
    return torch.atan2(torch.where(blank, 1, sine), cosine[:, 0])


def linear(z: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return the scores ``(N, C)`` of a linear head, in the precision of ``z``."""
    scores = products(z, weight.to(z))
    return scores if bias is None else scores + bias.to(z)


def is_label(y: Tensor, classes: int) -> Tensor:
    """Return ``(N, C)``, true where the column is the label's."""
    return y[:, None] == torch.arange(classes, device=y.device)


def length(vectors: Tensor) -> Tensor:
    """Return the lengths of vectors ``(..., D)``, with gradient zero for those of length zero."""
    return root((vectors**2).sum(dim=-1))


def root(squares: Tensor) -> Tensor:
    """Return the square roots of numbers that are not negative, with gradient zero at zero."""
    apart = squares > 0
    return torch.where(apart, torch.where(apart, squares, 1).sqrt(), 0)
