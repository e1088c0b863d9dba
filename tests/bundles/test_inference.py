# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import csv
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch
from monai.transforms import LoadImage
from PIL import Image

from monai_medtex.data import PlainPILReader
from monai_medtex.networks import BlockCNN, ExplainedClassifier
from monai_medtex.utils import save_tensors

SPOT = (40, 5)  # x and y
SIZE = (50, 36)  # width and height
OBLIQUE = np.array([[0.4, -0.3, 0.1, 10], [0.3, 0.4, -0.2, -20], [0.02, 0.11, 2, 30], [0, 0, 0, 1]])


@pytest.fixture
def infer(bundle, tmp_path):
    """Run inference.json into a folder of the test's own."""

    def start(images: Path | str, *names: str, **override: object) -> Path:
        output = tmp_path / "results"
        names = names or ("inference",)
        bundle("inference", *names, dataset_dir=str(images), output_dir=str(output), amp=False, **override)
        return output / "inference"

    return start


@pytest.fixture
def grey_model(tmp_path) -> dict:
    """Options for a network on one channel whose explainer gives the image itself as theta."""
    path = tmp_path / "model.pt"
    save_tensors(ExplainedClassifier(torch.nn.Identity(), BlockCNN(2, 1, 2, (2, 4, 8, 16))).state_dict(), path)
    return {"ckpt_path": str(path), "in_channels": 1, "explainer": {"_target_": "torch.nn.Identity"}}


@pytest.fixture
def images(tmp_path) -> Path:
    """A photograph with one bright spot, and a slice with an oblique affine, smooth so that resizing keeps it."""
    folder = tmp_path / "images"
    folder.mkdir()
    photograph = np.zeros(SIZE[::-1], dtype=np.uint8)
    photograph[SPOT[1], SPOT[0]] = 255
    Image.fromarray(photograph).save(folder / "spot.png")
    x, y = np.mgrid[:40, :52]
    nibabel.save(nibabel.Nifti1Image((3 * x + 2 * y).astype(np.uint8), OBLIQUE), folder / "slice.nii.gz")
    return folder


def table(results: Path) -> list[list[str]]:
    with (results / "predictions.csv").open(newline="") as file:
        return list(csv.reader(file))


def theta_of(results: Path, name: str) -> nibabel.Nifti1Image:
    return nibabel.load(results / "theta" / f"{name}_theta.nii.gz")


def test_table_holds_the_probabilities_of_the_network(infer, trained, network, fundus):
    heading, *rows = table(infer(fundus, run_dir=str(trained.folder)))
    assert heading == ["image", "predicted", "normal", "abnormal"]
    assert {row[0] for row in rows} == {str(path.relative_to(fundus)) for path in (fundus / "images").iterdir()}
    assert len(rows) == 40
    for name, predicted, *probabilities in rows[:3]:
        pixels = np.asarray(Image.open(fundus / name), dtype=np.float32).transpose(2, 1, 0) / 255
        with torch.no_grad():
            expected = network(torch.from_numpy(pixels)[None]).softmax(dim=1)[0].tolist()
        assert [float(value) for value in probabilities] == pytest.approx(expected, abs=1e-5)
        assert predicted == ("abnormal" if expected[1] > expected[0] else "normal")


def test_theta_lies_on_the_pixels_of_the_source(infer, grey_model, images):
    results = infer(images, image_size=max(SIZE), **grey_model)
    source = LoadImage(reader=PlainPILReader(), image_only=True)(images / "spot.png")
    theta = theta_of(results, "spot").get_fdata()
    assert theta.shape == tuple(source.shape) == SIZE
    assert np.allclose(theta, source / 255, atol=1e-3)
    assert theta[SPOT] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("image_size", [32, 64])
def test_theta_comes_back_from_another_size(infer, grey_model, images, image_size):
    results = infer(images, image_size=image_size, **grey_model)
    theta = theta_of(results, "spot").get_fdata()
    assert theta.shape == SIZE
    brightest = np.unravel_index(theta.argmax(), theta.shape)
    assert np.abs(np.subtract(brightest, SPOT)).max() <= 1
    ramp = theta_of(results, "slice").get_fdata() * 255
    source = nibabel.load(images / "slice.nii.gz").get_fdata()
    # averaging over unequal areas moves a pixel by at most half of one along each axis of the ramp 3 x + 2 y
    assert np.abs(ramp - source)[3:-3, 3:-3].max() <= 0.5 * 3 + 0.5 * 2 + 1e-3


@pytest.mark.parametrize("image_size", [32, 52])
def test_theta_of_a_nifti_slice_keeps_its_affine(infer, grey_model, images, image_size):
    theta = theta_of(infer(images, image_size=image_size, **grey_model), "slice")
    source = nibabel.load(images / "slice.nii.gz")
    assert theta.shape == source.shape == (40, 52)
    assert np.allclose(theta.affine, source.affine, atol=1e-5)


def test_overlay_has_the_size_of_the_source_and_tints_where_theta_is_high(infer, grey_model, images):
    results = infer(images, image_size=max(SIZE), **grey_model)
    with Image.open(results / "overlays" / "spot_overlay.png") as overlay:
        pixels = np.asarray(overlay).astype(int)
    assert pixels.shape == (SIZE[1], SIZE[0], 3)
    # white under a tint (1, 0.75, 0) of opacity 0.6
    assert np.allclose(pixels[SPOT[1], SPOT[0]], [255, 255 * 0.85, 255 * 0.4], atol=1.5)
    pixels[SPOT[1], SPOT[0]] = 0
    assert pixels.max() <= 1
    with Image.open(results / "overlays" / "slice_overlay.png") as overlay:
        assert overlay.size == (40, 52)


@pytest.mark.parametrize("how", ["a list", "a link", "from home"])
def test_results_stay_in_their_folder_however_the_images_are_named(infer, grey_model, images, how, monkeypatch):
    if how == "a list":
        named = images / "some.json"
        named.write_text('{"test": ["spot.png"]}')
    elif how == "a link":
        named = images.with_name("link")
        named.symlink_to(images)
    else:
        monkeypatch.setenv("HOME", str(images.parent))
        named = "~/images"
    results = infer(named, image_size=32, **grey_model)
    assert (results / "theta" / "spot_theta.nii.gz").is_file()
    assert (results / "overlays" / "spot_overlay.png").is_file()
    assert "spot.png" in [row[0] for row in table(results)]
    assert {path.name for path in results.parent.iterdir()} == {"inference"}


def test_weights_that_come_with_the_bundle_need_no_run(infer, bundle_dir, relisted):
    images = relisted(lambda sections: {"test": sections["test"]})
    heading, *rows = table(infer(images, bundle_root=str(bundle_dir)))
    assert len(rows) == 8
    assert all(sum(map(float, row[2:])) == pytest.approx(1, abs=1e-5) for row in rows)
    assert {row[1] for row in rows} <= set(heading[2:])


def test_says_in_one_line_that_a_model_is_missing(infer, images, one_line, tmp_path):
    with one_line("ckpt_path", "nowhere.pt"):
        infer(images, ckpt_path="nowhere.pt", in_channels=1)
    assert not (tmp_path / "results").exists()


def test_says_in_one_line_that_results_would_overwrite_each_other(infer, grey_model, images, one_line, tmp_path):
    Image.open(images / "spot.png").save(images / "spot.bmp")
    with one_line("spot.png", "spot.bmp", "overwrite"):
        infer(images, **grey_model)
    assert not (tmp_path / "results").exists()


def test_says_in_one_line_that_the_output_folder_can_not_be_made(infer, grey_model, images, one_line, tmp_path):
    (tmp_path / "results").write_text("")
    with one_line("output_dir", str(tmp_path / "results"), "Not a directory"):
        infer(images, **grey_model)
