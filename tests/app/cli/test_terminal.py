"""Text in the columns of a terminal: Chinese takes two a character, and may be parted anywhere but before a stop."""

import pytest

from app.cli.terminal import align, pad, width, wrap

ENGLISH = "Train nets side by side, one for each --loss, from the same start on the same samples, and record them."
CHINESE = "并排训练网络并录制（见“说明”）：每个 --loss 一个，起点、样本都相同。`loss-geometry losses` 列出参数！"


def test_chinese_takes_two_columns_a_character():
    assert width("abc") == 3
    assert width("损失 a，") == 8
    assert pad("损失", 6) == "损失  "
    assert pad("too long", 3) == "too long"


@pytest.mark.parametrize("columns", [20, 21, 22, 23, 30, 54, 78])
@pytest.mark.parametrize("written", [ENGLISH, CHINESE])
def test_lines_are_narrow_and_nothing_is_lost(written, columns):
    lines = wrap(written, columns)
    assert len(lines) > 1
    assert max(map(width, lines)) <= columns
    assert "".join("".join(lines).split()) == "".join(written.split())
    assert not any(line[:1] in "，。：、！）” " or line[-1:] in "（“ " for line in lines)
    # no line could have taken the beginning of the next one: nothing is parted too early
    assert all(width(line) > columns - 18 for line in lines[:-1])


def test_words_keep_the_space_between_them_and_a_long_one_stays_whole():
    assert wrap("a bb  ccc", 4) == ["a bb", "ccc"]
    assert wrap("a /some/long/path b", 6) == ["a", "/some/long/path", "b"]
    assert wrap("", 6) == [""]


def test_a_table_has_columns_as_wide_as_what_is_in_them():
    assert list(align([("损失", "n"), ("a", "10"), ("long one", "")])) == ["损失      n", "a         10", "long one"]
