# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch

from monai_medtex.networks import BlockCNN, FrozenTeacher, TeacherInput, adapt_teacher
from monai_medtex.utils import InputError


class Answering(torch.nn.Module):
    """Gives what it was told to, whatever the image."""

    def __init__(self, *answers: torch.Tensor):
        super().__init__()
        self.answers = answers

    def forward(self, x: torch.Tensor) -> torch.Tensor | tuple:
        return self.answers[0] if len(self.answers) == 1 else self.answers


@pytest.mark.parametrize("spatial_dims", [2, 3])
def test_grey_is_repeated_and_normalised_per_channel(spatial_dims):
    prepare = TeacherInput(channels=3, mean=[0.5, 0.25, 0.0], std=[0.5, 0.25, 2.0])
    x = torch.rand(2, 1, *[4] * spatial_dims)
    y = prepare(x)
    assert y.shape == (2, 3, *[4] * spatial_dims)
    for channel, (mean, std) in enumerate([(0.5, 0.5), (0.25, 0.25), (0.0, 2.0)]):
        assert torch.allclose(y[:, channel], (x[:, 0] - mean) / std)


def test_colours_become_grey_as_pillow_does():
    from PIL import Image

    pixels = torch.randint(0, 256, (5, 7, 3), dtype=torch.uint8)
    grey = torch.tensor(list(Image.fromarray(pixels.numpy()).convert("L").getdata())).view(5, 7)
    found = TeacherInput(channels=1)(pixels.permute(2, 0, 1)[None] / 255)[0, 0] * 255
    assert (found - grey).abs().max() <= 1  # Pillow rounds


def test_images_are_averaged_down_and_interpolated_up():
    x = torch.arange(16.0).view(1, 1, 4, 4)
    assert TeacherInput(spatial_size=2)(x).tolist() == [[[[2.5, 4.5], [10.5, 12.5]]]]
    assert TeacherInput(spatial_size=[4, 2])(x)[0, 0, 0].tolist() == [0.5, 2.5]
    assert TeacherInput(spatial_size=(8, 8))(torch.full((1, 2, 4, 4), 3.0)).unique().tolist() == [3]


@pytest.mark.parametrize("spatial_dims", [2, 3])
def test_axes_are_reversed_before_the_size_is_taken(spatial_dims):
    size = (4, 6, 2)[:spatial_dims]
    x = torch.rand(1, 1, *size)
    y = TeacherInput(reverse_axes=True)(x)
    assert y.shape[2:] == size[::-1]
    assert y[0, 0][(0,) * (spatial_dims - 1) + (3,)] == x[0, 0][(3,) + (0,) * (spatial_dims - 1)]
    assert TeacherInput(size[::-1], reverse_axes=True)(x).equal(y)


def test_maps_of_reversed_images_are_not_tapped():
    teacher = adapt_teacher(BlockCNN(2, 1, 2, (4,)), {"reverse_axes": True})
    with pytest.raises(InputError, match="cannot be tapped"):
        FrozenTeacher(teacher, ["block1"])


def test_nothing_given_is_nothing_done():
    x = torch.rand(1, 2, 3, 4)
    assert TeacherInput()(x).equal(x)


def test_what_cannot_be_converted_is_said():
    with pytest.raises(InputError, match="4 channels cannot be turned into 3"):
        TeacherInput(channels=3)(torch.rand(1, 4, 2, 2))
    with pytest.raises(InputError, match="std"):
        TeacherInput(std=[1.0, 0.0])
    with pytest.raises(InputError, match="teacher_input: .*sise"):
        adapt_teacher(torch.nn.Identity(), {"sise": 3})
    with pytest.raises(InputError, match="teacher_output must be one of logits, .* but is 'odds'"):
        adapt_teacher(torch.nn.Identity(), teacher_output="odds")


def test_an_adapted_teacher_sees_its_own_images_and_keeps_its_names():
    network = BlockCNN(2, 3, 2, (4, 6))
    names = list(network.state_dict())
    x = torch.rand(2, 1, 8, 8)
    expected = network.eval()(TeacherInput(16, 3, 0.5, 0.2)(x))
    adapted = adapt_teacher(network, {"spatial_size": 16, "channels": 3, "mean": 0.5, "std": 0.2})
    assert adapted is network
    assert list(adapted.state_dict()) == names
    logits, (taught,) = FrozenTeacher(adapted, ["block1"]).tap(x)
    assert logits.equal(expected)
    assert taught.shape == (2, 4, 8, 8)  # half of 16


@pytest.mark.parametrize(("output", "inverse"), [("softmax", lambda z: z.softmax(dim=1)), ("sigmoid", torch.sigmoid)])
def test_probabilities_become_logits_of_the_same_probabilities(output, inverse):
    probabilities = torch.tensor([[0.1, 0.2, 0.7], [0.0, 1.0, 0.0]])
    logits = adapt_teacher(Answering(probabilities), teacher_output=output)(torch.zeros(2, 1, 2, 2))
    assert logits.isfinite().all()
    assert torch.allclose(inverse(logits), probabilities, atol=1e-6)


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_one_logit_becomes_those_of_two_classes(shape):
    odds = torch.tensor([-2.0, 0.0, 3.0])
    logits = adapt_teacher(Answering(odds.view(shape)), teacher_output="one_logit")(torch.zeros(3, 1, 2, 2))
    assert torch.allclose(logits.softmax(dim=1)[:, 1], odds.sigmoid())
    assert logits.shape == (3, 2)


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_one_probability_becomes_the_logits_of_two_classes(shape):
    probability = torch.tensor([0.1, 0.5, 0.9])
    adapted = adapt_teacher(Answering(probability.view(shape)), teacher_output="one_probability")
    logits = adapted(torch.zeros(3, 1, 2, 2))
    assert logits.shape == (3, 2)
    assert torch.allclose(logits.softmax(dim=1)[:, 1], probability)


def test_of_several_outputs_the_first_is_the_answer():
    first, second = torch.rand(2, 3), torch.rand(2, 5)
    assert adapt_teacher(Answering(first, second))(torch.zeros(2, 1, 2, 2)).equal(first)


def test_rare_labels_stay_rare_in_half_precision():
    answer = torch.tensor([[0.9, 1e-4]], dtype=torch.bfloat16)
    logits = adapt_teacher(Answering(answer), teacher_output="sigmoid")(torch.zeros(1))
    torch.testing.assert_close(logits.sigmoid(), answer.float())
