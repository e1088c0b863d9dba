# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from monai.networks.nets import resnet18
from torch import nn

from monai_medtex.inferers import DistillationInferer, ExplanationInferer
from monai_medtex.losses import DistillationLoss
from monai_medtex.metrics import topk_mask, topk_pixels
from monai_medtex.networks import BlockCNN, ConcreteGate, FrozenTeacher, L2XClassifier, L2XNet, PatchSelector
from monai_medtex.networks.patch_scores import patches_of, spread


def selector(grid: int = 8) -> PatchSelector:
    return PatchSelector(
        resnet18(spatial_dims=2, n_input_channels=3, num_classes=2, conv1_t_stride=2, widen_factor=1 / 8),
        grid,
    )


class Recorder(nn.Module):
    """A student that keeps what it sees and answers with the number of pixels left, in both classes."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen = x
        return (x[:, :1] > 0).float().flatten(1).sum(1, keepdim=True).expand(-1, 2)


@pytest.mark.parametrize(("pixels", "grid"), [(128, 8), (100, 8), (17, 8), (16, 8), (33, 5), (256, 8)])
def test_patches_of_undoes_spread_at_any_size(pixels, grid):
    for values in (torch.rand(2, 1, grid, grid), torch.rand(1, 1, grid, grid, grid)):
        size = [pixels] * (values.ndim - 2) if values.ndim == 4 else [pixels, 2 * grid, 3 * grid]
        assert torch.equal(patches_of(spread(values, torch.empty(1, 3, *size)), grid), values)


def test_in_eval_mode_the_student_sees_exactly_the_patches_that_theta_ranks_first():
    network = L2XNet(selector(), Recorder(), ConcreteGate(6)).eval()
    x = torch.rand(3, 3, 128, 128) + 0.1
    output = network(x, distill=True)
    assert output["logits"].tolist() == [[6 * 16 * 16.0] * 2] * 3
    top = topk_mask(output["theta"], topk_pixels((128, 128), 6))  # 6 / 64 of the pixels, as 6 of 8 x 8 patches
    assert torch.equal(network.student.seen, x * top)
    assert torch.equal(network(x), output["logits"])
    assert (output["mu"], output["variance"]) == ([], [])


def test_in_training_the_mask_is_drawn_anew_and_theta_is_not():
    torch.manual_seed(0)
    network = L2XNet(selector(), Recorder(), ConcreteGate(6, 0.5))
    x = torch.ones(2, 3, 64, 64)
    first, seen = network(x, distill=True), network.student.seen
    again = network(x, distill=True)
    torch.testing.assert_close(first["theta"], again["theta"])
    assert not torch.allclose(seen, network.student.seen)
    assert seen.max() <= 1


def test_selector_and_student_learn_from_the_teachers_answer():
    torch.manual_seed(0)
    teacher = FrozenTeacher(BlockCNN(2, 3, 2))
    network = L2XNet(selector(), BlockCNN(2, 3, 2, (2, 4, 8, 16)), ConcreteGate(6))
    loss = DistillationLoss()
    loss(DistillationInferer(teacher)(torch.rand(4, 3, 64, 64), network)).backward()
    idle = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert set(idle) <= {"explainer.scores.logit.bias"}  # which shifts all logits alike
    assert set(loss.terms) == {"prediction"}


def test_what_is_deployed_shares_the_weights_scripts_and_answers_alike(tmp_path):
    network = L2XNet(selector(), BlockCNN(2, 3, 2, (2, 4)), ConcreteGate(4)).eval()
    deployed = network.deployable()
    assert type(deployed) is L2XClassifier
    assert {key: value.data_ptr() for key, value in network.state_dict().items()} == {
        key: value.data_ptr() for key, value in deployed.state_dict().items()
    }
    x = torch.rand(2, 3, 64, 64)
    scripted = torch.jit.script(deployed.eval())
    torch.testing.assert_close(scripted(x), network(x))
    output = ExplanationInferer()(x, deployed)
    torch.testing.assert_close(output["logits"], network(x))
    torch.testing.assert_close(scripted.explain(x), output["theta"])
