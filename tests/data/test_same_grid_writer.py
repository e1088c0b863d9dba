# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import nibabel
import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from monai_medtex.data import SameGridWriter

SAGITTAL = np.array([[0.0, 0, 1, 5], [2, 0, 0, 6], [0, 3, 0, 7], [0, 0, 0, 1]])


def writer(theta: torch.Tensor) -> SameGridWriter:
    result = SameGridWriter()
    result.set_data_array(theta, channel_dim=0)
    result.set_metadata(MetaTensor(theta, affine=torch.tensor(SAGITTAL)).meta)
    return result


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_values_and_affine_are_kept(tmp_path, suffix):
    theta = torch.rand(1, 4, 3)
    writer(theta).write(tmp_path / f"theta{suffix}")
    found = nibabel.load(tmp_path / f"theta{suffix}")
    assert np.array_equal(found.affine, SAGITTAL)
    assert np.array_equal(found.get_fdata(dtype=np.float32).squeeze(), theta[0].numpy())
    assert [path.name for path in tmp_path.iterdir()] == [f"theta{suffix}"]


def test_nothing_is_left_where_writing_fails(tmp_path, monkeypatch):
    def full(image: object, path: object) -> None:
        path.write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("nibabel.save", full)
    with pytest.raises(OSError, match="No space left"):
        writer(torch.rand(1, 4, 3)).write(tmp_path / "theta.nii.gz")
    assert not list(tmp_path.iterdir())
