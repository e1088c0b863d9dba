# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image

from monai_medtex.data import check_images, check_labels, check_names, read_dataset
from monai_medtex.utils import InputError


def noise(path: Path, mode: str = "RGB", size: tuple[int, int] = (32, 24)) -> str:
    pixels = np.random.RandomState(0).randint(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(path)
    return str(path)


def volume(path: Path, shape: tuple[int, ...] = (6, 5, 4), fill: float = 1.0) -> str:
    nibabel.save(nibabel.Nifti1Image(np.full(shape, fill, dtype=np.float32), np.eye(4)), path)
    return str(path)


def entry(image: str, **more: object) -> dict:
    return {"image": image, "label": 0, **more}


@pytest.mark.parametrize(
    ("mode", "name", "channels"),
    [
        ("L", "a.jpg", 1),
        ("LA", "a.png", 1),
        ("I", "a.tif", 1),
        ("I;16", "a.png", 1),
        ("F", "a.tiff", 1),
        ("RGB", "a.jpeg", 3),
        ("RGBA", "a.png", 3),
        ("P", "a.png", 3),
        ("CMYK", "a.jpg", 4),
    ],
)
def test_channels_of_the_2d_formats(tmp_path: Path, mode: str, name: str, channels: int) -> None:
    if mode == "I;16":
        Image.fromarray(np.full((4, 3), 200, dtype=np.uint16)).save(tmp_path / name)
        file = str(tmp_path / name)
    else:
        file = noise(tmp_path / name, mode)
    check_images([entry(file)], channels)
    other = 3 if channels == 1 else 1
    with pytest.raises(InputError, match=rf"{name}: {channels} channel\(s\), expected {other}$"):
        check_images([entry(file)], other)


@pytest.mark.parametrize(("shape", "channels"), [((6, 5), 1), ((6, 5, 4), 1), ((6, 5, 4, 2), 2)])
def test_channels_of_volumes(tmp_path: Path, shape: tuple[int, ...], channels: int) -> None:
    file = volume(tmp_path / "v.nii.gz", shape, fill=100)
    dims = min(len(shape), 3)
    check_images([entry(file)], channels, dims)
    with pytest.raises(InputError, match=rf"v\.nii\.gz: {channels} channel\(s\), expected 7"):
        check_images([entry(file)], 7, dims)
    with pytest.raises(InputError, match=rf"v\.nii\.gz: {dims}-D image, expected {5 - dims}-D"):
        check_images([entry(file)], channels, 5 - dims)


def test_channels_on_a_fifth_axis(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"v\.nii: 5 axes, expected at most 4, the channels last"):
        check_images([entry(volume(tmp_path / "v.nii", (6, 5, 4, 1, 1)))], 1, spatial_dims=3)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.bmp", "a.tif", "v.nii", "v.nii.gz"])
def test_truncated_files(tmp_path: Path, name: str) -> None:
    file = (volume if name[0] == "v" else noise)(tmp_path / name)
    channels, dims = (1, 3) if name[0] == "v" else (3, 2)
    check_images([entry(file)], channels, dims)
    content = Path(file).read_bytes()
    Path(file).write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(InputError, match=rf"{name}: unreadable or truncated: .") as caught:
        check_images([entry(file)], channels, dims)
    assert "\n" not in str(caught.value)
    assert "more" not in str(caught.value)


def test_no_image_at_all(tmp_path: Path) -> None:
    for name in ("a.png", "a.nii.gz"):
        (tmp_path / name).write_text("hello")
        with pytest.raises(InputError, match=f"{name}: unreadable or truncated"):
            check_images([entry(str(tmp_path / name))], 1)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite(tmp_path: Path, value: float) -> None:
    Image.fromarray(np.array([[0, value]], dtype=np.float32)).save(tmp_path / "a.tif")
    for file in (volume(tmp_path / "v.nii", fill=value), str(tmp_path / "a.tif")):
        with pytest.raises(InputError, match="holds values that are not finite"):
            check_images([entry(file)], 1)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.array([[0, 256]], dtype=np.int32), "from 0 to 256"),
        (np.array([[0, 1]], dtype=np.float32), "from 0 to 1"),
        (np.array([[False, True]]), "from 0 to 1"),
        (np.array([[-1, 255]], dtype=np.float32), "from -1 to 255"),
        (np.array([[0, 255]], dtype=np.float32), None),
        (np.array([[0, 2]], dtype=np.int32), None),
        (np.array([[0, 0]], dtype=np.float32), None),
        (np.array([[0, 1]], dtype=np.uint8), None),
    ],
)
def test_2d_images_that_the_network_would_see_as_black_or_white(tmp_path: Path, values: np.ndarray, said: str) -> None:
    Image.fromarray(values).save(tmp_path / "a.tif")
    nibabel.save(nibabel.Nifti1Image(values.astype(np.float32), np.eye(4)), tmp_path / "a.nii")
    for name in ("a.tif", "a.nii"):
        given = entry(str(tmp_path / name))
        if said is None and not (name == "a.nii" and values.max() == 1):
            check_images([given], 1)
        else:
            with pytest.raises(InputError, match=rf"{name}: values {said or 'from 0 to 1'}, expected .* 0 to 255$"):
                check_images([given], 1)


def test_strips_are_refused(tmp_path: Path) -> None:
    check_images([entry(noise(tmp_path / "a.png", "L", (90, 3)))], 1)
    strip = noise(tmp_path / "b.png", "L", (91, 3))
    with pytest.raises(InputError, match=r"b.png: 91 x 3 pixels, expected sides that differ 30 times at most"):
        check_images([entry(strip)], 1)


def test_16_bits_are_taken(tmp_path: Path) -> None:
    for name in ("a.png", "a.tif"):
        Image.fromarray(np.array([[8000, 60000]], dtype=np.uint16)).save(tmp_path / name)
        check_images([entry(str(tmp_path / name))], 1)


@pytest.mark.parametrize(
    ("peaks", "warned"), [([1000, 4095], "reach 4095 of 65535 look nearly black; multiply them by 16"), ([9, 4096], "")]
)
def test_12_bits_in_16_are_warned_of(tmp_path: Path, caplog, peaks: list[int], warned: str) -> None:
    for number, peak in enumerate(peaks):
        Image.fromarray(np.array([[0, peak]], dtype=np.uint16)).save(tmp_path / f"{number}.png")
    check_images([entry(str(tmp_path / f"{number}.png")) for number in range(len(peaks))], 1)
    assert warned in caplog.text
    assert bool(warned) == bool(caplog.text)


def test_masks_and_volumes_may_hold_any_values(tmp_path: Path) -> None:
    image, mask = noise(tmp_path / "a.png", "L"), tmp_path / "m.png"
    Image.fromarray(np.full((24, 32), 60000, dtype=np.uint16)).save(mask)
    check_images([entry(image, mask=str(mask))], 1)
    check_images([entry(volume(tmp_path / "v.nii", fill=-1000))], 1, spatial_dims=3)


def test_names_that_no_table_can_hold(tmp_path: Path) -> None:
    file = noise(tmp_path / "a.png")
    latin = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png")
    os.rename(file, latin)
    with pytest.raises(InputError, match=r"caf\\udce9\.png: the name is no UTF-8"):
        check_images([entry(latin)], 3)


def test_the_first_bad_file_is_named_and_the_others_are_counted(tmp_path: Path) -> None:
    good, grey = noise(tmp_path / "good.png"), noise(tmp_path / "grey.png", "L")
    missing = [entry(str(tmp_path / f"missing{index}.png")) for index in range(3)]
    with pytest.raises(InputError) as caught:
        check_images([entry(good), missing[1], entry(grey), missing[0], missing[2], entry(good)], 3)
    assert str(caught.value) == f"{tmp_path}/missing1.png: no such file (and 3 more)"
    with pytest.raises(InputError) as caught:
        check_images([entry(good), entry(grey)], 3)
    assert str(caught.value) == f"{grey}: 1 channel(s), expected 3"


def test_masks(tmp_path: Path) -> None:
    image, mask = noise(tmp_path / "a.png"), noise(tmp_path / "m.png", "L")
    check_images([entry(image, mask=mask), entry(image, mask=[mask, image]), entry(image)], 3)
    turned = noise(tmp_path / "turned.png", "L", size=(24, 32))
    for bad in (turned, [mask, turned]):
        with pytest.raises(InputError) as caught:
            check_images([entry(image, mask=bad)], 3)
        assert str(caught.value) == f"{turned}: mask of size (24, 32), but its image {image} is (32, 24)"
    with pytest.raises(InputError, match=r"nowhere\.png: no such file"):
        check_images([entry(image, mask=str(tmp_path / "nowhere.png"))], 3)
    Path(mask).write_bytes(Path(mask).read_bytes()[:60])
    with pytest.raises(InputError, match=r"m\.png: unreadable or truncated"):
        check_images([entry(image, mask=mask)], 3)


def test_masks_of_volumes(tmp_path: Path) -> None:
    image = volume(tmp_path / "v.nii.gz")
    check_images([entry(image, mask=volume(tmp_path / "m.nii.gz"))], 1, 3)
    with pytest.raises(
        InputError, match=r"m\.nii: mask of size \(6, 5, 5\), but its image .*v\.nii\.gz is \(6, 5, 4\)"
    ):
        check_images([entry(image, mask=volume(tmp_path / "m.nii", (6, 5, 5)))], 1, 3)


def test_masks_lie_where_their_images_lie(tmp_path: Path) -> None:
    """The far corner of a volume of 201 voxels moves by 200 times what a voxel's size differs."""
    values = np.ones((201, 5, 4), dtype=np.uint8)
    for name, size in (("v", 1.0), ("near", 1.00004), ("far", 1.00006)):
        nibabel.save(nibabel.Nifti1Image(values, np.diag([size, 1, 1, 1])), tmp_path / f"{name}.nii")
    image = str(tmp_path / "v.nii")
    check_images([entry(image, mask=str(tmp_path / "near.nii"))], 1, 3)
    with pytest.raises(InputError, match=r"far\.nii: the mask's affine differs"):
        check_images([entry(image, mask=str(tmp_path / "far.nii"))], 1, 3)


@pytest.mark.parametrize("kind", [np.complex64, np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])])
def test_volumes_of_other_than_numbers(tmp_path: Path, kind: np.dtype) -> None:
    nibabel.save(nibabel.Nifti1Image(np.zeros((6, 5, 4), dtype=kind), np.eye(4)), tmp_path / "v.nii")
    with pytest.raises(InputError, match=r"v\.nii: voxels of the kind .*, expected whole or real numbers"):
        check_images([entry(str(tmp_path / "v.nii"))], 1, 3)


@pytest.mark.parametrize("affine", [np.diag([1, np.nan, 1, 1]), np.diag([1, 1, 0, 1])])
def test_volumes_that_lie_nowhere(tmp_path: Path, affine: np.ndarray) -> None:
    volume = nibabel.Nifti1Image(np.zeros((6, 5, 4), dtype=np.uint8), np.eye(4))
    content = bytearray(volume.to_bytes())
    for offset, row in zip((280, 296, 312), affine, strict=False):
        content[offset : offset + 16] = np.asarray(row, "<f4").tobytes()
    content[252:256] = np.array([0, 1], "<i2").tobytes()
    (tmp_path / "v.nii").write_bytes(content)
    with pytest.raises(InputError, match=r"v\.nii: the affine .* places no voxel"):
        check_images([entry(str(tmp_path / "v.nii"))], 1, 3)


@pytest.mark.parametrize(("name", "channels"), [("idrid256", 3), ("busi256", 1), ("palm224", 3), ("ms3d", 1)])
def test_real_images_are_sound(shared_data: Path, name: str, channels: int) -> None:
    datalist = read_dataset(shared_data / name)
    entries = [entry for section in datalist.values() for entry in section[:20]]
    check_images(entries, channels, spatial_dims=3 if name == "ms3d" else 2)
    check_labels(entries, 2, required=False)


def labelled(*labels: int) -> list[dict]:
    return [{"image": f"{index}.png", "label": label} for index, label in enumerate(labels)]


def test_labels_that_fit() -> None:
    check_labels(labelled(0, 1, -1, 2), 3, required=False)
    check_labels(labelled(0, 2), 3, required=True)
    check_labels(labelled(-1, -1), 3, required=False)
    check_labels(labelled(1, 1), 3, required=False)


@pytest.mark.parametrize("label", [2, -2])
@pytest.mark.parametrize("required", [True, False])
def test_labels_out_of_range(label: int, required: bool) -> None:
    with pytest.raises(InputError, match=rf"^2\.png: label {label} is not in 0\.\.1 \(-1 = unknown\)$"):
        check_labels(labelled(0, 1, label), 2, required)


def test_required_labels() -> None:
    with pytest.raises(InputError, match=r"^1\.png: no label, .*; 2 image\(s\) have none$"):
        check_labels(labelled(0, -1, 1, -1), 2, required=True)
    with pytest.raises(InputError, match=r"^one class only: .* all 3 labels are \[1\]$"):
        check_labels(labelled(1, 1, 1), 2, required=True)
    with pytest.raises(InputError, match="one class only"):
        check_labels([], 2, required=True)


@pytest.mark.parametrize("other", ["a.jpg", "a.nii.gz", "a"])
def test_images_that_differ_in_the_suffix_alone_are_refused(other: str) -> None:
    with pytest.raises(InputError, match=f"/b/{other}: its results would overwrite those of a.png"):
        check_names([entry("/b/a.png"), entry("/a.png"), entry(f"/b/{other}")])


def test_images_that_differ_in_name_folder_or_frame_are_not_refused() -> None:
    check_names([entry(name) for name in ("/a.png", "/b/a.png", "/b.png", "/a.1.png", "/a#1.dcm", "/a#2.dcm")])
