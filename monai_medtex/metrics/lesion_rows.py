# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""Figures of a map against a lesion, averaged over the images that have one."""

from __future__ import annotations

from .image_rows import ImageRowMetric

__all__ = ["LesionRowMetric"]


class LesionRowMetric(ImageRowMetric):
    """A table of figures per image that are NaN where the image has no lesion; such images are counted, not averaged.

    Attributes:
        names: name of each column, set by the subclass; an image of which the first one is NaN counts as one without.
    """

    names: tuple[str, ...]

    @property
    def width(self) -> int:  # type: ignore[override]
        """Number of figures per image."""
        return len(self.names)

    def aggregate(self) -> dict[str, float]:
        """Means over all images with a lesion, over all ranks, since the last reset.

        Returns:
            the mean of each column by its name, NaN where no image has a value; ``lesion_images`` and
            ``empty_images``, the numbers of images with and without lesion.
        """
        rows = self.get_buffer()
        empty = int(rows[:, 0].isnan().sum())
        means = dict(zip(self.names, rows.nanmean(dim=0).tolist(), strict=True))
        return {**means, "lesion_images": len(rows) - empty, "empty_images": empty}
