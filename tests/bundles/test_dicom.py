# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""DICOM in and out of inference.json."""

from __future__ import annotations

import csv
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch
from PIL import Image

from monai_medtex.networks import BlockCNN, ExplainedClassifier
from monai_medtex.utils import save_tensors

pydicom = pytest.importorskip("pydicom", reason="the extra dicom is missing")

ROWS, COLUMNS = 24, 32
GEOMETRY = {
    "ImageOrientationPatient": [0.6, 0.8, 0, 0, 0, -1],
    "ImagePositionPatient": [10, 20, 30],
    "PixelSpacing": [2, 0.5],
}


@pytest.fixture
def pixels() -> np.ndarray:
    """A few bright ones among many dark ones, as evidence is."""
    return (255 * np.random.default_rng(0).random((ROWS, COLUMNS)) ** 8).astype(np.uint8)


@pytest.fixture
def images(write_dicom, tmp_path, pixels) -> Path:
    """The same picture as DICOM of three kinds, and as PNG."""
    folder = tmp_path / "images"
    folder.mkdir()
    write_dicom(folder / "plain.dcm", pixels, **GEOMETRY)
    write_dicom(folder / "inverted.dcm", 255 - pixels, PhotometricInterpretation="MONOCHROME1")
    write_dicom(folder / "frames.dcm", np.stack([np.zeros_like(pixels), pixels]))
    Image.fromarray(pixels).save(folder / "picture.png")
    return folder


@pytest.fixture
def infer(bundle, images, tmp_path):
    """Run inference.json with a network on one channel whose theta is the image itself."""

    def start(**options: object) -> Path:
        path = tmp_path / "model.pt"
        torch.manual_seed(0)
        save_tensors(ExplainedClassifier(torch.nn.Identity(), BlockCNN(2, 1, 2, (2, 4, 8, 16))).state_dict(), path)
        model = {"ckpt_path": str(path), "in_channels": 1, "explainer": {"_target_": "torch.nn.Identity"}}
        settings = {"image_size": COLUMNS, "amp": False, "output_dir": str(tmp_path / "results"), **model, **options}
        bundle("inference", "inference", dataset_dir=str(images), **settings)
        return tmp_path / "results" / "inference"

    return start


def test_one_picture_gives_one_answer_in_whatever_file_it_comes(infer, pixels):
    results = infer()
    with (results / "predictions.csv").open(newline="") as file:
        rows = {row[0]: row[1:] for row in list(csv.reader(file))[1:]}
    assert set(rows) == {"plain.dcm", "inverted.dcm", "frames#1.dcm", "frames#2.dcm", "picture.png"}
    same = [rows[name] for name in ("plain.dcm", "inverted.dcm", "frames#2.dcm", "picture.png")]
    assert same == [rows["picture.png"]] * 4
    assert rows["frames#1.dcm"] != rows["picture.png"]
    for name in ("plain", "inverted", "frames#2", "picture"):
        theta = nibabel.load(results / "theta" / f"{name}_theta.nii.gz")
        assert np.allclose(theta.get_fdata(), pixels.T / 255, atol=1e-3)
        assert (results / "overlays" / f"{name}_overlay.png").is_file()
    assert not (results / "dicom").exists()


def test_theta_of_a_slice_lies_where_the_slice_lies(infer):
    theta = nibabel.load(infer() / "theta" / "plain_theta.nii.gz")
    along_x, along_y = np.array([0.6, 0.8, 0]) * 0.5, np.array([0, 0, -1]) * 2
    expected = np.array([10, 20, 30]) + 7 * along_x + 5 * along_y
    assert np.allclose(theta.affine @ [7, 5, 0, 1], [-expected[0], -expected[1], expected[2], 1], atol=1e-4)


@pytest.mark.parametrize("k", [2])
def test_theta_and_its_top_k_come_out_as_dicom(infer, images, pixels, k):
    pytest.importorskip("highdicom", reason="the extra dicom is missing")
    folder = infer(dicom=True, top_k=k) / "dicom"
    assert {path.name for path in folder.iterdir()} == {
        f"{name}_{kind}.dcm" for name in ("plain", "inverted") for kind in ("theta", "topk")
    }
    theta, selected = (pydicom.dcmread(folder / f"plain_{kind}.dcm") for kind in ("theta", "topk"))
    assert np.allclose(theta.pixel_array.reshape(ROWS, COLUMNS), pixels / 255, atol=1e-6)
    marked = selected.pixel_array.reshape(ROWS, COLUMNS).astype(bool)
    assert marked.sum() == ROWS * COLUMNS * k // 64
    assert pixels[marked].min() >= pixels[~marked].max()
    source = pydicom.dcmread(images / "plain.dcm")
    for made in (theta, selected):
        assert made.StudyInstanceUID == source.StudyInstanceUID
        derived = made.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0]
        assert derived.SourceImageSequence[0].ReferencedSOPInstanceUID == source.SOPInstanceUID


def test_highdicom_that_is_missing_is_named_before_an_image_is_read(infer, one_line, monkeypatch):
    monkeypatch.setattr("monai_medtex.handlers.dicom_objects._has_highdicom", False)
    with one_line("highdicom", "pip install 'monai_medtex[dicom]'"):
        infer(dicom=True)


def test_bad_dicom_is_named_in_one_line(infer, images, write_dicom, one_line):
    write_dicom(images / "flat.dcm", np.zeros((4, 4), np.uint8), PhotometricInterpretation="FLAT")
    with one_line("flat.dcm", "photometric interpretation is FLAT"):
        infer()
