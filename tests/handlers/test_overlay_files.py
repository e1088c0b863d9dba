# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest
import torch
from PIL import Image

from monai_medtex.handlers import OverlayFiles

WIDTH, HEIGHT = 7, 5
HEAT = np.array([1.0, 0.75, 0.0])


@pytest.fixture
def overlay(evaluate, given, tmp_path):
    """Write overlays of files with their thetas and return what is in the folder."""

    def run(files, thetas, root=tmp_path) -> dict[str, np.ndarray]:
        items = [given(path=str(file), theta=theta) for file, theta in zip(files, thetas, strict=True)]
        evaluate(items, [OverlayFiles(tmp_path / "out", root)], decollate=True)
        found = sorted((tmp_path / "out").rglob("*"))
        return {
            str(path.relative_to(tmp_path / "out")): np.array(Image.open(path)).astype(int)
            for path in found
            if path.is_file()
        }

    return run


def write(path, mode: str = "RGB") -> np.ndarray:
    """Write an image of random pixels and return them in rows and columns."""
    bands = len(mode)
    shape = (HEIGHT, WIDTH, bands) if bands > 1 else (HEIGHT, WIDTH)
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return pixels


def nothing() -> torch.Tensor:
    return torch.zeros(1, WIDTH, HEIGHT)


def test_an_overlay_has_the_size_of_the_file(tmp_path, overlay):
    pixels = write(tmp_path / "a" / "1.png")
    theta = nothing()
    theta[0, 3, 1] = 1
    found = overlay([tmp_path / "a" / "1.png"], [theta])
    assert list(found) == ["a/1_overlay.png"]
    assert found["a/1_overlay.png"].shape == (HEIGHT, WIDTH, 3)
    expected = pixels.astype(float)
    expected[1, 3] = 0.4 * expected[1, 3] + 0.6 * 255 * HEAT
    assert np.abs(found["a/1_overlay.png"] - expected).max() <= 0.5 + 1e-3


def test_a_grey_image_is_tinted_too(tmp_path, overlay):
    pixels = write(tmp_path / "1.png", "L")
    (found,) = overlay([tmp_path / "1.png"], [torch.ones(1, WIDTH, HEIGHT)]).values()
    expected = 0.4 * pixels[:, :, None] + 0.6 * 255 * HEAT
    assert np.abs(found - expected).max() <= 0.5 + 1e-3


def test_transparency_is_dropped(tmp_path, overlay):
    pixels = write(tmp_path / "1.png", "RGBA")
    (found,) = overlay([tmp_path / "1.png"], [nothing()]).values()
    assert np.array_equal(found, pixels[:, :, :3])


@pytest.mark.parametrize("scale", [1000.0, 0.001])
def test_other_intensities_are_stretched(tmp_path, overlay, scale):
    values = scale * np.linspace(-1, 1, WIDTH * HEIGHT).reshape(WIDTH, HEIGHT)
    nib.save(nib.Nifti1Image(values.astype(np.float32), np.eye(4)), tmp_path / "scan.one.nii.gz")
    found = overlay([tmp_path / "scan.one.nii.gz"], [nothing()])
    assert list(found) == ["scan.one_overlay.png"]
    expected = np.linspace(0, 255, WIDTH * HEIGHT).reshape(WIDTH, HEIGHT).T
    assert np.abs(found["scan.one_overlay.png"] - expected[:, :, None]).max() <= 0.5 + 1e-3


def test_a_black_image_stays_black(tmp_path, overlay):
    Image.new("RGB", (WIDTH, HEIGHT)).save(tmp_path / "1.png")
    (found,) = overlay([tmp_path / "1.png"], [nothing()]).values()
    assert (found == 0).all()


def test_folders_below_the_root_are_kept(tmp_path, overlay):
    files = [tmp_path / "data" / name for name in ("a/1.png", "b/1.png", "1.png")]
    for file in files:
        write(file)
    found = overlay(files, [nothing()] * 3, root=tmp_path / "data")
    assert sorted(found) == ["1_overlay.png", "a/1_overlay.png", "b/1_overlay.png"]


@pytest.mark.parametrize("root", ["datalist.json", "linked", "elsewhere"])
def test_nothing_is_written_outside_of_the_folder(tmp_path, overlay, root):
    data = tmp_path / "data"
    data.mkdir()
    (data / "datalist.json").touch()
    (tmp_path / "elsewhere").mkdir()
    write(tmp_path / "elsewhere" / "real.png")
    (data / "1.png").symlink_to(tmp_path / "elsewhere" / "real.png")
    (tmp_path / "linked").symlink_to(data)
    before = sorted(tmp_path.rglob("*"))
    path = data / "datalist.json" if root == "datalist.json" else tmp_path / root
    assert list(overlay([data / "1.png"], [nothing()], root=path)) == ["1_overlay.png"]
    assert sorted(set(tmp_path.rglob("*")) - set(before)) == [tmp_path / "out", tmp_path / "out" / "1_overlay.png"]
