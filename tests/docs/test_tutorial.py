# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest
import torch
from monai.utils import set_determinism

matplotlib = pytest.importorskip("matplotlib", reason="the extra figures is missing")

TUTORIAL = Path(__file__).resolve().parents[2] / "docs" / "tutorial.ipynb"


@pytest.fixture(scope="module")
def told() -> dict:
    """What the notebook's code leaves behind, run in order from the notebook's folder."""
    cells = json.loads(TUTORIAL.read_text(encoding="utf-8"))["cells"]
    threads, names = torch.get_num_threads(), {"__name__": "__main__"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(TUTORIAL.parent)
        patch.setenv("MONAI_MEDTEX_HOME", "")
        patch.setenv("MPLBACKEND", "Agg")
        patch.setattr(sys, "excepthook", sys.excepthook)
        patch.setattr(sys, "path", [*sys.path])
        matplotlib.use("Agg")
        torch.set_num_threads(1)
        for cell in cells:
            if cell["cell_type"] == "code":
                exec(compile("".join(cell["source"]), f"{TUTORIAL.name}: {cell['id']}", "exec"), names)
    matplotlib.pyplot.close("all")
    torch.set_num_threads(threads)
    set_determinism(None)
    return names


def test_the_trusted_map_finds_lesions_that_a_random_one_does_not(told):
    scores = told["scores"]
    assert scores["MED-TEX trusted"] > 3 * scores["random"]
    assert scores["MED-TEX trusted"] > scores["MED-TEX"]
    assert scores["random"] == pytest.approx(scores["expected by chance"], rel=0.5)


def test_only_the_trusted_student_needs_its_map(told):
    paper, trusted = told["agreement"]["MED-TEX"], told["agreement"]["MED-TEX trusted"]
    assert paper["its own map"] - paper["another image's"] <= 0.15
    lost = trusted["its own map"] - trusted["no map"]
    assert lost >= 0.3
    assert paper["its own map"] - paper["no map"] < lost


def test_students_follow_the_teacher(told):
    assert all(row["its own map"] >= 0.7 for row in told["agreement"].values())


def test_inference_answers_for_the_one_image(told):
    (row,) = csv.DictReader(told["predictions"].splitlines())
    probabilities = {name: float(row[name]) for name in ("normal", "abnormal")}
    assert row["image"] == "own.png"
    assert sum(probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert row["predicted"] == max(probabilities, key=probabilities.get)


def test_nothing_is_left_on_the_disk(told):
    assert not told["home"].exists()


def test_the_committed_notebook_names_no_folder_and_is_light():
    notebook = json.loads(TUTORIAL.read_text(encoding="utf-8"))
    outputs = json.dumps([cell.get("outputs", []) for cell in notebook["cells"]])
    assert not [folder for folder in ("/tmp", "/home", "/root", "site-packages") if folder in outputs]
    assert len(outputs) < 270_000  # figures of 200 kB, in base 64
