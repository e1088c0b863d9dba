# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch

from monai_medtex.losses import DistillationLoss, ThetaTerm
from monai_medtex.utils import InputError


def output() -> dict:
    return {
        "logits": torch.zeros(1, 2),
        "teacher_logits": torch.zeros(1, 2),
        "mu": [],
        "variance": [],
        "teacher_maps": [],
        "theta": torch.tensor([[[[0.25, 0.75]]]], requires_grad=True),
        "evidence": torch.tensor([[[[0.0, 1.0]]]]),
    }


def test_terms_are_added_with_their_weights_and_logged_without():
    terms = [
        ThetaTerm("area", torch.mean, 2.0),
        ThetaTerm("distance", torch.nn.functional.l1_loss, 4.0, ("theta", "evidence")),
    ]
    loss, given = DistillationLoss(theta_terms=terms), output()
    total = loss(given)
    assert total.item() == pytest.approx(torch.tensor(2.0).log().item() + 2 * 0.5 + 4 * 0.25)
    assert {name: loss.terms[name].item() for name in ("area", "distance")} == {"area": 0.5, "distance": 0.25}
    assert list(loss.bounds) == ["prediction"]
    total.backward()
    torch.testing.assert_close(given["theta"].grad, torch.tensor([[[[1 + 2.0, 1 - 2.0]]]]))


def test_what_the_inferer_does_not_give_is_named():
    with pytest.raises(InputError, match="the term keep needs 'kept_logits', which the inferer does not give"):
        ThetaTerm("keep", torch.mean, inputs=("kept_logits",))(output())


def test_a_negative_weight_is_refused():
    with pytest.raises(InputError, match=r"the weight of area must not be negative but is -1\.0"):
        ThetaTerm("area", torch.mean, -1.0)
