# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch

from monai_medtex.data import LabelByLesiond, check_patch_labels
from monai_medtex.utils import InputError


def patch(label: int, voxels: int, masked: bool = True) -> dict:
    mask = torch.zeros(1, 4, 4, 4, dtype=torch.uint8)
    mask.view(-1)[:voxels] = 1
    return {"label": label, "mask": mask, **({"lesion_file": "mask.nii.gz"} if masked else {})}


@pytest.mark.parametrize(
    ("label", "voxels", "expected"),
    [(1, 5, 1), (1, 3, 1), (1, 2, 0), (1, 0, 0), (2, 5, 2), (2, 0, 0), (-1, 5, 1), (-1, 0, 0), (0, 5, 1), (0, 0, 0)],
)
def test_a_mask_says_what_a_patch_is(label, voxels, expected):
    given = patch(label, voxels)
    assert LabelByLesiond(least=3)(given)["label"] == expected
    assert given["label"] == label


@pytest.mark.parametrize("label", [-1, 0, 1, 2])
def test_without_a_mask_it_is_what_its_volume_is(label):
    assert LabelByLesiond()(patch(label, 0, masked=False))["label"] == label


def test_volumes_with_lesions_alone_teach_two_classes_and_need_no_label():
    check_patch_labels([{"image": "a", "label": -1, "mask": "m"}, {"image": "b", "label": 1, "mask": "n"}], 2, True)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([{"label": 1}, {"label": -1, "mask": "m"}, {"label": -1}], "a2: no label"),
        ([{"label": 1}, {"label": 1}], "one class only"),
        ([{"label": 0, "mask": "m"}, {"label": 2, "mask": "m"}], "a1: label 2 is not in 0..1"),
    ],
)
def test_labels_that_no_teacher_can_learn_from_are_refused(entries, words):
    named = [{"image": f"a{number}", **entry} for number, entry in enumerate(entries)]
    with pytest.raises(InputError, match=words):
        check_patch_labels(named, 2, required=True)


def test_unknown_labels_will_do_beside_a_teacher():
    check_patch_labels([{"image": "a", "label": -1}, {"image": "b", "label": -1}], 2, required=False)
