# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import numpy as np
import pytest
import torch

from monai_medtex.reporting import ExplainedImage, explained_figure, has_matplotlib

pytestmark = pytest.mark.skipif(not has_matplotlib, reason="needs matplotlib")

WIDTH, HEIGHT = 16, 8  # 128 pixels: the paper's k = 3 marks 6 of them


def sample(channels: int = 3, label: int = 1) -> ExplainedImage:
    """Theta is highest along six pixels of the column x = 3; the lesion is the pixel x = 9, y = 1."""
    theta, lesion = torch.rand(1, WIDTH, HEIGHT) / 2, torch.zeros(1, WIDTH, HEIGHT)
    theta[0, 3, :6] = 0.9
    lesion[0, 9, 1] = 1
    image = torch.full((channels, WIDTH, HEIGHT), 0.5)
    return ExplainedImage(image, theta, lesion, torch.tensor([0.25, 0.75]), torch.tensor([0.6, 0.4]), label)


def panels(samples, **options):
    figure = explained_figure(samples, ["normal", "abnormal"], **options)
    return np.array(figure.axes[: 3 * len(samples)]).reshape(3, len(samples))


def shown(axis) -> np.ndarray:
    return np.asarray(axis.images[0].get_array())


@pytest.mark.parametrize("channels", [1, 3])
def test_image_and_theta_are_shown_in_rows_and_columns(channels):
    one = sample(channels)
    one.image[:, 3, 1] = 1.0
    column = panels([one])[:, 0]
    pixels = shown(column[0]).reshape(HEIGHT, WIDTH, channels)
    assert (pixels[1, 3] == 1).all()
    assert (pixels == 1).sum() == channels
    assert np.array_equal(shown(column[1]), one.theta[0].numpy().T)


def test_theta_is_shown_on_the_fixed_scale_from_0_to_1():
    assert panels([sample()])[1, 0].images[0].get_clim() == (0, 1)


def test_contours_mark_the_top_k_and_the_lesion():
    outlined = shown(panels([sample()])[2, 0])
    yellow = np.isclose(outlined, [1.0, 0.9, 0.0]).all(axis=2)
    blue = np.isclose(outlined, [0.0, 0.8, 1.0]).all(axis=2)
    assert np.argwhere(yellow).tolist() == [[y, 3] for y in range(6)]
    assert np.argwhere(blue).tolist() == [[1, 9]]
    assert np.isclose(outlined[~yellow & ~blue], 0.5).all()


def test_k_sets_how_many_pixels_are_marked():
    yellow = np.isclose(shown(panels([sample()], k=1)[2, 0]), [1.0, 0.9, 0.0]).all(axis=2)
    assert yellow.sum() == 2  # 128 / 64
    assert np.argwhere(yellow)[:, 1].tolist() == [3, 3]


@pytest.mark.parametrize(("label", "name"), [(1, "abnormal"), (0, "normal"), (-1, "unknown")])
def test_the_title_has_label_and_both_answers(label, name):
    title = panels([sample(label=label)])[0, 0].get_title(loc="left")
    assert title.splitlines() == [f"label: {name}", "teacher: abnormal 0.75", "student: normal 0.60"]


def test_there_is_a_column_for_each_image():
    grid = panels([sample(), sample(1, 0), sample(label=-1)])
    assert [axis.get_title(loc="left").splitlines()[0] for axis in grid[0]] == [
        "label: abnormal",
        "label: normal",
        "label: unknown",
    ]
    assert [axis.get_ylabel() for axis in grid[:, 0]] == ["image", "theta", "top K, k = 3"]


def test_a_portrait_beside_a_landscape_stands_at_one_place_in_all_rows():
    tall, wide = sample(), sample()
    turned = (tensor.transpose(1, 2) for tensor in (tall.image, tall.theta, tall.lesion))
    axes = panels([ExplainedImage(*turned, tall.teacher, tall.student, 1), wide])
    axes[0, 0].figure.draw_without_rendering()
    lefts = [axis.get_position().x0 for axis in axes[:, 0]]
    assert lefts == pytest.approx([lefts[0]] * 3, abs=1e-3)


def test_the_figure_can_be_saved(tmp_path):
    explained_figure([sample()], ["normal", "abnormal"]).savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")


def test_a_flat_theta_has_no_top_k_and_says_so():
    flat = ExplainedImage(
        torch.full((3, 32, 32), 0.25), torch.full((1, 32, 32), 0.5), torch.zeros(1, 32, 32), *2 * [torch.ones(2) / 2], 0
    )
    figure = explained_figure([flat], ["normal", "abnormal"])
    panel = figure.axes[2]
    assert panel.get_title(loc="left") == "no top K stands out\nfrom the rest of theta"
    assert (panel.images[0].get_array() == 0.25).all()


def elsewhere(shift: int) -> ExplainedImage:
    """``sample`` with a theta of 0 but for six pixels of the column x = 3, which begin at ``shift``."""
    theta = torch.zeros(1, WIDTH, HEIGHT)
    theta[0, 3, shift : shift + 6] = 0.9
    return sample()._replace(theta=theta)


@pytest.mark.parametrize(
    ("shifts", "warns"),
    [
        ([0], False),
        ([0, 0], True),  # the same six pixels
        ([0, 1], True),  # 5 of 7 are shared
        ([0, 2], False),  # 4 of 8
        ([0, 0, 2], True),  # (1 + 1/2 + 1/2) / 3
    ],
)
def test_a_map_of_one_place_is_warned_of(shifts, warns):
    figure = explained_figure([elsewhere(shift) for shift in shifts], ["normal", "abnormal"])
    assert ("Caution: these are mostly the same pixels in every image" in figure.get_supxlabel()) == warns


def test_images_without_evidence_or_of_another_size_share_no_place():
    flat = sample()._replace(theta=torch.full((1, WIDTH, HEIGHT), 0.5))
    wide = elsewhere(0)._replace(theta=torch.nn.functional.pad(elsewhere(0).theta, (0, 0, 0, WIDTH)))
    wide = wide._replace(image=torch.zeros(3, 2 * WIDTH, HEIGHT), lesion=torch.zeros(1, 2 * WIDTH, HEIGHT))
    assert "Caution" not in explained_figure([flat, flat, elsewhere(0), wide], ["normal", "abnormal"]).get_supxlabel()
