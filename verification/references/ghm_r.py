"""What GHM-R is held against."""

from verification.reference_numbers import number, numbers

NUMBERS = (
    number("six_errors", "0.447818", mu=0.02, bias=False, bins=1),
    number("six_errors", "0.226570", mu=0.02, bias=False),
    number("six_errors", "0.067971", mu=0.02, bias=False, density="all"),
    numbers("six_errors", "0.008284 0.081980 1.980100 0.033852 0.002361 0.580333", mu=0.02, bias=False, bins=1),
)
