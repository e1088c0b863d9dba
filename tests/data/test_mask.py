# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch
from monai.data import DataLoader, Dataset, MetaTensor
from monai.transforms import Compose, EnsureChannelFirstd, LoadImage, LoadImaged, Orientationd
from PIL import ExifTags, Image

from monai_medtex.data import (
    LoadLesionMaskd,
    PlainPILReader,
)
from monai_medtex.utils import InputError

# rows are y, columns are x: MONAI's array is its transpose
GREY = np.array([[0, 60, 120], [0, 200, 0]], dtype=np.uint8)
GREY_LESION = torch.tensor([[[0, 0], [0, 1], [1, 0]]], dtype=torch.float32)


def loaded(entry: dict) -> dict:
    return Compose([LoadImaged("image", ensure_channel_first=True), LoadLesionMaskd()])(entry)


@pytest.fixture
def image(tmp_path: Path) -> str:
    Image.new("RGB", (3, 2), (9, 9, 9)).save(tmp_path / "image.png")
    return str(tmp_path / "image.png")


def save(pixels: np.ndarray, path: Path, mode: str | None = None) -> str:
    picture = Image.fromarray(pixels)
    (picture.convert(mode) if mode else picture).save(path)
    return str(path)


@pytest.mark.parametrize(
    ("mode", "suffix"), [(None, "png"), ("RGB", "bmp"), ("RGBA", "png"), ("LA", "png"), ("P", "tif")]
)
def test_mask_is_binary_at_half_its_maximum(tmp_path: Path, image: str, mode: str | None, suffix: str) -> None:
    result = loaded({"image": image, "label": 1, "mask": save(GREY, tmp_path / f"mask.{suffix}", mode)})
    assert result["mask"].dtype == torch.float32
    assert torch.equal(torch.as_tensor(result["mask"]), GREY_LESION)
    assert result["mask"].shape[1:] == result["image"].shape[1:]
    assert result["label"] == 1


@pytest.mark.parametrize(("suffix", "kind"), [("png", np.uint8), ("png", np.uint16), ("nii.gz", np.uint8)])
def test_numbered_kinds_of_lesions_are_all_lesion(tmp_path: Path, image: str, suffix: str, kind: type) -> None:
    kinds = np.array([[0, 1, 2], [0, 4, 0]], dtype=kind)
    file = tmp_path / f"mask.{suffix}"
    if suffix == "png":
        save(kinds, file)
    else:
        nibabel.save(nibabel.Nifti1Image(kinds.T, np.eye(4)), file)
    mask = torch.as_tensor(loaded({"image": image, "mask": str(file)})["mask"])
    assert torch.equal(mask[0], torch.tensor(kinds.T > 0).float())


def test_shares_of_a_voxel_are_lesion_from_half_of_the_highest(tmp_path: Path, image: str) -> None:
    shares = np.array([[0, 0.1, 0.5], [0.4, 1.0, 0]], dtype=np.float32)
    nibabel.save(nibabel.Nifti1Image(shares.T, np.eye(4)), tmp_path / "mask.nii")
    mask = torch.as_tensor(loaded({"image": image, "mask": str(tmp_path / "mask.nii")})["mask"])
    assert torch.equal(mask[0], torch.tensor(shares.T >= 0.5).float())


def test_mask_of_palette_indices_and_of_one_bit(tmp_path: Path, image: str) -> None:
    picture = Image.fromarray((GREY >= 100).astype(np.uint8), mode="P")
    picture.putpalette([0, 0, 0, 0, 200, 0])
    picture.save(tmp_path / "palette.tif")
    for file in (str(tmp_path / "palette.tif"), save(GREY >= 100, tmp_path / "bit.png")):
        assert torch.equal(torch.as_tensor(loaded({"image": image, "mask": file})["mask"]), GREY_LESION)


def test_union_of_masks(tmp_path: Path, image: str) -> None:
    other = save(np.array([[1, 0, 0], [0, 0, 0]], dtype=np.uint8), tmp_path / "b.png")
    result = loaded({"image": image, "mask": [save(GREY, tmp_path / "a.png"), other]})
    expected = torch.tensor([[[1, 0], [0, 1], [1, 0]]], dtype=torch.float32)
    assert torch.equal(torch.as_tensor(result["mask"]), expected)


def test_inverted_masks_are_united_after_they_were_inverted(tmp_path: Path, image: str) -> None:
    one = save(np.array([[0, 255, 255], [255, 255, 255]], dtype=np.uint8), tmp_path / "a.bmp")
    two = save(np.array([[255, 255, 255], [255, 255, 0]], dtype=np.uint8), tmp_path / "b.bmp")
    result = loaded({"image": image, "mask": [one, two], "mask_inverted": True})
    expected = torch.tensor([[[1, 0], [0, 0], [0, 1]]], dtype=torch.float32)
    assert torch.equal(torch.as_tensor(result["mask"]), expected)
    assert "mask_inverted" not in result


@pytest.mark.parametrize(
    ("value", "inverted", "expected"), [(0, False, 0), (0, True, 1), (255, False, 1), (255, True, 0)]
)
def test_uniform_masks(tmp_path: Path, image: str, value: int, inverted: bool, expected: int) -> None:
    mask = save(np.full((2, 3), value, dtype=np.uint8), tmp_path / "a.png")
    result = loaded({"image": image, "mask": mask, "mask_inverted": inverted})
    assert torch.equal(torch.as_tensor(result["mask"]), torch.full((1, 3, 2), float(expected)))


def test_no_mask_gives_zeros_and_leaves_the_entry_alone(image: str) -> None:
    entry = {"image": image, "label": -1}
    result = loaded(entry)
    assert torch.equal(torch.as_tensor(result["mask"]), torch.zeros(1, 3, 2))
    assert entry == {"image": image, "label": -1}
    assert torch.equal(LoadLesionMaskd()({"image": torch.ones(3, 4, 5, 6)})["mask"], torch.zeros(1, 4, 5, 6))


def test_mask_of_another_size(tmp_path: Path, image: str) -> None:
    mask = save(GREY.T, tmp_path / "turned.png")
    message = rf"mask {mask} is \(2, 3\) but {image} is \(3, 2\)"
    with pytest.raises(RuntimeError) as caught:
        loaded({"image": image, "mask": mask})
    cause = caught.value.__cause__
    assert isinstance(cause, InputError)
    with pytest.raises(InputError, match=message):
        raise cause


def test_volumes_keep_image_and_mask_aligned(tmp_path: Path) -> None:
    affine = np.diag([-2.0, 2.0, 3.0, 1.0])
    values = np.zeros((4, 3, 2), dtype=np.float32)
    values[0, 1, 1] = 1
    for name in ("image", "mask"):
        nibabel.save(nibabel.Nifti1Image(values, affine), tmp_path / f"{name}.nii.gz")
    entry = {"image": str(tmp_path / "image.nii.gz"), "mask": str(tmp_path / "mask.nii.gz")}
    oriented = Compose([Orientationd(["image", "mask"], axcodes="RAS", labels=None)])
    result = oriented(loaded(entry))
    assert torch.equal(torch.as_tensor(result["mask"]), torch.as_tensor(result["image"]))
    assert result["mask"][0, 3, 1, 1] == 1
    without = oriented(loaded({"image": entry["image"]}))
    assert torch.equal(torch.as_tensor(without["mask"]), torch.zeros(1, 4, 3, 2))
    assert torch.equal(without["mask"].affine, without["image"].affine)


@pytest.mark.parametrize("angle", [45 - 1e-6, 45, 45 + 1e-6, 135])
def test_a_mask_is_turned_as_its_image_where_rounding_tells_their_axes_apart(tmp_path: Path, angle: float) -> None:
    """An oblique volume has the voxel size and quaternion of its header; the mask has the same affine as a matrix."""
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    affine = np.array([[cos, -sin, 0, 5], [sin, cos, 0, -3], [0, 0, 1, 2], [0, 0, 0, 1]])
    values = np.zeros((5, 5, 4), dtype=np.float32)
    values[0, 1, 1] = 1
    image, mask = (nibabel.Nifti1Image(values, affine) for _ in range(2))
    image.set_qform(affine, 1)
    image.set_sform(None, 0)
    turned = np.radians(1e-4)
    mask.set_sform(affine @ [[1, -turned, 0, 0], [turned, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], 1)
    for name, volume in (("image", image), ("mask", mask)):
        nibabel.save(volume, tmp_path / f"{name}.nii.gz")
    entry = {"image": str(tmp_path / "image.nii.gz"), "mask": str(tmp_path / "mask.nii.gz")}
    result = Orientationd(["image", "mask"], axcodes="RAS", labels=None)(loaded(entry))
    assert torch.equal(torch.as_tensor(result["mask"]), torch.as_tensor(result["image"]))


def test_entries_with_and_without_mask_make_one_batch(tmp_path: Path, image: str) -> None:
    entries = [{"image": image, "mask": save(GREY, tmp_path / "mask.png")}, {"image": image}]
    transform = Compose([LoadImaged("image", ensure_channel_first=True), LoadLesionMaskd()])
    batch = next(iter(DataLoader(Dataset(entries, transform), batch_size=2)))
    assert batch["mask"].shape == (2, 1, 3, 2)
    assert isinstance(batch["mask"], MetaTensor)
    assert batch["mask"].sum(dim=(1, 2, 3)).tolist() == [2, 0]


@pytest.mark.parametrize(
    ("mode", "suffix", "channels"),
    [("L", "tif", 1), ("LA", "png", 1), ("RGB", "tiff", 3), ("RGBA", "png", 3), ("P", "png", 3), ("RGB", "jpg", 3)],
)
def test_plain_reader_gives_one_or_three_channels(tmp_path: Path, mode: str, suffix: str, channels: int) -> None:
    file = save(np.full((2, 3), 80, dtype=np.uint8), tmp_path / f"a.{suffix}", mode)
    for reader in (PlainPILReader(), "monai_medtex.data.PlainPILReader"):
        loader = LoadImage(reader=reader, ensure_channel_first=True)
        assert torch.equal(torch.as_tensor(loader(file)), torch.full((channels, 3, 2), 80.0))


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_plain_reader_brings_16_bits_to_the_range_of_8(tmp_path: Path, suffix: str) -> None:
    file = save(np.array([[0, 257, 65535]], dtype=np.uint16), tmp_path / f"a.{suffix}")
    read = LoadImage(reader=PlainPILReader(), image_only=True)(file)
    torch.testing.assert_close(torch.as_tensor(read), torch.tensor([[0.0], [1.0], [255.0]]))


def test_plain_reader_leaves_volumes_to_the_others(tmp_path: Path) -> None:
    nibabel.save(nibabel.Nifti1Image(np.ones((4, 3, 2), dtype=np.float32), np.eye(4)), tmp_path / "v.nii.gz")
    result = Compose([LoadImaged("image", reader=PlainPILReader()), EnsureChannelFirstd("image")])(
        {"image": str(tmp_path / "v.nii.gz")}
    )
    assert result["image"].shape == (1, 4, 3, 2)


@pytest.mark.parametrize(("orientation", "turned"), [(3, GREY[::-1, ::-1]), (6, np.rot90(GREY, -1))])
def test_plain_reader_turns_an_image_as_its_exif_tag_says(tmp_path: Path, orientation: int, turned: np.ndarray) -> None:
    tags = Image.Exif()
    tags[ExifTags.Base.Orientation] = orientation
    Image.fromarray(GREY).save(tmp_path / "phone.png", exif=tags)
    found = LoadImage(reader=PlainPILReader(), image_only=True)(tmp_path / "phone.png")
    assert torch.equal(found.as_tensor().T, torch.tensor(turned.copy(), dtype=torch.float32))
