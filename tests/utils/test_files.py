# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from monai_medtex.utils import atomic_write, files, home, name_inside, save_tensors

KILLED = """
import importlib.util, os, signal, sys
module = importlib.util.spec_from_file_location("files", sys.argv[1])  # without the package: that takes seconds
files = importlib.util.module_from_spec(module)
module.loader.exec_module(files)
with files.atomic_write(sys.argv[2]) as temporary:
    with open(temporary, "w") as file:
        file.write("half of the new")
        file.flush()
        print(temporary.name, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("there", [False, True])
def test_a_file_is_written_or_replaced(tmp_path, there):
    path = tmp_path / "deep" / "file.txt"
    if there:
        path.parent.mkdir()
        path.write_text("old")
    with atomic_write(path) as temporary:
        temporary.write_text("new")
        assert path.exists() == there
        assert temporary.suffix == ".txt"
        assert temporary.parent == path.parent
        assert temporary.name.startswith(".")
    assert path.read_text() == "new"
    assert names(path.parent) == ["file.txt"]


def test_who_has_the_old_file_open_goes_on_reading_it(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with open(path) as reader:
        with atomic_write(path) as temporary:
            temporary.write_text("new")
        assert reader.read() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("there", [False, True])
def test_an_exception_leaves_the_old_file_alone(tmp_path, error, there):
    path = tmp_path / "file.txt"
    if there:
        path.write_text("old")

    def fail():
        with atomic_write(path) as temporary:
            temporary.write_text("half of the new")
            raise error

    with pytest.raises(error):
        fail()
    assert names(tmp_path) == (["file.txt"] if there else [])
    assert not there or path.read_text() == "old"


def test_a_block_that_writes_nothing_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), atomic_write(path):
        pass
    assert path.read_text() == "old"


def test_a_killed_process_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    killed = subprocess.run([sys.executable, "-c", KILLED, files.__file__, str(path)], capture_output=True, text=True)
    assert killed.returncode == -9
    assert path.read_text() == "old"
    unfinished = killed.stdout.strip()
    assert names(tmp_path) == sorted([unfinished, "file.txt"])
    assert (tmp_path / unfinished).read_text() == "half of the new"


def test_equal_tensors_make_equal_files_whatever_their_name_and_process(tmp_path, monkeypatch):
    content = {"weight": torch.arange(6.0).view(2, 3), "epoch": 3}
    save_tensors(content, tmp_path / "one.pt")
    monkeypatch.setattr(files.os, "getpid", lambda: 1234567)
    save_tensors(content, tmp_path / "another.pt")
    assert (tmp_path / "one.pt").read_bytes() == (tmp_path / "another.pt").read_bytes()
    loaded = torch.load(tmp_path / "one.pt", weights_only=True)
    assert loaded["weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert loaded["epoch"] == 3


def test_a_failed_save_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "weights.pt"
    save_tensors({"weight": torch.ones(2)}, path)
    with pytest.raises((AttributeError, TypeError, RuntimeError)):
        save_tensors({"weight": torch.zeros(2), "function": lambda: None}, path)  # can't be pickled
    assert torch.load(path, weights_only=True)["weight"].tolist() == [1, 1]
    assert names(tmp_path) == ["weights.pt"]


def test_a_name_is_relative_to_the_data_set(tmp_path):
    (tmp_path / "a").mkdir()
    assert name_inside(tmp_path / "a" / "1.png", tmp_path) == Path("a/1.png")
    assert name_inside(tmp_path / "a" / ".." / "1.png", tmp_path) == Path("1.png")


def test_a_name_is_relative_to_the_folder_of_a_list(tmp_path):
    (tmp_path / "datalist.json").touch()
    assert name_inside(tmp_path / "a" / "1.png", tmp_path / "datalist.json") == Path("a/1.png")


def test_a_name_never_leads_out(tmp_path):
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    root.mkdir()
    elsewhere.mkdir()
    (elsewhere / "1.png").touch()
    (root / "link.png").symlink_to(elsewhere / "1.png")
    assert name_inside(elsewhere / "1.png", root) == Path("1.png")
    assert name_inside(root / ".." / "1.png", root) == Path("1.png")
    assert name_inside(root / "link.png", root) == Path("link.png")
    (tmp_path / "linked").symlink_to(root)
    assert name_inside(root / "a" / "1.png", tmp_path / "linked") == Path("a/1.png")


def test_home_is_what_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("MONAI_MEDTEX_HOME", str(tmp_path))
    assert home() == tmp_path
    monkeypatch.setenv("MONAI_MEDTEX_HOME", "")
    monkeypatch.setenv("HOME", "/somebody")
    assert home() == Path("/somebody/monai_medtex")
