# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
import torch

from monai_medtex.deployment import export_pair
from monai_medtex.sharing import pack
from monai_medtex.sharing.stale_exports import refuse_stale_exports
from monai_medtex.utils import InputError, save_tensors

BUNDLE = Path(__file__).resolve().parents[2] / "bundles" / "medtex_fundus"


@pytest.fixture
def exported(run, network) -> Path:
    """The run with an export, made by the command ``export``."""
    options = {"source": "synthetic", "class_names": ["none", "mild", "severe"], "formats": ["ts"]}
    export_pair(network, run / "model.pt", torch.rand(2, 1, 48, 48), **options)
    return run


def written_at(path: Path, seconds: float) -> None:
    os.utime(path, (seconds, seconds))


def is_stale(run: Path) -> bool:
    try:
        refuse_stale_exports(run, run / "model.pt")
    except InputError:
        return True
    return False


def test_an_export_of_these_weights_is_fresh_whatever_the_clock_says(exported, tmp_path):
    assert not is_stale(exported)
    written_at(exported / "model.pt", (exported / "model.ts").stat().st_mtime + 60)
    assert not is_stale(exported)


def test_an_export_of_other_weights_is_stale_whatever_the_clock_says(exported, network):
    later = (exported / "model.ts").stat().st_mtime
    with torch.no_grad():
        next(network.parameters()).add_(1)
    save_tensors(network.state_dict(), exported / "model.pt")
    written_at(exported / "model.pt", later - 60)
    assert is_stale(exported)


@pytest.mark.parametrize("folder", [".", "exports"])
def test_an_export_by_another_tool_is_judged_by_its_time(run, network, folder):
    (run / folder).mkdir(exist_ok=True)
    path = run / folder / "model.ts"
    torch.jit.save(torch.jit.script(network.eval()), path)
    time = (run / "model.pt").stat().st_mtime
    written_at(path, time)
    assert not is_stale(run)
    written_at(path, time - 1)
    assert is_stale(run)


def test_an_export_that_was_replaced_is_no_longer_known(exported, network):
    torch.jit.save(torch.jit.script(torch.nn.Identity()), exported / "model.ts")
    written_at(exported / "model.ts", (exported / "model.pt").stat().st_mtime - 1)
    assert is_stale(exported)


def test_a_run_with_a_stale_export_is_not_packed_and_one_without_is(exported, network, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    with torch.no_grad():
        next(network.parameters()).add_(1)
    save_tensors(network.state_dict(), exported / "model.pt")
    options = {"card": {}, "bundle_root": BUNDLE, "output_dir": tmp_path / "out"}
    with pytest.raises(InputError, match=r"model(_theta)?\.ts was exported .* export again"):
        pack(exported, "ward", "1.0.0", **options)
    for path in exported.glob("*.ts"):
        path.unlink()
    assert pack(exported, "ward", "1.0.0", **options).is_file()


def test_a_copied_run_stays_fresh(exported, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(exported, copy, copy_function=shutil.copyfile)
    written_at(copy / "model.ts", 0)
    assert not is_stale(copy)
