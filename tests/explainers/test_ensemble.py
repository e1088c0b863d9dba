# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch

from monai_medtex.explainers import EnsembleMap
from monai_medtex.utils import InputError


class Scaled:
    def __init__(self, factor: float) -> None:
        self.factor = factor

    def explain(self, images: torch.Tensor) -> torch.Tensor:
        return self.factor * images


def test_mean_and_spread_by_hand():
    images = torch.tensor([[[[1.0, 2.0]], [[3.0, 4.0]]]])  # two channels, of mean 2 and 3
    ensemble = EnsembleMap([Scaled(0.0), Scaled(1.0), Scaled(2.0)])
    torch.testing.assert_close(ensemble.explain(images), torch.tensor([[[[2.0, 3.0]]]]))
    torch.testing.assert_close(ensemble.spread(images), torch.tensor([[[[2.0, 3.0]]]]))


def test_equal_explainers_do_not_disagree():
    images = torch.rand(2, 1, 4, 4, 4)
    assert not EnsembleMap([Scaled(0.5), Scaled(0.5)]).spread(images).any()


def test_one_explainer_is_no_ensemble():
    with pytest.raises(InputError, match="at least two but holds 1"):
        EnsembleMap([Scaled(1.0)])
