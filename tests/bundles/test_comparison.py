# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from monai_medtex.comparison import Judge
from monai_medtex.utils import one_line

METHODS = {
    "Student (only)": {"configs": ["student_only.json"]},
    "MED-TEX": {"configs": [], "explains": True},
    "Broken": {"configs": ["missing.json"]},
    "Grad-CAM": {"configs": ["maps/grad_cam.json"], "trained": False},
    "Random": {"configs": ["maps/random.json"], "trained": False},
}
SMALL = {
    "image_size": 32,
    "epochs": 1,
    "teacher_epochs": 1,
    "batch_size": 8,
    "seeds": [0, 1],
    "fractions": [0.5],
    "faithful_images": 2,
    "methods": METHODS,
}


@pytest.fixture
def compare(bundle, fundus, tmp_path) -> Callable[..., Path]:
    """Run a small comparison and give its folder."""

    def start(**override: object) -> Path:
        settings = {"dataset_dir": str(fundus), "output_dir": str(tmp_path / "out"), **SMALL, **override}
        bundle("comparison", "comparison", **settings)
        return max((tmp_path / "out").iterdir(), key=lambda path: path.stat().st_mtime)

    return start


def rows_of(folder: Path) -> list[dict[str, str]]:
    with open(folder / "report" / "per_image.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_everything_is_compared_and_what_fails_is_reported(compare: Callable[..., Path]) -> None:
    folder = compare()
    rows = rows_of(folder)
    # 8 test images, 2 seeds; the broken method has no rows
    assert Counter(row["method"] for row in rows) == dict.fromkeys(
        ["Student (only)", "MED-TEX", "Grad-CAM", "Random"], 16
    )
    assert all(row["student_class"] for row in rows if row["method"] == "MED-TEX")
    assert not any(row["student_class"] for row in rows if row["method"] == "Random")
    lesions = {row["image"] for row in rows if row["iou_top1"]}
    assert lesions == {row["image"] for row in rows if row["label"] == "1"}
    assert len({row["image"] for row in rows if row["deletion"]}) == 2
    page = (folder / "report" / "index.html").read_text()
    assert "there is no file" in page
    assert "missing.json" in page
    assert {"table1.csv", "table1.md", "maps.csv", "fig3.png", "fig5.png"} <= {
        path.name for path in (folder / "report").iterdir()
    }


def test_goes_on_where_it_stopped(compare: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    methods = {name: METHODS[name] for name in ("Student (only)", "MED-TEX", "Random")}
    judged: list[str] = []
    answers = Judge.answers

    def interrupted(self: Judge, *args: object) -> list:
        judged.append("answers")
        if len(judged) == 2:
            raise KeyboardInterrupt
        return answers(self, *args)

    monkeypatch.setattr(Judge, "answers", interrupted)
    with pytest.raises((KeyboardInterrupt, RuntimeError)):
        compare(methods=methods, seeds=[0])
    folder = compare(methods=methods, seeds=[0], resume=True)
    assert len(list(folder.parent.iterdir())) == 1
    # the first task once, the second interrupted and repeated, the third once; the trained student was kept
    assert len(judged) == 4
    assert len(list(folder.glob("runs/*/fraction_0.5/seed_0/*/model.pt"))) == 2
    assert len(list(folder.glob("teachers/teacher/seed_0/*"))) == 1
    assert len(rows_of(folder)) == 3 * 8
    assert (folder / "finished").exists()


def test_a_comparison_does_not_go_on_with_another_teacher(
    compare: Callable[..., Path], teacher_ckpt: str, tmp_path: Path
) -> None:
    here = Path(shutil.copy(teacher_ckpt, tmp_path / "teacher.pt"))
    same = {"methods": {"Random": METHODS["Random"]}, "reference": "Random", "seeds": [0], "teacher_ckpt": str(here)}
    folder = compare(**same)
    with open(here, "ab") as file:
        file.write(b"another")
    with pytest.raises(RuntimeError) as error:
        compare(**same, resume=str(folder))
    assert one_line(error.value).startswith(f"resume: {folder} was started with teacher_sha256=")


def test_settings_are_kept(compare: Callable[..., Path]) -> None:
    folder = compare(methods={"MED-TEX": METHODS["MED-TEX"]}, seeds=[5])
    settings = json.loads((folder / "settings.json").read_text())
    assert settings["seeds"] == [5]
    assert settings["options"]["image_size"] == 32
    run = json.loads(next(folder.glob("runs/*/*/*/*/settings.json")).read_text())
    # one pass over all images is two over half of them
    assert (run["epochs"], run["fraction"], run["seed"]) == (2, 0.5, 5)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ({"skip": ["L2Y"]}, "skip: 'L2Y' is none of the methods Student (only), MED-TEX, Broken, Grad-CAM, Random"),
        ({"reference": "MEDTEX"}, "reference: 'MEDTEX' is none of the methods"),
        ({"seeds": 3}, "seeds must be a list such as [0, 1], got 3"),
        ({"fractions": [0.5, 50]}, "fractions must be above 0 and at most 1, got 50"),
        ({"teacher_ckpt": "missing.pt"}, "teacher_ckpt: there is no file missing.pt"),
        ({"dataset_dir": "missing"}, "missing"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_written(
    compare: Callable[..., Path], tmp_path: Path, override: dict, said: str
) -> None:
    with pytest.raises(RuntimeError) as error:
        compare(**override)
    assert one_line(error.value).startswith(said)
    assert not (tmp_path / "out").exists()
