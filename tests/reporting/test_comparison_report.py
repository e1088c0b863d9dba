# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import csv

import pytest
import torch

from monai_medtex.reporting import ComparedImage, has_matplotlib, write_comparison_report
from monai_medtex.utils import InputError

METHODS = ["Student (only)", "MED-EX", "MED-TEX", "CAM", "RISE"]
TABLES = ["maps.csv", "maps.md", "pairwise.csv", "per_image.csv", "table1.csv", "table1.md"]


def row(method, image, lesion, fraction="", seed=0):
    base = {
        "method": method,
        "fraction": fraction,
        "seed": seed,
        "image": f"images/{image}.jpg",
        "patient": "",
        "label": 1,
    }
    base |= {"teacher_class": 1}
    if fraction:
        base |= {"student_class": image % 2, "student_confidence": 0.75, "predictive_kl": 0.125}
    if method != "Student (only)":
        base |= {"deletion": 0.5, "insertion": 0.25, "road": 0.125}
        if lesion:
            base |= {f"iou_top{k}": k / 100 * (1 + image) for k in range(1, 7)}
            base |= {"lesion_share": 0.25, "iou_chance": 0.01, "iou_ceiling": 0.5, "hit": image % 2, "auprc": 0.5}
    return base


def rows(lesion=True):
    trained = [row(name, n, lesion, 0.25, seed) for name in METHODS[:3] for seed in (0, 1) for n in range(4)]
    return trained + [row("CAM", n, lesion) for n in range(4)]


def samples():
    maps = {name: torch.rand(1, 16, 16) for name in METHODS[1:4]}
    lesion = torch.zeros(1, 16, 16, dtype=torch.bool)
    lesion[0, 4:8, 4:6] = True
    return [ComparedImage("0", torch.rand(3, 16, 16), lesion, maps)]


FAILED = {("RISE", None, None): "no module named captum", ("MED-TEX", 0.25, 2): "loss became NaN"}
ABOUT = {
    "title": "On data",
    "parameters": {"MED-TEX": 1234},
    "fingerprint": "sha256:beef",
    "configuration": {"seed": 0},
}


def written(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.skipif(not has_matplotlib, reason="needs matplotlib")
def test_everything_is_written_and_shown(tmp_path):
    write_comparison_report(tmp_path / "report", rows(), samples(), METHODS, FAILED, ABOUT)
    figures = [f"fig{n}.png" for n in range(2, 6)]
    assert written(tmp_path / "report") == sorted([*TABLES, *figures, "index.html"])
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64") == 4
    for name in (*TABLES, *figures):
        assert f'href="{name}"' in page
    for text in ("On data", "sha256:beef", "RISE: no module named captum", "MED-TEX, 25 %, seed 2: loss became NaN"):
        assert text in page
    assert page.index("sha256:beef") < page.index("<h3>configuration</h3>")
    assert "Left out" not in page


def test_the_tables_hold_what_the_rows_say(tmp_path):
    write_comparison_report(tmp_path, rows(), [], METHODS, FAILED, ABOUT)

    def read(name):
        with open(tmp_path / name, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    table = {line["method"]: line for line in read("table1.csv")}
    assert list(table) == METHODS[:3]
    assert table["MED-TEX"]["agreement_accuracy"] == "0.5"  # two of four images have class 1 as the teacher says
    assert (table["MED-TEX"]["seeds"], table["MED-TEX"]["parameters"]) == ("2", "1234")
    maps = {line["method"]: line for line in read("maps.csv")}
    assert list(maps) == METHODS[1:]
    assert float(maps["CAM"]["iou_mean"]) == pytest.approx(0.035 * 2.5)  # mean over k, times mean of 1 to 4
    assert maps["RISE"]["failed"] == "no module named captum"
    assert {(line["method"], line["difference"]) for line in read("pairwise.csv")} == {("MED-EX", "0"), ("CAM", "0")}
    assert len(read("per_image.csv")) == len(rows())
    assert read("per_image.csv")[0]["image"] == "images/0.jpg"


def test_what_lacks_lesions_samples_or_methods_is_left_out_with_the_reason(tmp_path):
    (tmp_path / "fig2.png").write_bytes(b"of an earlier run")
    (tmp_path / "pairwise.csv").write_text("of an earlier run")
    students = [line for line in rows(lesion=False) if line["method"] == "Student (only)"]
    write_comparison_report(tmp_path, students, [], ["Student (only)"], {}, {})
    assert written(tmp_path) == ["index.html", "per_image.csv", "table1.csv", "table1.md"]
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "Left out: no method has a map, or the teacher recognises no image with a lesion." in page
    assert page.count("Left out: ") == 5
    assert "Nothing failed." in page


def test_without_lesions_maps_are_judged_by_the_teacher_alone(tmp_path):
    write_comparison_report(tmp_path, rows(lesion=False), [], METHODS, {}, {})
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "Left out: no image with a lesion has a map" in page or not has_matplotlib
    assert "Deletion" in page
    assert "nan" not in page


def test_nothing_at_all_still_gives_a_page(tmp_path):
    write_comparison_report(tmp_path, [], [], METHODS, {("CAM", None, None): "no teacher"}, {})
    assert "no teacher" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_an_unknown_method_is_refused(tmp_path):
    with pytest.raises(InputError, match="method 'CAM'"):
        write_comparison_report(tmp_path, rows(), [], METHODS[:3], {}, {})
