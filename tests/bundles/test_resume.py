# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""A run that is killed and resumed ends as one that never was: the same bytes."""

from __future__ import annotations

import csv
import runpy
import signal
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
import torch

EPOCHS = 6
SCRIPT = Path(__file__).with_name("bundle_process.py")


def logged(run: Path) -> list[dict[str, str]]:
    """The log of epochs, without what the clock says."""
    path = run / "metrics.csv"
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


def the_run(output: Path) -> Path:
    (run,) = output.iterdir()
    return run


@pytest.fixture(scope="module")
def start(processes, configs, fundus) -> Callable[..., BaseProcess]:
    def starter(output: Path, dies_at: int = 0, **settings: object) -> BaseProcess:
        tiny = {"image_size": 32, "batch_size": 8, "epochs": EPOCHS, "teacher_epochs": 3}
        images = {"dataset_dir": str(fundus), "output_dir": str(output)}
        arguments = {"config_file": configs("train"), **tiny, **images, **settings}
        environment = {"MONAI_MEDTEX_HOME": str(output.with_name("home"))}
        names = {"arguments": arguments, "environment": environment, "dies_at": dies_at}
        process = processes.Process(target=runpy.run_path, args=(str(SCRIPT), names))
        process.start()
        return process

    return starter


@pytest.fixture(scope="module")
def uninterrupted(start, tmp_path_factory, teacher_ckpt) -> Callable[[bool], Path]:
    finished: dict[bool, Path] = {}

    def run(amp: bool) -> Path:
        if amp not in finished:
            output = tmp_path_factory.mktemp("uninterrupted") / "runs"
            process = start(output, amp=amp, teacher_ckpt=teacher_ckpt)
            process.join()
            assert process.exitcode == 0
            finished[amp] = the_run(output)
        return finished[amp]

    return run


def kill_in_an_epoch(process: BaseProcess, output: Path) -> None:
    """Kill a process when it has logged two epochs, and thus kept the state after the first."""
    while process.is_alive() and not any(len(logged(run)) >= 2 for run in output.glob("*")):
        process.join(0.01)
    process.kill()
    process.join()


def resume_and_compare(process: BaseProcess, killed: Path, expected: Path) -> None:
    """Wait for the process that resumes, and compare what it leaves."""
    process.join()
    assert process.exitcode == 0
    assert the_run(killed.parent) == killed
    assert (killed / "finished").exists()
    assert not [*killed.rglob(".*")]
    assert len(logged(killed)) == EPOCHS
    assert logged(killed) == logged(expected)
    assert (killed / "model.pt").read_bytes() == (expected / "model.pt").read_bytes()
    assert (killed / "checkpoint.pt").exists()
    own, other = (run / "evaluation" / "per_image.csv" for run in (killed, expected))
    assert own.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("amp", [False, True])
def test_goes_on_after_a_kill_in_an_epoch(start, uninterrupted, tmp_path, teacher_ckpt, amp):
    expected, output = uninterrupted(amp), tmp_path / "runs"
    settings = {"amp": amp, "teacher_ckpt": teacher_ckpt}
    process = start(output, **settings)
    kill_in_an_epoch(process, output)
    assert process.exitcode == -signal.SIGKILL
    killed = the_run(output)
    assert 2 <= len(logged(killed)) < EPOCHS
    resume_and_compare(start(output, resume=True, **settings), killed, expected)


@pytest.mark.parametrize("amp", [False, True])
def test_goes_on_after_a_kill_while_a_checkpoint_is_written(start, uninterrupted, tmp_path, teacher_ckpt, amp):
    expected, output = uninterrupted(amp), tmp_path / "runs"
    settings = {"amp": amp, "teacher_ckpt": teacher_ckpt}
    process = start(output, dies_at=3, **settings)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    killed = the_run(output)
    assert [*killed.glob(".checkpoint*")]
    assert torch.load(killed / "checkpoint.pt", weights_only=True)["epoch"] == 2
    resume_and_compare(start(output, resume=True, **settings), killed, expected)


def test_goes_on_with_the_teacher_too(start, tmp_path):
    whole, output = tmp_path / "whole" / "runs", tmp_path / "killed" / "runs"
    first, second = start(whole, amp=False), start(output, amp=False, dies_at=2)
    second.join()
    first.join()
    assert (first.exitcode, second.exitcode) == (0, -signal.SIGKILL)
    killed = the_run(output)
    assert not (killed / "model.pt").exists()
    assert torch.load(killed / "teacher" / "checkpoint.pt", weights_only=True)["epoch"] == 1
    resume_and_compare(start(output, amp=False, resume=True), killed, the_run(whole))
    ours, theirs = (logged(run / "teacher") for run in (killed, the_run(whole)))
    assert ours == theirs
    assert len(ours) == 3
