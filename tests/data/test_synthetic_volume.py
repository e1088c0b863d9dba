# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
from functools import cache

import nibabel
import numpy as np
import pytest

from monai_medtex.data import write_synthetic_volumes
from monai_medtex.data.synthetic_volume import draw_volume
from monai_medtex.utils import InputError

SMALL = {"training": 3, "validation": 2, "test": 2}


@cache
def draw(seed: int, abnormal: bool, size: int = 24) -> tuple[np.ndarray, np.ndarray]:
    return draw_volume(np.random.default_rng(seed), size, abnormal)


def test_lesions_are_in_the_abnormal_twin_alone_and_brighter():
    for seed in range(12):
        (abnormal, mask), (normal, empty) = draw(seed, True), draw(seed, False)
        assert (abnormal.dtype, abnormal.shape, mask.shape) == (np.int16, (24, 24, 24), (24, 24, 24))
        assert not empty.any()
        assert 0.0003 < mask.mean() < 0.06
        change = abnormal.astype(int) - normal
        assert change[mask].mean() > 50
        assert (change[~mask] != 0).mean() < 0.03  # the soft edge, and no more
        assert normal[mask].min() > 0  # not in the air


def test_normal_volumes_have_voxels_as_bright_as_lesions():
    """So that brightness alone does not tell a lesion."""
    brighter = [draw(seed, False)[0].max() > draw(seed, True)[0][draw(seed, True)[1]].mean() for seed in range(12)]
    assert sum(brighter) >= 6


def test_air_is_black_and_the_state_decides():
    for seed in range(4):
        volume, _ = draw(seed, False)
        assert volume[[0, 0, -1, -1], [0, -1, 0, -1], [0, 0, -1, -1]].max() == 0
        assert np.array_equal(volume, draw_volume(np.random.default_rng(seed), 24, False)[0])
    assert not np.array_equal(draw(0, False)[0], draw(1, False)[0])


def test_writes_nifti_with_a_list_and_finds_it_again(tmp_path):
    folder = write_synthetic_volumes(tmp_path, 16, SMALL, seed=3)
    assert folder == tmp_path / "volume_16_3-2-2_seed3"
    listed = json.loads((folder / "datalist.json").read_text())
    assert [[entry["label"] for entry in entries] for entries in listed.values()] == [[0, 1, 0], [0, 1], [0, 1]]
    for entry in listed["training"]:
        image, mask = (nibabel.load(folder / entry[key]) for key in ("image", "mask"))
        assert image.shape == mask.shape == (16, 16, 16)
        assert np.array_equal(image.affine, np.diag([2, 2, 2, 1]))
        assert set(np.unique(mask.dataobj).tolist()) == ({0, 1} if entry["label"] else {0})
    (folder / "images" / "test_0000.nii.gz").write_bytes(b"kept")
    assert write_synthetic_volumes(tmp_path, 16, SMALL, seed=3) == folder
    assert (folder / "images" / "test_0000.nii.gz").read_bytes() == b"kept"


def test_too_small_a_size_is_refused(tmp_path):
    with pytest.raises(InputError, match="size must be a whole number of at least 16, got 15"):
        write_synthetic_volumes(tmp_path, 15)
