# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch

from monai_medtex.data import SameHeaderWriter

OBLIQUE = np.array([[1.9, -0.3, 0.1, 10], [0.35, 2.8, -0.6, -20], [0.02, 0.5, 3.9, 30], [0, 0, 0, 1]])
RAS = np.diag([2.0, 3, 4, 1])


def written(source: nibabel.Nifti1Image, folder: Path, suffix: str = ".nii.gz") -> nibabel.Nifti1Image:
    nibabel.save(source, folder / "source.nii.gz")
    writer = SameHeaderWriter()
    writer.set_data_array(torch.rand(1, *source.shape[:3]), channel_dim=0)
    writer.set_metadata({"filename_or_obj": str(folder / "source.nii.gz")}, resample=True)
    writer.write(folder / f"theta{suffix}")
    return nibabel.load(folder / f"theta{suffix}")


@pytest.mark.parametrize(("qform", "sform"), [(1, 4), (0, 2), (1, 0), (0, 0), (3, 1)])
def test_codes_and_affine_are_the_sources(tmp_path, qform, sform):
    source = nibabel.Nifti1Image(np.zeros((3, 4, 5), np.int16), RAS)
    source.set_qform(RAS if qform else None, qform)
    source.set_sform(OBLIQUE if sform else None, sform)
    theta = written(source, tmp_path)
    source = nibabel.load(tmp_path / "source.nii.gz")
    assert np.array_equal(theta.affine, source.affine)
    for key in ("pixdim", "qform_code", "sform_code", "quatern_b", "quatern_c", "qoffset_x", "srow_x", "srow_y"):
        assert np.array_equal(theta.header[key], source.header[key]), key


def test_units_and_kind_are_kept_and_the_scale_of_grey_is_not(tmp_path):
    source = nibabel.Nifti2Image(np.arange(60, dtype=np.int16).reshape(3, 4, 5), OBLIQUE)
    source.header.set_xyzt_units("micron", "msec")
    source.header["cal_max"] = 4000
    source.header.set_slope_inter(7, 100)
    theta = written(source, tmp_path, ".nii")
    assert isinstance(theta, nibabel.Nifti2Image)
    assert theta.header.get_xyzt_units() == ("micron", "msec")
    assert (float(theta.header["cal_min"]), float(theta.header["cal_max"])) == (0, 1)
    assert theta.get_data_dtype() == np.float32
    assert 0 <= theta.get_fdata().min() < theta.get_fdata().max() <= 1


def test_of_several_channels_one_map_is_left_and_extensions_are_not(tmp_path):
    source = nibabel.Nifti1Image(np.zeros((3, 4, 5, 2), np.float32), RAS)
    source.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"Doe^Jane"))
    theta = written(source, tmp_path)
    assert theta.shape == (3, 4, 5)
    assert theta.header.get_zooms() == (2, 3, 4)
    assert not theta.header.extensions
    assert b"Doe" not in (tmp_path / "theta.nii.gz").read_bytes()


def test_what_the_header_said_of_the_patient_and_the_values_is_left_out(tmp_path):
    source = nibabel.Nifti1Image(np.zeros((3, 4, 5), np.float32), RAS)
    source.header["db_name"], source.header["aux_file"] = b"Doe^Jane", b"/ward/Doe.par"
    source.header.set_intent("t test", (7,), name="Doe")
    theta = written(source, tmp_path, ".nii")
    assert theta.header.get_intent() == ("none", (), "")
    assert b"Doe" not in (tmp_path / "theta.nii").read_bytes()


def test_same_theta_gives_the_same_bytes(tmp_path):
    source = nibabel.Nifti1Image(np.zeros((3, 4, 5), np.int16), RAS)
    files = []
    for name in ("first", "second"):
        torch.manual_seed(0)
        (tmp_path / name).mkdir()
        written(source, tmp_path / name)
        files.append((tmp_path / name / "theta.nii.gz").read_bytes())
    assert files[0] == files[1]
    assert sorted(path.name for path in (tmp_path / "first").iterdir()) == ["source.nii.gz", "theta.nii.gz"]
