# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import subprocess
import sys

import pytest

from monai_medtex.utils import InputError, OneLineError, TrainingError, report_errors_in_one_line

CONFIG = """
from monai.bundle import ConfigParser
from monai_medtex.utils import report_errors_in_one_line
report_errors_in_one_line()
parser = ConfigParser({
    "imports": ["$import monai_medtex"],
    "path": "$monai_medtex.utils.teacher_path('absent.pt', {})",
    "size": "$len(str(@path))",
})
print(parser.get_parsed_content("size"))
"""


@pytest.fixture
def shown(monkeypatch, capsys):
    """Raise an exception, hand it to the hook as Python does, and return the lines of stderr."""
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    report_errors_in_one_line()

    def show(function) -> list[str]:
        try:
            function()
        except BaseException as error:
            sys.excepthook(type(error), error, error.__traceback__)
        return capsys.readouterr().err.splitlines()

    return show


def wrapped(error: Exception, explicitly: bool) -> None:
    try:
        try:
            raise error
        except Exception as cause:
            raise RuntimeError("evaluation of an item failed") from (cause if explicitly else None)
    except RuntimeError as cause:
        raise RuntimeError("building the config failed") from cause


def test_an_error_inside_a_config_is_all_that_a_process_prints():
    process = subprocess.run([sys.executable, "-W", "ignore", "-c", CONFIG], capture_output=True, text=True)
    assert process.stderr == "error: teacher_ckpt: there is no file absent.pt\n"
    assert process.stdout == ""
    assert process.returncode == 1


@pytest.mark.parametrize("kind", [InputError, TrainingError, OneLineError])
def test_an_error_of_ours_is_one_line(shown, kind):
    def fail():
        raise kind("epochs: -1 is negative")

    assert shown(fail) == ["error: epochs: -1 is negative"]


@pytest.mark.parametrize("explicitly", [True, False])
def test_what_others_wrap_around_it_is_left_out(shown, explicitly):
    assert shown(lambda: wrapped(InputError("the cause"), explicitly)) == ["error: the cause"]


def test_of_several_errors_of_ours_the_first_is_shown(shown):
    def fail():
        try:
            raise InputError("the cause")
        except InputError as error:
            raise TrainingError("what followed") from error

    assert shown(fail) == ["error: the cause"]


def test_any_other_error_keeps_its_traceback(shown):
    lines = shown(lambda: wrapped(ValueError("a bug"), explicitly=True))
    assert lines[0] == "Traceback (most recent call last):"
    assert "ValueError: a bug" in lines
    assert lines[-1] == "RuntimeError: building the config failed"


def test_an_interrupt_is_one_line(shown):
    def fail():
        raise KeyboardInterrupt

    (line,) = shown(fail)
    assert "interrupted" in line
    assert "--resume" in line


def test_installing_it_twice_changes_nothing(shown):
    hook = sys.excepthook
    report_errors_in_one_line()
    assert sys.excepthook is hook


def test_our_errors_are_also_what_python_calls_them():
    assert issubclass(InputError, ValueError)
    assert issubclass(TrainingError, RuntimeError)
