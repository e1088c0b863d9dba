# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("no_figure")

EVALUATE = ("evaluating", "train", "evaluate")


@pytest.fixture
def judged(bundle, trained):
    """Evaluate the finished run and give the folder and what is in its summary."""

    def judge(**override: object) -> tuple[Path, dict]:
        before = {*trained.folder.iterdir()}
        workflow = bundle(*EVALUATE, run_dir=str(trained.folder), **override)
        folder = Path(workflow.parser.get_parsed_content("report_dir"))
        assert folder not in before
        return folder, json.loads((folder / "summary.json").read_text())

    return judge


def test_repeats_the_figures_of_the_run_exactly(judged, trained):
    folder, summary = judged()
    own = trained.folder / "evaluation"
    assert summary["metrics"] == json.loads((own / "summary.json").read_text())["metrics"]
    assert (folder / "per_image.csv").read_bytes() == (own / "per_image.csv").read_bytes()
    assert summary["run"] == json.loads((trained.folder / "settings.json").read_text())
    assert folder.parent == trained.folder


def test_judges_another_list_whole_and_writes_to_a_fresh_folder(judged, relisted, tmp_path):
    def five_without_mask(sections: dict) -> dict:
        return {"training": [{**entry, "mask": None} for entry in sections["training"][:5]]}

    other = relisted(five_without_mask)
    folders = []
    for name in ("evaluation", "evaluation_2"):
        folder, summary = judged(dataset_dir=str(other), output_dir=str(tmp_path / "out"))
        assert folder == tmp_path / "out" / name
        assert summary["images"] == summary["metrics"]["label_count"] == 5
        assert summary["left_out"] == ["no image has a lesion mask: IoU at top K is left out"]
        folders.append(folder)
    assert (folders[0] / "summary.csv").read_bytes() == (folders[1] / "summary.csv").read_bytes()


def test_judges_a_list_of_test_images_alone(judged, relisted):
    other = relisted(lambda sections: {"test": sections["test"][:3]})
    assert judged(dataset_dir=str(other))[1]["images"] == 3


def test_knows_the_runs_own_images_by_another_spelling(bundle, train, tmp_path, fundus, teacher_ckpt):
    folder = Path(shutil.copytree(fundus, tmp_path / "loose"))
    sections = json.loads((folder / "datalist.json").read_text())
    (folder / "datalist.json").write_text(json.dumps({"training": sum(sections.values(), [])}))
    run = train(dataset_dir=str(folder), teacher_ckpt=teacher_ckpt, epochs=1)
    workflow = bundle(*EVALUATE, run_dir=str(run), dataset_dir=f"{folder}/")
    again = Path(workflow.parser.get_parsed_content("report_dir"))
    assert (again / "per_image.csv").read_bytes() == (run / "evaluation" / "per_image.csv").read_bytes()


def test_judges_the_section_that_is_named(judged):
    _, summary = judged(section="training")
    assert summary["images"] == 24


def test_says_in_one_line_that_there_is_no_such_section(judged, one_line, trained):
    before = {*trained.folder.iterdir()}
    with one_line("section must be one of training, validation, test, got foo"):
        judged(section="foo")
    assert {*trained.folder.iterdir()} == before


@pytest.mark.parametrize("run_dir", [None, "nowhere"])
def test_says_in_one_line_that_there_is_no_run(bundle, one_line, run_dir):
    with one_line("run_dir") as error:
        bundle(*EVALUATE, run_dir=run_dir)
    assert run_dir is None or run_dir in error.text
