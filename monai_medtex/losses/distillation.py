# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch.nn.modules.loss import _Loss

from monai_medtex.utils import InputError

from .soft_cross_entropy import SoftCrossEntropyLoss
from .theta_term import ThetaTerm
from .vid import VIDLoss, gaussian_log_likelihood

__all__ = ["DistillationLoss"]


class DistillationLoss(_Loss):
    """The whole objective ``L = L_N + lambda_vid * sum_i L_i`` (MED-TEX eq. 7). It needs no labels.

    Each of ``theta_terms``, times its weight, is added to it; the paper has none.

    After a call, ``terms`` holds each term (``prediction``, ``transfer_<layer>``, and those of theta by name) and
    ``bounds`` the variational lower bounds that the first two stand for, in nats per image, each up to an entropy that
    training does not change: ``prediction`` is ``E log q(y_T | X')``, a bound of I(X'; y_T) up to H(y_T) (eq. 9, 10;
    only if ``prediction_loss`` is eq. 2), and ``transfer_<layer>`` is ``E log r(T^i | S^j)``, a bound of I(T^i; S^j) up
    to H(T^i) (eq. 11, 12).

    Args:
        layers: the teacher's tapped layers, in order; empty for MED-EX.
        lambda_vid: weight of the transfer losses.
        prediction_loss: maps student and teacher logits to a scalar; eq. 2 if None.
        reduction: of the transfer losses, ``"mean"`` or ``"sum"``, see :class:`VIDLoss`.
        theta_terms: what else is asked of theta.

    Raises:
        InputError: When ``lambda_vid`` is negative.
    """

    def __init__(
        self,
        layers: Sequence[str] = (),
        lambda_vid: float = 0.01,
        prediction_loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None = None,
        reduction: str = "mean",
        theta_terms: Sequence[ThetaTerm] = (),
    ) -> None:
        super().__init__()
        if lambda_vid < 0:
            raise InputError(f"lambda_vid must not be negative but is {lambda_vid}.")
        self.layers = tuple(layers)
        self.lambda_vid = lambda_vid
        self.prediction_loss = SoftCrossEntropyLoss() if prediction_loss is None else prediction_loss
        self.transfer_loss = VIDLoss(reduction)
        self.theta_terms = tuple(theta_terms)
        self.terms: dict[str, torch.Tensor] = {}
        self.bounds: dict[str, torch.Tensor] = {}

    def forward(self, output: dict, target: torch.Tensor | None = None) -> torch.Tensor:  # noqa: ARG002
        """Sum the terms.

        Args:
            output: of :class:`monai_medtex.inferers.DistillationInferer`.
            target: unused labels, which a trainer passes to any loss.

        Returns:
            the loss, a scalar.
        """
        prediction = self.prediction_loss(output["logits"], output["teacher_logits"])
        transfers = [
            self.transfer_loss(mu, variance, taught)
            for mu, variance, taught in zip(output["mu"], output["variance"], output["teacher_maps"], strict=True)
        ]
        said = [term(output) for term in self.theta_terms]
        total = prediction + self.lambda_vid * sum(transfers)
        total = total + sum(term.weight * loss for term, loss in zip(self.theta_terms, said, strict=True))
        names = _names(self.layers)
        self.terms = {"prediction": prediction.detach()}
        self.terms |= {name: loss.detach() for name, loss in zip(names, transfers, strict=True)}
        self.terms |= {term.name: loss.detach() for term, loss in zip(self.theta_terms, said, strict=True)}
        self.bounds = {"prediction": -self.terms["prediction"]} | {
            name: gaussian_log_likelihood(self.terms[name], taught, self.transfer_loss.reduction)
            for name, taught in zip(names, output["teacher_maps"], strict=True)
        }
        return total


def _names(layers: Sequence[str]) -> list[str]:
    """Name the transfer terms after the teacher's layers; the second of a layer ends with ``_2``."""
    counts = [layers[: number + 1].count(layer) for number, layer in enumerate(layers)]
    return [f"transfer_{layer}" + f"_{count}" * (count > 1) for layer, count in zip(layers, counts, strict=True)]
