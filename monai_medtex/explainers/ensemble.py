# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from monai_medtex.utils import InputError

from .protocol import ExplainsImages

__all__ = ["EnsembleMap"]


class EnsembleMap:
    """Explainers trained apart (other seeds, other teachers): their mean, and where they disagree.

    Schwab and Karlen, "CXPlain", NeurIPS 2019, bootstrap ensembles as the uncertainty of a map.

    Args:
        explainers: at least two, each with ``explain``, such as :class:`monai_medtex.networks.ExplainedClassifier`.

    Raises:
        InputError: When there are fewer.
    """

    def __init__(self, explainers: Sequence[ExplainsImages]) -> None:
        if len(explainers) < 2:
            raise InputError(f"explainers must hold at least two but holds {len(explainers)}")
        self.explainers = list(explainers)

    def explain(self, images: Tensor) -> Tensor:
        """Return the mean of their maps, shape B1HW[D], of images of shape BCHW[D]."""
        return self._maps(images).mean(dim=0)

    def spread(self, images: Tensor) -> Tensor:
        """Return the standard deviation of their maps, shape B1HW[D], of images of shape BCHW[D]."""
        return self._maps(images).std(dim=0)

    def _maps(self, images: Tensor) -> Tensor:
        return torch.stack([explainer.explain(images).mean(dim=1, keepdim=True) for explainer in self.explainers])
