# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""What a DICOM image looks like on a screen, as DICOM PS3.3 C.7.6.3 and C.11 say, from 0 (black) to 255."""

from __future__ import annotations

from typing import Any

import numpy as np
from monai.utils import optional_import
from numpy.typing import NDArray

from monai_medtex.utils import InputError

__all__ = ["displayed_frame", "frame_attributes", "frame_count"]

pixels, _ = optional_import("pydicom.pixels")
dataset_module, _ = optional_import("pydicom.dataset")

_SHOWN = ("MONOCHROME1", "MONOCHROME2", "RGB", "YBR_", "PALETTE COLOR")
Floats = NDArray[np.float32]

_FUNCTIONAL_GROUPS = (
    "PixelValueTransformationSequence",
    "FrameVOILUTSequence",
    "PixelMeasuresSequence",
    "PlanePositionSequence",
    "PlaneOrientationSequence",
)


def frame_count(dataset: Any) -> int:  # noqa: ANN401
    """Return the number of frames of a data set of pydicom."""
    return int(dataset.get("NumberOfFrames") or 1)


def frame_attributes(dataset: Any, frame: int) -> Any:  # noqa: ANN401
    """Return a data set that holds what is said of one frame, be it of all, of all frames alike, or of this one.

    Args:
        dataset: of pydicom.
        frame: from 0.
    """
    result = dataset_module.Dataset()
    result.file_meta = getattr(dataset, "file_meta", None)  # without it pydicom can't read the numbers of a LUT
    result.update({element.tag: element for element in dataset if element.keyword != "PixelData"})
    shared = dataset.get("SharedFunctionalGroupsSequence") or []
    own = (dataset.get("PerFrameFunctionalGroupsSequence") or [])[frame : frame + 1]
    for group in (*shared, *own):
        for keyword in _FUNCTIONAL_GROUPS:
            for item in group.get(keyword) or []:
                result.update(item)
    return result


def displayed_frame(dataset: Any, frame: int = 0) -> Floats:  # noqa: ANN401
    """Show one frame.

    Grey: modality LUT or rescale, then VOI LUT or the first window; without one, 8-bit values stay as they are and any
    others are stretched from the lowest to the highest that is no padding. MONOCHROME1 is inverted, padding is black.
    Colour: YBR becomes RGB, a palette is looked up, and more than 8 bits are scaled to 8.

    Args:
        dataset: of pydicom, with pixels that can be decoded here.
        frame: from 0.

    Returns:
        shape (rows, columns) or (rows, columns, 3), from 0 to 255.

    Raises:
        InputError: When the image has another photometric interpretation, or a window without width.
    """
    kind = str(dataset.get("PhotometricInterpretation", ""))
    if not kind.startswith(_SHOWN):
        raise InputError(f"photometric interpretation is {kind or 'missing'}, expected one of {', '.join(_SHOWN)}")
    stored = pixels.pixel_array(dataset, index=frame)
    attributes = frame_attributes(dataset, frame)
    if kind == "PALETTE COLOR":
        looked_up = pixels.apply_color_lut(stored, dataset)[..., :3]
        return looked_up.astype(np.float32) * np.float32(255 / np.iinfo(looked_up.dtype).max)
    if stored.ndim == 3:
        return stored.astype(np.float32) * np.float32(255 / (2**dataset.BitsStored - 1))
    share = _grey(stored, attributes)
    shown = (1 - share if kind == "MONOCHROME1" else share) * 255
    return np.where(_is_padding(stored, attributes), 0, shown).astype(np.float32)


def _grey(stored: np.ndarray, attributes: Any) -> np.ndarray:  # noqa: ANN401
    """Bring stored values to the range from 0 to 1 of P-values."""
    values = pixels.apply_modality_lut(stored, attributes)
    if attributes.get("VOILUTSequence"):
        entries, _, bits = attributes.VOILUTSequence[0].LUTDescriptor
        if bits <= 8 and entries > 256:
            raise InputError(f"its VOI LUT has {entries} entries of {bits} bits, which can't be looked up")
        return pixels.apply_voi(values, attributes) / (2**bits - 1)
    if attributes.get("WindowCenter") is not None and attributes.get("WindowWidth") is not None:
        return _windowed(values.astype(np.float64), attributes)
    if stored.dtype == np.uint8 and np.array_equal(values, stored):
        return values / 255
    known = values[~_is_padding(stored, attributes)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    return np.clip((values - low) / (high - low), 0, 1) if high > low else np.zeros(values.shape)


def _first(value: Any) -> float:  # noqa: ANN401
    return float(value if isinstance(value, (int, float, str)) else value[0])


def _windowed(values: np.ndarray, attributes: Any) -> np.ndarray:  # noqa: ANN401
    """Apply the first window, PS3.3 C.11.2.1.2 and C.11.2.1.3."""
    centre, width = _first(attributes.WindowCenter), _first(attributes.WindowWidth)
    function = attributes.get("VOILUTFunction") or "LINEAR"
    if width <= 0 or (function == "LINEAR" and width < 1):
        raise InputError(f"window width {width:g} is too small for the VOI LUT function {function}")
    if function == "SIGMOID":
        return 0.5 + 0.5 * np.tanh(2 * (values - centre) / width)
    if function == "LINEAR":
        centre, width = centre - 0.5, width - 1
    return np.clip((values - centre) / width + 0.5, 0, 1) if width else (values > centre).astype(float)


def _is_padding(stored: np.ndarray, attributes: Any) -> np.ndarray:  # noqa: ANN401
    if attributes.get("PixelPaddingValue") is None:
        return np.zeros(stored.shape, dtype=bool)
    ends = attributes.PixelPaddingValue, attributes.get("PixelPaddingRangeLimit", attributes.PixelPaddingValue)
    return (stored >= min(ends)) & (stored <= max(ends))
