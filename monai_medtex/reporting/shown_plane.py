# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from monai.transforms.utils import generate_spatial_bounding_box

from monai_medtex.metrics import image_pixels

__all__ = ["shown_plane"]


def shown_plane(
    image: torch.Tensor, theta: torch.Tensor, lesion: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Take the slice of a volume that a figure shows, and of a 2-D image all but its padding.

    It is the axial slice, of volumes whose axes run to the right, front and top (RAS), with the largest part of the
    lesion; without lesion, with the highest mean theta. The front is up. Of an image of neither 1 nor 3 channels the
    first is shown.

    Args:
        image: shape CWH[D].
        theta: shape 1WH[D] or CWH[D].
        lesion: shape 1WH[D], below 0 where the image was padded.

    Returns:
        image, of 1 or 3 channels, theta and lesion, shapes CWH.
    """
    if len(image) not in (1, 3):
        image = image[:1]
    if image.ndim == 3:
        start, end = generate_spatial_bounding_box(lesion, image_pixels)
        rows, columns = map(slice, start, end)
        return image[:, rows, columns], theta[:, rows, columns], lesion[:, rows, columns]
    marked = lesion > 0.5
    score = marked.float().sum(dim=(0, 1, 2)) if marked.any() else theta.float().mean(dim=(0, 1, 2))
    place = int(score.argmax())
    planes = (volume[..., place].flip(-1) for volume in (image, theta, lesion))
    return next(planes), next(planes), next(planes)
