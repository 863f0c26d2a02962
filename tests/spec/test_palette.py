"""The colours of the classes (tests/stage compares them with those of the browser)."""

from spec.palette import class_colour, class_hex


def test_the_first_ten_are_those_of_petroff():
    ten = "3f90da ffa90e bd1f01 94a4a2 832db6 a96b59 e76300 b9ac70 717581 92dadd"
    assert [class_hex(c) for c in range(10)] == [f"#{name}" for name in ten.split()]


def test_all_are_different_numbers_of_a_byte():
    every = [class_colour(c) for c in range(64)]
    assert len(set(every)) == 64
    assert all(0 <= channel <= 255 and isinstance(channel, int) for colour in every for channel in colour)
