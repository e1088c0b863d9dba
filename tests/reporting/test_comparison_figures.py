# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import numpy as np
import pytest
import torch

from monai_medtex.reporting import (
    ComparedImage,
    has_matplotlib,
    iou_figure,
    region_figure,
    selection_figure,
    theta_figure,
)

pytestmark = pytest.mark.skipif(not has_matplotlib, reason="needs matplotlib")

WIDTH, HEIGHT = 16, 8  # 128 pixels: k marks 2 k of them
BLUE = [0.0, 0.8, 1.0]


def sample(*methods: str, channels: int = 3, lesion: bool = True) -> ComparedImage:
    """Scores fall along x, then y, from 1 to 0, so that the top K pixels are the first ones; lesion at x = 9, y = 1."""
    scores = torch.linspace(1, 0, WIDTH * HEIGHT).view(1, WIDTH, HEIGHT)
    mask = torch.zeros(1, WIDTH, HEIGHT, dtype=torch.bool)
    mask[0, 9, 1] = lesion
    return ComparedImage("eye", torch.full((channels, WIDTH, HEIGHT), 0.5), mask, dict.fromkeys(methods, scores))


def shown(axis) -> np.ndarray:
    return np.asarray(axis.images[0].get_array())


def white(axis) -> list[tuple[int, int]]:
    """Return (x, y) of the white pixels."""
    return sorted((x, y) for y, x in np.argwhere((shown(axis) == 1).all(axis=2)).tolist())


def blue(axis) -> list[list[int]]:
    return np.argwhere(np.isclose(shown(axis), BLUE).all(axis=2)).tolist()


@pytest.mark.parametrize("channels", [1, 3])
def test_regions_are_white_on_the_dimmed_image_with_the_lesions_contour(channels):
    image, first = region_figure([sample("A", channels=channels)], ["A"]).axes
    assert (shown(image) == 0.5).all()
    assert white(first) == [(0, y) for y in range(8)] + [(1, y) for y in range(4)]  # k = 6: 12 pixels
    assert blue(first) == [[1, 9]]
    assert shown(first)[7, 15].max() < 0.5


def test_regions_have_a_column_for_each_method_in_order_and_a_row_for_each_image():
    figure = region_figure([sample("B", "A"), sample("A", lesion=False)], ["A", "B", "C"])
    axes = np.array(figure.axes).reshape(2, 3)
    assert [axis.get_title() for axis in axes[0]] == ["image", "A", "B"]  # no image has a map of C
    assert [axis.get_ylabel() for axis in axes[:, 0]] == ["eye", "eye"]
    assert not axes[1, 2].images  # the second image has no map of B
    assert blue(axes[1, 1]) == []


def test_many_methods_go_on_in_further_blocks():
    names = [f"m{n}" for n in range(11)]
    axes = np.array(region_figure([sample(*names)], names).axes).reshape(2, 7)
    assert [axis.get_title() for axis in axes.flat] == ["image", *names[:6], "image", *names[6:], ""]
    assert not axes[1, 6].axison


def test_theta_is_shown_on_one_scale_with_the_same_boxes():
    figure = theta_figure([sample("MED-EX", "MED-TEX")])
    panels = figure.axes[:3]
    assert [axis.get_title() for axis in panels] == ["image", "MED-EX", "MED-TEX"]
    assert [axis.images[0].get_clim() for axis in panels[1:]] == [(0, 1), (0, 1)]
    assert shown(panels[1])[0, 0] == 1
    assert shown(panels[1])[7, 15] == 0
    assert shown(panels[1])[7, 0] > shown(panels[1])[0, 15]  # x = 0 comes before x = 15
    for axis in panels:
        (box,) = axis.patches
        assert box.get_x() < 9 < box.get_x() + box.get_width()
        assert box.get_y() < 1 < box.get_y() + box.get_height()
        assert (box.get_width(), box.get_height()) == (2, 2)


def test_without_lesion_there_are_no_boxes():
    assert not any(axis.patches for axis in theta_figure([sample("MED-EX", "MED-TEX", lesion=False)]).axes[:3])


def test_the_selection_grows_with_k():
    axes = selection_figure([sample("MED-TEX")]).axes
    assert [axis.get_title() for axis in axes] == ["lesion", "theta", *(f"k = {k}" for k in range(1, 7))]
    assert blue(axes[0]) == [[1, 9]]
    assert shown(axes[1])[0, 0] == 1
    assert [len(white(axis)) for axis in axes[2:]] == [2, 4, 6, 8, 10, 12]


def table():
    def line(method, base):
        ious = {f"iou_top{k}": base * k for k in range(1, 7)}
        ends = {
            f"iou_top{k}_{end}": base * k + shift
            for k in range(1, 7)
            for end, shift in (("low", -0.01), ("high", 0.02))
        }
        return {"method": method, **ious, **ends}

    return [line("MED-TEX", 0.02), {"method": "broken", "failed": "NaN"}, line("CAM", 0.05)]


def test_bars_are_the_means_with_their_intervals_and_levels():
    figure = iou_figure(table(), {"chance": [0.01] * 6, "ceiling": [0.2] * 6})
    assert len(figure.axes) == 6
    axis = figure.axes[2]
    assert axis.get_title(loc="left") == "k = 3  (chance 0.010, ceiling 0.200)"
    assert [bar.get_width() for bar in axis.patches] == pytest.approx([0.06, 0.15])
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["MED-TEX", "CAM"]
    (whiskers,) = next(bars.errorbar for bars in axis.containers if hasattr(bars, "errorbar")).lines[2]
    ends = [segment[:, 0].tolist() for segment in whiskers.get_segments()]
    assert np.allclose(ends, [[0.05, 0.08], [0.14, 0.17]])
    levels = [line.get_xdata()[0] for line in axis.lines if line.get_linestyle() in ("--", ":")]
    assert levels == [0.01, 0.2]
    assert axis.patches[0].get_facecolor() != axis.patches[1].get_facecolor()
    assert axis.get_xlim() == pytest.approx((0, 1.08 * 0.32))  # the highest end is that of k = 6


def test_a_figure_can_be_saved(tmp_path):
    iou_figure(table(), {"chance": [0.1] * 6, "ceiling": [1] * 6}).savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
