# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import pytest
import torch

from monai_medtex.metrics.class_probability import class_probability, predicted_class


def test_no_graph_is_kept():
    network, images = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2)), torch.rand(3, 1, 2, 2)
    seen = []

    def classify(x):
        seen.append(network(x).requires_grad)
        return network(x)

    predicted_class(classify, images)
    assert not class_probability(classify, images, torch.zeros(3, dtype=torch.long)).requires_grad
    assert seen == [False, False]


def test_probabilities_are_of_single_precision():
    logits = torch.tensor([[0.0, 6.0]], dtype=torch.bfloat16)
    p = class_probability(lambda x: logits, torch.rand(1, 1, 2, 2), torch.tensor([1]))
    assert p.item() == pytest.approx(1 / (1 + math.exp(-6)), abs=1e-6)
