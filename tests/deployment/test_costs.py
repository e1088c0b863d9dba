# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json

import pytest

from monai_medtex.deployment import network_costs, teacher_costs, write_costs
from monai_medtex.networks import BlockCNN, ConstantExplainer, ExplainedClassifier
from monai_medtex.utils import InputError

REPORT = {
    "image_shape": [3, 8, 8],
    "networks": {"teacher": {"parameters": 1234, "macs": 99, "bytes": 8}, "deployed": {"parameters": 7, "bytes": 28}},
    "files": {"model.ts": {"outputs": ["logits", "theta"], "bytes": 56, "largest_difference": {"a": 0, "b": 2e-7}}},
    "images": 5,
    "source": "own",
}


def test_costs_by_hand():
    network = ExplainedClassifier(ConstantExplainer(), BlockCNN(2, 3, 2, (2,)))
    costs = network_costs(network, (3, 8, 8))
    # a convolution 3x3 from 3 to 2 channels with bias, and a layer from 2 x 2 x 2 to 2 with bias
    assert costs["student"]["parameters"] == costs["deployed"]["parameters"] == 3 * 2 * 9 + 2 + 8 * 2 + 2
    assert costs["deployed"]["macs"] == 8 * 8 * 3 * 2 * 9 + 8 * 2
    assert costs["explainer"]["parameters"] == 0


def test_tables_stand_between_the_marks_and_the_rest_is_kept(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("# Title\n\n## Limits\n\nNone.\n")
    write_costs(readme, REPORT)
    first = readme.read_text()
    assert first.startswith("# Title\n\n## Limits\n\nNone.\n\n## Costs\n")
    assert "| teacher | 1,234 | 99 | 8 |" in first
    assert "| deployed pair | 7 |  | 28 |" in first
    assert "| `model.ts` | logits, theta | 56 | 2.0e-07 |" in first
    assert "5 own images" in first
    readme.write_text(first + "\nAfter.\n")
    write_costs(readme, {**REPORT, "networks": {"teacher": {"parameters": 1}}})
    second = readme.read_text()
    assert second.endswith("\nAfter.\n")
    assert second.count("## Costs") == 1
    assert "1,234" not in second


def test_a_readme_that_is_missing_is_named(tmp_path):
    with pytest.raises(InputError, match="readme: there is no file .*nowhere.md"):
        write_costs(tmp_path / "nowhere.md", REPORT)


def test_teacher_of_a_run(tmp_path):
    (tmp_path / "settings.json").write_text(json.dumps({"teacher_ckpt": str(tmp_path / "teacher.pt")}))
    assert teacher_costs(tmp_path) == {}
    (tmp_path / "evaluation").mkdir()
    known = {"parameters": 3, "macs": 4, "bytes": 12}
    (tmp_path / "evaluation" / "summary.json").write_text(json.dumps({"networks": {"teacher": known}}))
    assert teacher_costs(tmp_path) == known
    (tmp_path / "teacher.pt").write_bytes(b"12345")
    assert teacher_costs(tmp_path) == {**known, "file_bytes": 5}
