# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import torch

__all__ = ["RandomSymmetry"]


class RandomSymmetry:
    """Theta of the same images in another orientation, turned back.

    Each batch is mirrored along a random choice of its axes and, where it has two of one length, transposed or not: any
    of the other seven symmetries of a square. Volumes are mirrored alone, since their voxels need not be cubes.

    With :class:`monai_medtex.losses.ViewConsistencyLoss` it is the equivariance of Wang et al., "Self-Supervised
    Equivariant Attention Mechanism for Weakly Supervised Semantic Segmentation", CVPR 2020, section 3.2, with the one
    view as a fixed target of the other.
    """

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    @torch.no_grad()
    def __call__(self, explain: Callable[[torch.Tensor], torch.Tensor], images: torch.Tensor) -> torch.Tensor:
        """Explain the images in another orientation.

        Args:
            explain: maps images BCHW[D] to theta, B1HW[D] or BCHW[D].
            images: shape BCHW[D].

        Returns:
            theta in the orientation of ``images``, B1HW[D] or BCHW[D], without gradient.
        """
        axes = range(2, images.ndim)
        square = images.ndim == 4 and images.shape[2] == images.shape[3]
        others = list(product(*[(False, True)] * len(axes), (False, True) if square else (False,)))[1:]
        *flips, transposed = others[int(torch.randint(len(others), ()))]
        mirrored = [axis for axis, flip in zip(axes, flips, strict=True) if flip]
        seen = images.mT if transposed else images
        theta = explain(seen.flip(mirrored)).flip(mirrored)
        return theta.mT if transposed else theta
