# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import partial, reduce
from os import PathLike
from typing import Any

import numpy as np
import torch
from monai.config import KeysCollection
from monai.data import MetaTensor, PILReader
from monai.data.utils import is_supported_format
from monai.transforms import LoadImage, MapTransform
from monai.utils import ensure_tuple
from PIL import Image, ImageOps

from monai_medtex.utils import InputError

from .dicom_reader import DicomFrame, DicomReader

__all__ = ["LoadLesionMaskd", "PlainPILReader"]

LABELS_BELOW = 128  # masks of grey values show the lesion in 128 to 255

_PLAIN_MODE = {"P": "RGB", "PA": "RGB", "RGBA": "RGB", "RGBa": "RGB", "LA": "L", "La": "L"}


def _plain(image: Image.Image) -> Image.Image:
    ImageOps.exif_transpose(image, in_place=True)
    return image.convert(_PLAIN_MODE[image.mode]) if image.mode in _PLAIN_MODE else image


def _shown(image: Image.Image) -> Image.Image:
    plain = _plain(image)
    if not plain.mode.startswith("I;16"):
        return plain
    return Image.fromarray(np.asarray(plain, dtype=np.float32) * np.float32(255 / 65535))


class PlainPILReader(PILReader):
    """MONAI's reader of PNG, JPEG and BMP, also for TIFF, that looks up palettes and drops alpha: 1 or 3 channels.

    An image is turned as its EXIF tag says.

    DICOM is left to :class:`~monai_medtex.data.DicomReader`, so that 2-D images are read alike wherever this is used.

    Args:
        shown: bring 16 bits, 0 to 65535, to 0 to 255 without rounding, as a screen does; masks keep their values.
    """

    def __init__(self, shown: bool = True) -> None:
        super().__init__(converter=_shown if shown else _plain)
        self._dicom = DicomReader()

    def verify_suffix(self, filename: Sequence[str | PathLike] | str | PathLike) -> bool:
        """Whether the suffix is one of a 2-D image format.

        Args:
            filename: file or files.
        """
        plain = super().verify_suffix(filename) or is_supported_format(filename, ["tif", "tiff"])
        return plain or self._dicom.verify_suffix(filename)

    def read(self, data: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Read files.

        Args:
            data: file or files, all DICOM or none.
            kwargs: of ``PIL.Image.open``.
        """
        return self._dicom.read(data) if self._dicom.verify_suffix(data) else super().read(data, **kwargs)

    def get_data(self, img: Any) -> tuple[np.ndarray, dict]:  # noqa: ANN401
        """Give pixels and metadata of what :meth:`read` gave."""
        is_dicom = isinstance(ensure_tuple(img)[0], DicomFrame)
        return self._dicom.get_data(img) if is_dicom else super().get_data(img)


def _image_loader() -> LoadImage:
    loader = LoadImage(ensure_channel_first=True)
    loader.register(PlainPILReader(shown=False))
    return loader


class LoadLesionMaskd(MapTransform):
    """Replace the lesion masks of an entry by one binary mask; without masks, by one of zeros.

    To be placed right after the image was loaded channel first. ``data["mask"]`` is a file, or a list of files whose
    union is taken. A pixel belongs to the lesion where a file's value (the highest of its channels) is above 0 and at
    least half of the file's maximum; in a file of whole numbers below 128, which number kinds of lesions, wherever it
    is above 0. If ``data["mask_inverted"]`` is true, the lesion is where this does not hold. The result is a float
    tensor of 0 and 1, shape ``1HW[D]``, in the image's axes.

    Args:
        keys: key of the mask.
        ref_key: key of the loaded image, which gives the spatial size.
        inverted_key: key of the flag for masks that are dark where the lesion is.

    Raises:
        InputError: when called with a mask and an image that differ in spatial size.
    """

    def __init__(
        self, keys: KeysCollection = "mask", ref_key: str = "image", inverted_key: str = "mask_inverted"
    ) -> None:
        super().__init__(keys, allow_missing_keys=True)
        self.ref_key = ref_key
        self.inverted_key = inverted_key
        self.loader = _image_loader()

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Load the masks of one entry.

        Args:
            data: entry with the image loaded.

        Returns:
            the entry with the mask loaded, and without the flag.
        """
        result = {key: value for key, value in data.items() if key != self.inverted_key}
        image = data[self.ref_key]
        load = partial(self._load, image=image, inverted=bool(data.get(self.inverted_key)))
        for key in self.keys:
            files = ensure_tuple(data.get(key) or ())
            masks = [torch.zeros_like(image[:1], dtype=torch.bool)] if not files else map(load, files)
            result[key] = reduce(torch.logical_or, masks).float()
        return result

    def _load(self, file: str, image: torch.Tensor, inverted: bool) -> torch.Tensor:
        value = self.loader(file).amax(0, keepdim=True)
        if value.shape[1:] != image.shape[1:]:
            image_file = getattr(image, "meta", {}).get("filename_or_obj", "its image")
            raise InputError(f"mask {file} is {tuple(value.shape[1:])} but {image_file} is {tuple(image.shape[1:])}")
        if isinstance(value, MetaTensor) and isinstance(image, MetaTensor):
            value.affine = image.affine  # so that both are turned alike, even where rounding tells their own apart
        numbered = value.max() < LABELS_BELOW and bool((value == value.round()).all())
        return ((value > 0) if numbered else (value > 0) & (2 * value >= value.max())) ^ inverted
