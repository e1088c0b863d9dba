# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import torch
from monai.utils import LossReduction
from monai.visualize import default_upsampler
from torch.nn import functional as F
from torch.nn.modules.loss import _Loss

from monai_medtex.utils import InputError

from .precision import at_least_float32

__all__ = ["VIDLoss", "gaussian_log_likelihood", "match_spatial_size"]


def match_spatial_size(x: torch.Tensor, size: torch.Size) -> torch.Tensor:
    """Bring a map to another spatial size.

    Where the map is at least as large along every axis it is averaged (adaptive pooling), else interpolated linearly.

    Args:
        x: shape BCHW[D].
        size: HW[D].

    Returns:
        shape BCHW[D] with the spatial size ``size``.
    """
    if x.shape[2:] == size:
        return x
    if all(have >= want for have, want in zip(x.shape[2:], size, strict=True)):
        return F.interpolate(x, size=size, mode="area")
    return default_upsampler(size)(x)


class VIDLoss(_Loss):
    """Transfer loss of one pair of layers (MED-TEX eq. 5 and 6; Ahn et al., CVPR 2019), in float32 at least.

    ``L_i = sum_{c,h,w} [ log sigma_c + (T - mu)^2 / (2 sigma_c^2) ]``, averaged over the batch. It is the negative
    logarithm of the Gaussian of eq. 5 up to the constant ``log(2 pi) / 2`` per element. The paper prints
    ``log sigma_c^2`` in eq. 6; the likelihood has ``log sigma_c = log(sigma_c^2) / 2``, which is what stands here.

    Args:
        reduction: ``"mean"`` over channels and pixels (default), so that the weight of the loss does not depend on the
            size of the layer, or ``"sum"`` as in eq. 6. The paper does not say which goes with its weight of 0.01.
    """

    def __init__(self, reduction: LossReduction | str = LossReduction.MEAN) -> None:
        super().__init__()
        self.reduction = LossReduction(reduction).value
        if self.reduction == LossReduction.NONE.value:
            raise InputError(f"reduction must be 'mean' or 'sum' but is '{reduction}'.")

    def forward(self, mu: torch.Tensor, variance: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Score the teacher's layer under the Gaussian that the student predicts.

        Args:
            mu: predicted mean, shape BCHW[D]; brought to the spatial size of ``target`` by :func:`match_spatial_size`.
            variance: of each channel, shape C.
            target: the teacher's layer, shape BCHW[D]; no gradient flows into it.

        Returns:
            the mean over the batch of the loss per image, a scalar.
        """
        target = at_least_float32(target.detach())
        variance = at_least_float32(variance)
        mu = match_spatial_size(at_least_float32(mu), target.shape[2:])
        squared = (target - mu).square().mean(dim=(0, *range(2, target.ndim)))
        per_element = (0.5 * variance.log() + squared / (2 * variance)).mean()
        return per_element if self.reduction == "mean" else per_element * target[0].numel()


def gaussian_log_likelihood(loss: torch.Tensor, target: torch.Tensor, reduction: str) -> torch.Tensor:
    """Turn a value of :class:`VIDLoss` into ``E log r(T | S)`` in nats per image.

    That is a lower bound of I(T; S) up to the entropy H(T), which training does not change (MED-TEX eq. 11, 12).

    Args:
        loss: value of the loss, a scalar.
        target: the teacher's layer that it was computed on, shape BCHW[D].
        reduction: the loss's ``reduction``.

    Returns:
        the mean log-likelihood of an image's layer, a scalar.
    """
    elements = target[0].numel()
    total = loss * elements if reduction == "mean" else loss
    return -total - 0.5 * math.log(2 * math.pi) * elements
