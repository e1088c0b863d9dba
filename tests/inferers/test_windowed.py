# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from monai.inferers import SlidingWindowInferer
from torch import nn

from monai_medtex.inferers import DistillationInferer, ExplanationInferer, WindowedInferer, answer_of_windows
from monai_medtex.networks import BlockCNN, ExplainedClassifier, Explainer, FrozenTeacher, MedTexNet
from monai_medtex.utils import InputError


class Brightest(nn.Module):
    """A classifier whose logits are 0 and the brightest voxel of what it is shown."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.stack([torch.zeros(len(x)), x.flatten(1).amax(dim=1)], dim=1)


def windowed(answer: str = "max", inferer=None, roi: int = 8) -> WindowedInferer:
    windows = SlidingWindowInferer(roi_size=[roi] * 3, sw_batch_size=3, overlap=0.25, mode="gaussian")
    return WindowedInferer(inferer or ExplanationInferer(), windows, answer)


@pytest.fixture
def copies() -> ExplainedClassifier:
    """Theta is the image itself, so that the student is shown its square."""
    return ExplainedClassifier(nn.Identity(), Brightest())


@pytest.mark.parametrize("shape", [(8, 8, 8), (13, 8, 20), (5, 9, 6)])
def test_theta_comes_back_voxel_by_voxel_from_any_size(copies, shape):
    images = torch.rand(2, 1, *shape)
    theta = windowed()(images, copies)["theta"]
    assert theta.shape == images.shape
    assert torch.allclose(theta, images, atol=1e-6)


def test_blends_theta_where_windows_overlap():
    """A theta that is the window's mean is a mean of those means, and the window's own where there is no other."""

    class WindowMean(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.mean(dim=(2, 3, 4), keepdim=True).expand_as(x)

    image = torch.zeros(1, 1, 14, 8, 8)
    image[..., 7:, :, :] = 1  # windows start at 0 and 6: means 1/8 and 7/8
    theta = windowed()(image, ExplainedClassifier(WindowMean(), Brightest()))["theta"][0, 0, :, 4, 4]
    assert torch.allclose(theta[:6], torch.tensor(1 / 8))
    assert torch.allclose(theta[8:], torch.tensor(7 / 8))
    assert 1 / 8 < theta[6] < theta[7] < 7 / 8  # the nearer centre weighs more
    assert theta[6] + theta[7] == pytest.approx(1)


def test_a_volume_is_as_abnormal_as_its_most_abnormal_window(copies):
    images = torch.full((2, 1, 14, 8, 8), 0.1)
    images[0, 0, 1, 2, 3], images[1, 0, 12, 2, 3] = 0.9, 0.7
    found = windowed()(images, copies)
    assert torch.allclose(found["window_logits"][..., 1], torch.tensor([[0.81, 0.01], [0.01, 0.49]]))
    assert torch.allclose(found["logits"], torch.tensor([[0, 0.81], [0, 0.49]]))


def test_mean_is_that_of_the_probabilities():
    logits = torch.randn(3, 5, 4)
    expected = torch.stack([torch.stack([w.softmax(0) for w in volume]).mean(0) for volume in logits])
    assert torch.allclose(answer_of_windows(logits, "mean").softmax(dim=1), expected, atol=1e-6)


def test_max_takes_one_window_whole_with_all_its_classes():
    logits = torch.tensor([[[3.0, 0, 0], [1, 2, 0], [2, 0, 2.5]]])
    # probabilities of class 0: 0.91, 0.24, 0.36
    assert answer_of_windows(logits).tolist() == [[1, 2, 0]]


def test_teacher_and_student_answer_by_windows_of_their_own():
    teacher = FrozenTeacher(BlockCNN(3, 1, 2, (2, 4)), ["block1"])
    network = MedTexNet(Explainer(3, 1, 1, (2, 4)), BlockCNN(3, 1, 2, (2, 4)), teacher, ["block1"], (1, 8, 8, 8)).eval()
    image = torch.rand(1, 1, 8, 8, 14)
    with torch.no_grad():
        found = windowed(inferer=DistillationInferer(teacher))(image, network)
        parts = [image[..., :8], image[..., 6:]]
        for key, classifier in (("logits", network), ("teacher_logits", teacher)):
            answers = torch.cat([classifier(part) for part in parts])
            least_normal = answers.softmax(dim=1)[:, 0].argmin()
            assert torch.allclose(found[key], answers[least_normal][None], atol=1e-5)
            assert torch.allclose(found[key.replace("logits", "window_logits")], answers[None], atol=1e-5)


def test_another_answer_is_refused():
    with pytest.raises(InputError, match="volume_answer must be one of max, mean but is 'median'"):
        windowed("median")
    with pytest.raises(InputError, match="'median'"):
        answer_of_windows(torch.zeros(1, 1, 2), "median")


def test_the_least_normal_window_is_that_of_the_lowest_probability_not_logit():
    """Probabilities of class 0: 0.5 and 0.12, although its logit is lower in the first window."""
    logits = torch.tensor([[[0.0, 0.0], [1.0, 3.0]]])
    assert answer_of_windows(logits).tolist() == [[1, 3]]


def test_the_mean_of_windows_is_an_answer_of_logits_and_the_inferer_forms_it():
    class Brightest(nn.Module):
        def forward(self, x):
            return torch.stack([torch.zeros(len(x)), x.flatten(1).amax(dim=1)], dim=1)

    windows = SlidingWindowInferer(roi_size=[8] * 3, sw_batch_size=3, overlap=0.25)
    image = torch.zeros(1, 1, 14, 8, 8)
    image[..., 12, 2, 3] = 3
    found = WindowedInferer(ExplanationInferer(), windows, "mean")(
        image, ExplainedClassifier(nn.Identity(), Brightest())
    )
    expected = (torch.tensor(9.0).sigmoid() + torch.tensor(0.0).sigmoid()) / 2
    torch.testing.assert_close(found["logits"].softmax(dim=1)[0, 1], expected)
