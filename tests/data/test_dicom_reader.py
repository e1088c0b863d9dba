# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from monai.transforms import LoadImage

from monai_medtex.data import DicomReader, PlainPILReader, check_images, unlabelled_images
from monai_medtex.data.dicom_reader import frame_names, frame_of
from monai_medtex.utils import InputError

pydicom = pytest.importorskip("pydicom", reason="the extra dicom is missing")
RANDOM = np.random.default_rng(0)
GREY8 = RANDOM.integers(0, 256, (5, 7), dtype=np.uint8)
GREY16 = RANDOM.integers(-900, 3000, (5, 7), dtype=np.int16)
COLOUR = RANDOM.integers(0, 256, (4, 6, 3), dtype=np.uint8)


@pytest.fixture
def show(write_dicom, tmp_path) -> Callable[..., np.ndarray]:
    """Write pixels, and give what is read, in the rows and columns of DICOM."""

    def shown(pixels: np.ndarray, **attributes: object) -> np.ndarray:
        loader = LoadImage(reader=DicomReader(), image_only=True)
        return loader(write_dicom(tmp_path / "image.dcm", pixels, **attributes)).numpy().swapaxes(0, 1)

    return shown


def test_eight_bits_are_read_as_they_are(show):
    assert np.array_equal(show(GREY8), GREY8)
    assert np.array_equal(show(COLOUR), COLOUR)


def test_monochrome1_is_inverted(show):
    assert np.array_equal(show(GREY8, PhotometricInterpretation="MONOCHROME1"), 255 - GREY8.astype(int))


def test_ybr_becomes_rgb(show):
    expected = pydicom.pixels.convert_color_space(COLOUR, "YBR_FULL", "RGB")
    assert not np.array_equal(expected, COLOUR)
    assert np.array_equal(show(COLOUR, PhotometricInterpretation="YBR_FULL"), expected)


def test_planes_of_colour_are_put_together(show, write_dicom, tmp_path):
    file = write_dicom(tmp_path / "planes.dcm", COLOUR, PlanarConfiguration=1)
    dataset = pydicom.dcmread(file)
    dataset.PixelData = COLOUR.transpose(2, 0, 1).tobytes()
    dataset.save_as(file)
    assert np.array_equal(LoadImage(reader=DicomReader(), image_only=True)(file).numpy().swapaxes(0, 1), COLOUR)


def test_palettes_are_looked_up(show):
    names = ("Red", "Green", "Blue")
    tables = RANDOM.integers(0, 2**16, (3, 256), dtype=np.uint16)
    lookup = {f"{name}PaletteColorLookupTableDescriptor": [256, 0, 16] for name in names}
    lookup |= {f"{name}PaletteColorLookupTableData": table.tobytes() for name, table in zip(names, tables, strict=True)}
    found = show(GREY8, PhotometricInterpretation="PALETTE COLOR", **lookup)
    assert np.allclose(found, np.moveaxis(tables[:, GREY8], 0, -1) / 257, atol=1e-3)


@pytest.mark.parametrize("function", [None, "LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize("window", [(40, 400), (300.5, 1), ([500, 1], [1000, 3])])
def test_windows_are_pydicoms(show, write_dicom, tmp_path, function, window):
    attributes = {"RescaleSlope": 0.5, "RescaleIntercept": -100, "WindowCenter": window[0], "WindowWidth": window[1]}
    if function:
        attributes["VOILUTFunction"] = function
    found = show(GREY16, **attributes)
    dataset = pydicom.dcmread(tmp_path / "image.dcm")
    values = pydicom.pixels.apply_windowing(pydicom.pixels.apply_modality_lut(GREY16, dataset), dataset)
    low, high = (end * 0.5 - 100 for end in (-(2**15), 2**15 - 1))
    assert np.allclose(found, (values - low) / (high - low) * 255, atol=1e-2)


def test_rescaled_values_without_a_window_are_stretched(show):
    found = show(GREY16, RescaleSlope=2, RescaleIntercept=-1024)
    low, high = int(GREY16.min()), int(GREY16.max())
    assert np.allclose(found, (GREY16.astype(float) - low) / (high - low) * 255, atol=1e-3)


@pytest.mark.parametrize("kind", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_black_and_not_stretched(show, kind):
    padded = np.where(np.arange(7) < 2, -2000, GREY16).astype(np.int16)
    found = show(padded, PixelPaddingValue=-2000, PhotometricInterpretation=kind)
    assert (found[:, :2] == 0).all()
    known = padded[:, 2:].astype(float)
    share = (known - known.min()) / (known.max() - known.min())
    assert np.allclose(found[:, 2:], 255 * (share if kind == "MONOCHROME2" else 1 - share), atol=1e-3)


def test_a_flat_image_is_black(show):
    assert (show(np.full((3, 3), 77, np.int16)) == 0).all()


def test_a_lookup_table_goes_before_a_window(show):
    item = pydicom.Dataset()
    item.LUTDescriptor = [256, 0, 12]
    item.LUTData = (np.arange(256, dtype=np.uint16)[::-1] * 16).tolist()
    item["LUTData"].VR = "US"
    found = show(GREY8, VOILUTSequence=[item], WindowCenter=5, WindowWidth=5)
    assert np.allclose(found, (255 - GREY8.astype(float)) * 16 / 4095 * 255, atol=1e-2)


def test_a_lookup_table_of_words_is_read_as_one_of_numbers(show):
    item = pydicom.Dataset()
    item.LUTDescriptor = [256, 0, 12]
    item.LUTData = (np.arange(256, dtype="<u2")[::-1] * 16).tobytes()
    item["LUTData"].VR = "OW"
    assert np.allclose(show(GREY8, VOILUTSequence=[item]), (255 - GREY8.astype(float)) * 16 / 4095 * 255, atol=1e-2)


def test_windows_of_enhanced_images_are_those_of_the_frame(write_dicom, tmp_path):
    def group(centre: float) -> pydicom.Dataset:
        window, transformation, result = pydicom.Dataset(), pydicom.Dataset(), pydicom.Dataset()
        window.WindowCenter, window.WindowWidth, window.VOILUTFunction = centre, 100, "LINEAR_EXACT"
        transformation.RescaleSlope, transformation.RescaleIntercept = 1, 0
        result.FrameVOILUTSequence, result.PixelValueTransformationSequence = [window], [transformation]
        return result

    frames = np.full((2, 3, 4), 50, np.uint16)
    file = write_dicom(tmp_path / "two.dcm", frames, PerFrameFunctionalGroupsSequence=[group(50), group(100)])
    found = LoadImage(reader=DicomReader(), image_only=True)(file).numpy()
    assert found.shape == (4, 3, 2)
    assert np.allclose(found[..., 0], 127.5)
    assert np.allclose(found[..., 1], 0)


def test_each_frame_is_an_image(write_dicom, tmp_path):
    frames = RANDOM.integers(0, 256, (3, 5, 7), dtype=np.uint8)
    write_dicom(tmp_path / "scan.dcm", frames)
    write_dicom(tmp_path / "single.dcm", GREY8)
    names = [Path(entry["image"]).name for entry in unlabelled_images(tmp_path)]
    assert names == ["scan#1.dcm", "scan#2.dcm", "scan#3.dcm", "single.dcm"]
    check_images(unlabelled_images(tmp_path), channels=1)
    loader = LoadImage(reader=DicomReader(), image_only=True)
    for index, name in enumerate(names[:3]):
        assert np.array_equal(loader(tmp_path / name).numpy().T, frames[index])


def test_a_file_that_looks_like_a_frame_is_itself(write_dicom, tmp_path):
    file = write_dicom(tmp_path / "left#2.dcm", GREY8)
    assert frame_of(file) == (file, None)
    assert frame_names(str(file)) == [str(file)]


@pytest.mark.parametrize("pixels", [GREY8, GREY16, COLOUR], ids=["grey", "16 bits", "colour"])
def test_the_reader_of_all_images_reads_dicom_alike(write_dicom, tmp_path, pixels):
    """It is what train.json, evaluate.json and inference.json name."""
    file = write_dicom(tmp_path / "image.dcm", pixels)
    alone, named = (LoadImage(reader=each(), image_only=True)(file) for each in (DicomReader, PlainPILReader))
    assert np.array_equal(alone.numpy(), named.numpy())
    chosen = LoadImage(image_only=True, ensure_channel_first=True)
    chosen.register(PlainPILReader())
    assert chosen(file).shape == (*(pixels.shape[2:] or (1,)), pixels.shape[1], pixels.shape[0])


def test_where_pixels_lie(write_dicom, tmp_path):
    """Corners by the equation of PS3.3 C.7.6.2.1.1, turned from LPS to RAS."""
    across, down = np.array([0.6, 0.8, 0]), np.array([0, 0, -1.0])
    position, (between_rows, between_columns) = np.array([10.0, 20.0, 30.0]), (2.0, 0.5)
    geometry = {
        "ImageOrientationPatient": [*across, *down],
        "ImagePositionPatient": list(position),
        "PixelSpacing": [between_rows, between_columns],
    }
    file = write_dicom(tmp_path / "slice.dcm", GREY8, **geometry)
    affine = LoadImage(reader=DicomReader(), image_only=True)(file).affine.numpy()
    column, row = 6, 4
    expected = position + across * between_columns * column + down * between_rows * row
    assert np.allclose(affine @ [column, row, 0, 1], [-expected[0], -expected[1], expected[2], 1])


def refused(write_dicom, folder: Path, pixels: np.ndarray, channels: int = 1, **attributes: object) -> str:
    """The one line on a file that is refused."""
    file = write_dicom(folder / "bad.dcm", pixels, **attributes)
    with pytest.raises(InputError) as caught:
        check_images([{"image": str(file)}], channels=channels)
    assert str(caught.value).startswith(f"{file}: ")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("pixels", "attributes", "words"),
    [
        (GREY8, {"PhotometricInterpretation": "FLAT"}, "photometric interpretation is FLAT"),
        (GREY16, {"WindowCenter": 5, "WindowWidth": 0}, "window width 0 is too small"),
        (np.zeros((2, 5, 7), np.uint8), {}, "3-D image, expected 2-D"),
        (np.zeros((2, 5, 7, 3), np.uint8), {}, "2 frames in colour"),
        (COLOUR, {}, "3 channel(s), expected 1"),
        (GREY8, {"Rows": 50}, "unreadable or truncated"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_one_line(write_dicom, tmp_path, pixels, attributes, words):
    assert words in refused(write_dicom, tmp_path, pixels, **attributes)


def test_a_file_that_is_no_dicom_is_refused_in_one_line(tmp_path):
    (tmp_path / "text.dcm").write_text("no image")
    with pytest.raises(InputError, match=r"text\.dcm: unreadable or truncated"):
        check_images(unlabelled_images(tmp_path), channels=1)


def test_a_codec_that_is_missing_is_named_in_one_line(write_dicom, tmp_path):
    file = write_dicom(tmp_path / "bad.dcm", GREY8)
    dataset = pydicom.dcmread(file)
    dataset.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8\xff\xd9"])
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.HEVCMP51
    dataset.save_as(file)
    with pytest.raises(InputError, match=r"bad\.dcm: unreadable or truncated: .*HEVC") as caught:
        check_images([{"image": str(file)}], channels=1)
    assert "\n" not in str(caught.value)


def test_pydicom_that_is_missing_is_named_in_one_line(write_dicom, tmp_path, monkeypatch):
    file = write_dicom(tmp_path / "image.dcm", GREY8)
    monkeypatch.setattr("monai_medtex.data.dicom_reader._has_pydicom", False)
    with pytest.raises(InputError) as caught:
        unlabelled_images(tmp_path)
    assert str(caught.value) == f"{file}: DICOM needs pydicom: pip install 'monai_medtex[dicom]'"
