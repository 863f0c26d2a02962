"""Which language the command line speaks: what is asked for, else that of the system."""

import pytest

from app.cli.language import system_language, take_language
from app.cli.main import main
from spec import Refusal


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "ZH_TW"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "C"}, "en"),
        ({"LC_MESSAGES": "zh_CN", "LANG": "en_US"}, "zh"),
        ({"LC_ALL": "en_US", "LC_MESSAGES": "zh_CN"}, "en"),
        ({"LC_ALL": "", "LANG": "zh_CN"}, "zh"),
        ({"LC_ALL": "POSIX", "LANG": "zh_CN"}, "en"),
        ({"LANGUAGE": "zh_CN:en", "LC_ALL": "en_US"}, "zh"),
        ({"LANGUAGE": "en:zh"}, "en"),
        ({"LANGUAGE": "fr:zh_CN:en"}, "zh"),
    ],
)
def test_the_system_says_its_language_as_to_other_programs(environment, language):
    assert system_language(environment) == language


@pytest.mark.parametrize(
    ("line", "left", "language"),
    [
        ("losses", "losses", "en"),
        ("--language zh losses", "losses", "zh"),
        ("losses --language zh", "losses", "zh"),
        ("train --language=zh --loss softmax", "train --loss softmax", "zh"),
        ("losses --language zh --language en", "losses", "en"),
    ],
)
def test_the_option_may_stand_anywhere(line, left, language):
    assert take_language(line.split(), "en") == (left.split(), language)


@pytest.mark.parametrize("line", ["--language fr", "--language", "--language=", "losses --language=zh_CN"])
def test_another_language_is_refused(line):
    with pytest.raises(Refusal, match="must be one of: en, zh"):
        take_language(line.split(), "en")


def test_refusals_come_in_the_language_of_the_option_before_that_of_the_system(monkeypatch, capsys):
    monkeypatch.setenv("LANGUAGE", "zh_CN:en")
    assert main(["data", "fetch", "nothing"]) == 2
    assert "无法下载" in capsys.readouterr().err
    assert main(["data", "fetch", "nothing", "--language", "en"]) == 2
    assert "cannot be fetched" in capsys.readouterr().err
    assert main(["losses", "--language", "fr"]) == 2
    assert "语言为 'fr'，但必须是下列之一：en, zh。" in capsys.readouterr().err
