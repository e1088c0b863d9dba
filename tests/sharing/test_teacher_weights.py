# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
import torch

from monai_medtex.networks import BlockCNN
from monai_medtex.sharing import teacher_tensors
from monai_medtex.sharing.teacher_weights import copied_bytes, copied_tensor
from monai_medtex.utils import InputError, save_tensors


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("reshaped", [False, True])
def test_a_tensor_of_the_teacher_is_found_under_another_name_shape_and_precision(network, teacher, dtype, reshaped):
    weights, original = network.state_dict(), teacher.state_dict()
    copy = original[_weight(original)].to(dtype)
    weights["student.extra"] = copy.flatten() if reshaped else copy
    assert copied_tensor(weights, original)[0] == "student.extra"


def _weight(weights: dict) -> str:
    return [name for name, tensor in weights.items() if tensor.ndim == 4][1]


def test_networks_of_one_kind_share_no_tensor_although_their_counters_are_alike(teacher):
    other = BlockCNN(2, 1, 3, (8, 8, 8, 16))
    assert {name: tensor.shape for name, tensor in other.state_dict().items()} == {
        name: tensor.shape for name, tensor in teacher.state_dict().items()
    }
    assert copied_tensor(other.state_dict(), teacher.state_dict()) is None


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_the_teachers_bytes_are_found_in_a_binary_file(teacher, dtype):
    weights = teacher.state_dict()
    name = _weight(weights)
    content = b"abc" + weights[name].to(dtype).view(torch.uint8).numpy().tobytes() + b"def"
    assert copied_bytes(content, weights) == name
    assert copied_bytes(BlockCNN(2, 1, 3).state_dict()[_weight(weights)].numpy().tobytes(), weights) is None


@pytest.mark.parametrize("kind", ["bare", "nested", "bundle", "torchscript", "exported"])
def test_the_teacher_is_read_from_whatever_file(teacher, tmp_path, kind):
    path = tmp_path / "teacher.pt"
    if kind == "bare":
        save_tensors(teacher.state_dict(), path)
    elif kind == "nested":
        save_tensors({"model": teacher.state_dict(), "epoch": 3}, path)
    elif kind == "bundle":
        path = tmp_path / "bundle"
        save_tensors(teacher.state_dict(), path / "models" / "model.pt")
    elif kind == "torchscript":
        torch.jit.save(torch.jit.script(teacher.eval()), path)
    else:
        path = tmp_path / "teacher.pt2"
        torch.export.save(torch.export.export(teacher.eval(), (torch.rand(2, 1, 32, 32),)), path)
    found = teacher_tensors(path)
    wanted = {name: tensor for name, tensor in teacher.state_dict().items() if tensor.ndim == 4}
    for name, tensor in wanted.items():
        (same,) = [other for key, other in found.items() if key.endswith(name)]
        assert torch.equal(same, tensor)


@pytest.mark.parametrize("content", [None, b"no weights"])
def test_says_in_one_line_that_the_teacher_can_not_be_read(tmp_path, content):
    path = tmp_path / "teacher.pt"
    if content:
        path.write_bytes(content)
    with pytest.raises(InputError, match="teacher_ckpt: .*teacher.pt") as caught:
        teacher_tensors(path)
    assert "\n" not in str(caught.value)


def test_a_program_that_would_run_code_is_refused_before_it_does(teacher, tmp_path):
    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "trace",))

    path, evil = tmp_path / "teacher.pt2", io.BytesIO()
    torch.export.save(torch.export.export(teacher.eval(), (torch.rand(2, 1, 32, 32),)), path)
    torch.save(((Evil(),), {}), evil)
    with zipfile.ZipFile(path) as plain, zipfile.ZipFile(tmp_path / "evil.pt2", "w") as changed:
        for name in plain.namelist():
            changed.writestr(name, evil.getvalue() if name.endswith("sample_inputs/model.pt") else plain.read(name))
    with pytest.raises(InputError, match="teacher_ckpt: .*evil.pt2 holds .*weights_only"):
        teacher_tensors(tmp_path / "evil.pt2")
    assert not (tmp_path / "trace").exists()
