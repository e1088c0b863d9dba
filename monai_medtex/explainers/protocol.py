# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from typing import Protocol

from torch import Tensor

__all__ = ["ExplainsImages"]


class ExplainsImages(Protocol):
    """The one verb of every explanation: the trained explainer, the post-hoc maps and the priors have it.

    A map of another origin joins the comparison by having it too; no base class is needed.
    """

    def explain(self, images: Tensor, /) -> Tensor:
        """Score every pixel of images, shape BCHW[D] in [0, 1].

        Returns:
            theta, shape B1HW[D] or BCHW[D]: any real numbers, higher for more evidence, those of one image comparable
            with each other only.
        """
        ...
