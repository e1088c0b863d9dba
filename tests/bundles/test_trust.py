# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from monai_medtex.trust.retraining import Retrainer, Retraining
from monai_medtex.trust.subject import Subject

pytestmark = pytest.mark.usefixtures("no_figure")

TINY = {
    "areas": [0.1, 1.0],
    "eval_x_epochs": 1,
    "probe_epochs": 1,
    "probe_repeats": 1,
    "faithful_images": 2,
    "retrain_epochs": 1,
    "retrain_teacher_epochs": 1,
}
ALONE, LAYERED = ("trust",), ("train", "trust")


@pytest.fixture
def judged(bundle, trained, tmp_path) -> Callable[..., Path]:
    """Judge the finished run and give the folder; the run itself stays as it is."""
    run = Path(shutil.copytree(trained.folder, tmp_path / "run"))

    def judge(*names: str, **override: object) -> Path:
        settings = {"run_dir": str(run), **TINY, **override}
        bundle("trust", *names, **settings)
        return Path(str(settings["run_dir"])) / "trust"

    return judge


@pytest.fixture
def retrained(monkeypatch) -> list[str]:
    """Names what is distilled again, and distils nothing: the maps are the run's own."""
    titles: list[str] = []

    def maps(self: Retrainer, retraining: Retraining, subject: Subject, folder: Path) -> torch.Tensor:
        titles.append(retraining.title)
        return subject.maps()

    monkeypatch.setattr(Retrainer, "maps", maps)
    return titles


def rows_of(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_judges_a_run_and_goes_on_where_it_was_interrupted(judged, trained, monkeypatch, tmp_path) -> None:
    done: list[str] = []
    maps = Retrainer.maps

    def interrupted(self: Retrainer, retraining: Retraining, *args: object) -> torch.Tensor:
        done.append(retraining.title)
        if len(done) == 3:
            raise KeyboardInterrupt
        return maps(self, retraining, *args)

    monkeypatch.setattr(Retrainer, "maps", interrupted)
    with pytest.raises((KeyboardInterrupt, RuntimeError)):
        judged(*LAYERED)
    assert "not done yet" in (tmp_path / "run" / "trust" / "index.html").read_text()
    folder = judged(*ALONE)
    assert done == [
        "a teacher with random weights",
        "a teacher of shuffled labels",
        "another seed",
        "another seed",
        "another teacher",
    ]
    found = json.loads((folder / "trust.json").read_text())
    summary = json.loads((trained.folder / "evaluation" / "summary.json").read_text())
    # the same student on the same images as in the run's own evaluation
    assert (found["images"], found["own"]["mean"]) == (8, summary["metrics"]["agreement_accuracy"])
    assert found["run"] == json.loads((trained.folder / "settings.json").read_text())
    lines = {(row["line"], row["area"]): row["agreement"] for row in found["curve"]}
    # at full area every pixel is shown, whatever chose them
    assert lines["top", 1.0] == lines["random", 1.0] == lines["whole", None]
    rows = rows_of(folder / "per_image.csv")
    assert [bool(row["eval_x lesion"]) for row in rows] == [row["label"] == "1" for row in rows]
    # trained anew: no map is that of the run
    assert all(float(row[f"{again['name']}_ssim"]) < 1 for again in found["retrained"] for row in rows)
    assert found["skipped"] == {}
    page = (folder / "index.html").read_text()
    assert all(name in page for name in ("May this map be trusted?", "Does the map hide a code?", "data:image/png"))
    pictures = {f"{name}.png" for name in ("curve", "alarm", "faithful", "randomised", "repeated", "maps")}
    assert pictures | {"curves.csv"} <= {path.name for path in folder.iterdir()}


def test_what_needs_labels_is_left_out_without_them(judged, retrained, relisted) -> None:
    def without_labels(sections: dict) -> dict:
        return {
            name: [{key: value for key, value in entry.items() if key != "label"} for entry in entries]
            for name, entries in sections.items()
        }

    folder = judged(*ALONE, dataset_dir=str(relisted(without_labels)))
    assert retrained == ["a teacher with random weights", "another seed"]
    found = json.loads((folder / "trust.json").read_text())
    assert set(found["skipped"]) == {"a teacher of shuffled labels", "another teacher"}
    assert found["unlike"][-1] == "other images or labels"
    # the very maps of the run: a randomisation that changes nothing is not passed
    assert {row["name"]: row["passes"] for row in found["retrained"]} == {"random_teacher": False, "other_seed": True}


def test_judges_a_variant_and_distils_nothing_again_unless_it_is_wished(judged, retrained, train, teacher_ckpt) -> None:
    variant = ("train", "train_trusted")
    folder = judged(*variant, "trust", run_dir=str(train(*variant, teacher_ckpt=teacher_ckpt)), retrain=False)
    assert not retrained
    assert "left out, since retrain is False" in (folder / "index.html").read_text()


@pytest.mark.parametrize("run_dir", [None, "nowhere"])
def test_says_in_one_line_that_there_is_no_run(judged, one_line, run_dir) -> None:
    with one_line("run_dir"):
        judged(*ALONE, run_dir=run_dir)


def test_refuses_a_run_of_several_labels(judged, trained, one_line, tmp_path) -> None:
    run = Path(shutil.copytree(trained.folder, tmp_path / "multilabel"))
    settings = json.loads((run / "settings.json").read_text())
    (run / "settings.json").write_text(json.dumps({**settings, "activation": "sigmoid"}))
    with one_line("run_dir", str(run), "one class per image"):
        judged(*ALONE, run_dir=str(run))
    assert not (run / "trust").exists()


def test_refuses_other_config_files_than_the_runs(judged, trained, one_line, tmp_path) -> None:
    run = Path(shutil.copytree(trained.folder, tmp_path / "l2x"))
    settings = json.loads((run / "settings.json").read_text())
    (run / "settings.json").write_text(json.dumps({**settings, "patches": 6}))
    with one_line("config_file", "patches=6", "before trust.json"):
        judged(*ALONE, run_dir=str(run))
