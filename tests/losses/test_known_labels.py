# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import BCEWithLogitsLoss

from monai_medtex.losses import KnownLabelsLoss
from monai_medtex.utils import InputError


def test_is_binary_cross_entropy_where_all_is_known():
    logits, labels = torch.randn(6, 4), torch.randint(0, 2, (6, 4))
    torch.testing.assert_close(KnownLabelsLoss()(logits, labels), BCEWithLogitsLoss()(logits, labels.float()))


def test_unknown_labels_are_left_out():
    logits = torch.tensor([[0.0, 5.0], [-7.0, math.log(3.0)]], requires_grad=True)
    loss = KnownLabelsLoss()(logits, torch.tensor([[1, -1], [-1, 0]]))
    assert loss.item() == pytest.approx((math.log(2) + math.log(4)) / 2, rel=1e-6)
    loss.backward()
    assert (logits.grad != 0).tolist() == [[True, False], [False, True]]


def test_nothing_known_is_no_loss():
    assert KnownLabelsLoss()(torch.randn(2, 3), torch.full((2, 3), -1)).item() == 0


def test_shapes_must_agree():
    with pytest.raises(InputError, match="one shape"):
        KnownLabelsLoss()(torch.zeros(2, 3), torch.zeros(2))
