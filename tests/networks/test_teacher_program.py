# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from monai_medtex.networks import (
    BlockCNN,
    FrozenTeacher,
    adapt_teacher,
    load_weights,
    open_exported,
    open_torchscript,
    tap_layers,
)
from monai_medtex.networks.layer_taps import check_layers
from monai_medtex.utils import InputError

SHAPE = (3, 16, 16)


@pytest.fixture
def network() -> BlockCNN:
    torch.manual_seed(0)
    return BlockCNN(2, 3, 2, (2, 4)).eval()


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(5, *SHAPE)


def exported(folder: Path, network: torch.nn.Module, batch: int | None = None) -> Path:
    """Export for any number of images, or for a fixed one."""
    shapes = None if batch else ({0: torch.export.Dim.DYNAMIC},)
    program = torch.export.export(network, (torch.rand(batch or 2, *SHAPE),), dynamic_shapes=shapes)
    torch.export.save(program, folder / "teacher.pt2")
    return folder / "teacher.pt2"


def scripted(folder: Path, network: torch.nn.Module, change: Callable = lambda script: script) -> Path:
    change(torch.jit.script(network)).save(folder / "teacher.ts")
    return folder / "teacher.ts"


def rewritten(path: Path, change: Callable[[str, bytes], bytes], added: dict[str, bytes] | None = None) -> Path:
    """Copy an archive with other content."""
    copy = path.with_name("changed.pt2")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, content in (added or {}).items():
            new.writestr(name, content)
    return copy


class Evil:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, trace: Path):
        self.trace = trace

    def __reduce__(self):
        return (Path.touch, (self.trace,))


@pytest.mark.parametrize("batch", [None, 1, 2])
def test_an_exported_teacher_answers_any_number_of_images(tmp_path, network, images, batch):
    teacher = open_exported(exported(tmp_path, network, batch))
    for count in (1, 2, 5):
        assert torch.allclose(teacher(images[:count]), network(images[:count]), atol=1e-6)


def test_the_layers_of_an_exported_teacher_keep_their_names(tmp_path, network, images):
    teacher = FrozenTeacher(open_exported(exported(tmp_path, network)), ["block1", "block2.0"])
    logits, maps = teacher.tap(images)
    with torch.no_grad(), tap_layers(network, ["block1", "block2.0"]) as expected:
        assert torch.allclose(logits, network(images), atol=1e-6)
    for taught, name in zip(maps, ("block1", "block2.0"), strict=True):
        assert torch.allclose(taught, expected[name], atol=1e-6)
    assert [name for name, _ in teacher.network.named_parameters()] == [name for name, _ in network.named_parameters()]


def test_an_exported_teacher_of_a_fixed_batch_is_not_tapped_and_says_why(tmp_path, network):
    teacher = open_exported(exported(tmp_path, network, 2))
    with pytest.raises(InputError, match=r"teacher\.pt2, exported for a fixed batch of 2\) cannot be tapped"):
        FrozenTeacher(teacher, ["block1"])


def test_an_exported_teacher_moves_as_a_whole(tmp_path, network):
    teacher = open_exported(exported(tmp_path, network)).to(torch.float64)
    assert teacher(torch.rand(2, *SHAPE, dtype=torch.float64)).dtype == torch.float64


@pytest.mark.parametrize("change", [lambda script: script, torch.jit.freeze], ids=["scripted", "frozen"])
def test_a_torchscript_teacher_answers_but_cannot_be_tapped(tmp_path, network, images, change):
    teacher = open_torchscript(scripted(tmp_path, network, change))
    frozen = FrozenTeacher(teacher)
    assert torch.allclose(frozen(images), network(images), atol=1e-6)
    with pytest.raises(InputError, match=r"names 'block1', but the layers of TorchScriptTeacher\(teacher.ts\) cannot"):
        check_layers(teacher, ["block1"], "teacher layers")


@pytest.mark.parametrize("kind", ["exported", "scripted"])
def test_programs_let_gradients_through_run_in_bfloat16_and_can_be_adapted(tmp_path, network, images, kind):
    path = exported(tmp_path, network) if kind == "exported" else scripted(tmp_path, network)
    teacher = (open_exported if kind == "exported" else open_torchscript)(path)
    FrozenTeacher(teacher)
    x = images.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(teacher(x).sum(), x)
    y = images.clone().requires_grad_()
    assert torch.allclose(gradient, torch.autograd.grad(network(y).sum(), y)[0], atol=1e-5)
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        assert torch.allclose(teacher(images).float(), network(images).float(), atol=0.05)
    adapted = adapt_teacher(teacher, {"spatial_size": 16, "channels": 3})
    grey = torch.rand(2, 1, 8, 8)
    with torch.no_grad():
        doubled = torch.nn.functional.interpolate(grey.expand(-1, 3, -1, -1), size=(16, 16), mode="bilinear")
        assert torch.allclose(adapted(grey), network(doubled), atol=1e-5)


@pytest.mark.parametrize("kind", ["exported", "scripted"])
def test_no_other_weights_are_loaded_into_a_program(tmp_path, network, images, kind):
    path = exported(tmp_path, network) if kind == "exported" else scripted(tmp_path, network)
    teacher = (open_exported if kind == "exported" else open_torchscript)(path)
    load_weights(teacher, path)
    assert torch.allclose(teacher(images), network(images), atol=1e-6)


@pytest.mark.parametrize("opener", [open_exported, open_torchscript])
def test_files_that_are_no_program_are_named(tmp_path, opener):
    path = tmp_path / "teacher.pt"
    torch.save({"weight": torch.zeros(1)}, path)
    (tmp_path / "garbage").write_bytes(b"garbage")
    for file in (path, tmp_path / "garbage", tmp_path / "missing", None):
        with pytest.raises(InputError) as caught:
            opener(file)
        assert "teacher_ckpt" in str(caught.value)
        assert str(file or "--teacher_ckpt") in str(caught.value)
        assert "\n" not in str(caught.value)


def test_images_that_do_not_fit_are_named_in_one_line(tmp_path, network):
    for teacher in (open_exported(exported(tmp_path, network)), open_torchscript(scripted(tmp_path, network))):
        with pytest.raises(InputError, match=r"fails on \(2, 1, 16, 16\): ") as caught:
            teacher(torch.rand(2, 1, 16, 16))
        assert "\n" not in str(caught.value)


def test_a_program_in_training_mode_is_refused(tmp_path, network):
    path = exported(tmp_path, network.train())
    with pytest.raises(InputError, match="exported in training mode"):
        open_exported(path)


def test_pickled_sample_inputs_are_refused_before_they_run(tmp_path, network):
    content = io.BytesIO()
    torch.save(((Evil(tmp_path / "trace"),), {}), content)
    path = exported(tmp_path, network)
    changed = rewritten(path, lambda name, old: content.getvalue() if name.endswith("inputs/model.pt") else old)
    with pytest.raises(InputError, match=r"data/sample_inputs/model\.pt, which does not load with weights_only \(it "):
        open_exported(changed)
    assert not (tmp_path / "trace").exists()
    torch.load(io.BytesIO(content.getvalue()), weights_only=False)
    assert (tmp_path / "trace").exists()  # so it would have run


@pytest.mark.parametrize("part", ["weights", "constants"])
def test_pickled_weights_and_constants_are_refused_before_they_run(tmp_path, network, part):
    member = "weight_0" if part == "weights" else "opaque_obj_0"

    def marked(name: str, content: bytes) -> bytes:
        if name.endswith(f"{part}_config.json"):
            payload = {"path_name": member, "is_param": False, "use_pickle": True, "tensor_meta": None}
            return json.dumps({"config": {"block1.0.weight": payload}}).encode()
        return content

    path = exported(tmp_path, network)
    added = {"teacher/data/constants/opaque_obj_0": pickle.dumps(Evil(tmp_path / "trace"))}
    with pytest.raises(InputError, match=member):
        open_exported(rewritten(path, marked, added if part == "constants" else None))
    assert not (tmp_path / "trace").exists()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_record_that_comes_twice_is_refused(tmp_path, network):
    """A reader that tells no capitals apart would take the one that comes first."""
    path = exported(tmp_path, network)
    twice = {"Teacher/data/weights/weight_0": b"another", "teacher/data/weights/weight_0": b""}
    for name, content in twice.items():
        with pytest.raises(InputError, match="two records of one name"):
            open_exported(rewritten(path, lambda _, old: old, {name: content}))


def test_compiled_code_is_refused(tmp_path, network):
    path = rewritten(
        exported(tmp_path, network), lambda _, content: content, {"teacher/data/aotinductor/model/a.so": b""}
    )
    with pytest.raises(InputError, match=r"data/aotinductor/model/a\.so, which is no part"):
        open_exported(path)
