# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from pathlib import Path

import torch
from monai.transforms import LoadImaged
from PIL import Image

from monai_medtex.comparison import Judge, JudgedImage, Method, Task
from monai_medtex.comparison.figured import compared_images
from monai_medtex.comparison.records import write_record
from monai_medtex.data import LoadLesionMaskd, PlainPILReader


def test_images_that_the_teacher_gets_right_come_first_at_their_own_resolution(tmp_path: Path) -> None:
    data, images, rows, maps, entries = tmp_path / "data", [], [], {}, []
    data.mkdir()
    for number, (lesion, teacher_class) in enumerate([(False, 1), (True, 0), (True, 1)]):
        name = f"{number}.png"
        Image.new("L", (1200, 600), color=51 * number).save(data / name)
        mask = torch.full((1, 1200, 600), lesion)
        images.append(JudgedImage(name, "", 1, torch.zeros(1, 16, 16), mask))
        rows.append({"image": name, "label": 1, "teacher_class": teacher_class})
        maps[name] = torch.full((1, 16, 16), float(number))
        entries.append({"image": str(data / name), "label": 1})
    done = [Task(Method("A", (), True, True, (0.5,)), 0.5, 3), Task(Method("A", (), True, True, (0.5,)), 0.5, 4)]
    for task in done:
        write_record(tmp_path / task.folder, rows, maps if task.seed == 3 else {}, {})
    content = {
        "dataset_dir": str(data),
        "test#data": entries,
        "read_image": [LoadImaged("image", reader=PlainPILReader(), ensure_channel_first=True), LoadLesionMaskd()],
    }
    shown = compared_images(tmp_path, done, Judge(images, images, []), content.__getitem__)
    # with a lesion and right, with a lesion and wrong, without lesion
    assert [image.name for image in shown] == ["2.png", "1.png", "0.png"]
    assert shown[0].image.shape == (1, 512, 256)
    assert torch.allclose(shown[0].image, torch.tensor(102 / 255))
    assert shown[0].maps["A"].shape == (1, 512, 256)
    assert shown[0].maps["A"].unique().item() == 2.0


def test_without_maps_there_is_nothing_to_show(tmp_path: Path) -> None:
    task = Task(Method("A", (), True, False, (0.5,)), 0.5, 0)
    write_record(tmp_path / task.folder, [{"image": "a"}], {}, {})
    assert compared_images(tmp_path, [task], Judge([], [], []), {}.__getitem__) == []
