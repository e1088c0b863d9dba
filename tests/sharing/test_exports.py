# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pytest
import torch

from monai_medtex.sharing import bare_exports
from monai_medtex.utils import InputError

SECRET = 0.3721


@pytest.fixture
def example() -> torch.Tensor:
    return torch.full((1, 1, 32, 32), SECRET)


def records(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def names_this_machine(content: bytes) -> bool:
    here = str(Path(torch.__file__).parent).encode()
    return any(here in record for record in records(content).values())


def test_torchscript_comes_without_the_places_of_its_sources(network, run, example):
    torch.jit.save(torch.jit.script(network.eval()), run / "model.ts")
    assert names_this_machine((run / "model.ts").read_bytes())
    content = bare_exports(run)["models/model.ts"]
    assert not names_this_machine(content)
    loaded = torch.jit.load(io.BytesIO(content))
    assert torch.equal(loaded(example), network(example))
    assert torch.equal(loaded.explain(example), network.explain(example))


def test_exported_programs_come_without_traces_and_without_the_example_image(network, run, example):
    path = run / "exports" / "model.pt2"
    path.parent.mkdir()
    torch.export.save(torch.export.export(network.eval(), (example,)), path)
    assert names_this_machine(path.read_bytes())
    content = bare_exports(run)["models/model.pt2"]
    assert not names_this_machine(content)
    loaded = torch.export.load(io.BytesIO(content))
    assert not loaded.example_inputs[0][0].any()
    assert torch.equal(loaded.module()(example), network(example))


def test_exported_programs_may_have_no_example_images(network, run, example):
    program = torch.export.export(network.eval(), (example,))
    program._example_inputs = None
    torch.export.save(program, run / "model.pt2")
    loaded = torch.export.load(io.BytesIO(bare_exports(run)["models/model.pt2"]))
    assert loaded.example_inputs is None
    assert torch.equal(loaded.module()(example), network(example))


def test_onnx_comes_without_traces(run):
    onnx = pytest.importorskip("onnx")
    node = onnx.helper.make_node("Relu", ["x"], ["y"])
    entry = node.metadata_props.add()
    entry.key, entry.value = "pkg.torch.onnx.stack_trace", 'File "/home/jane/net.py"'
    value = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xy"]
    model = onnx.helper.make_model(onnx.helper.make_graph([node], "net", value[:1], value[1:]))
    onnx.save(model, run / "model.onnx")
    content = bare_exports(run)["models/model.onnx"]
    assert b"jane" in (run / "model.onnx").read_bytes()
    assert b"jane" not in content
    assert onnx.load_model_from_string(content).graph.node[0].op_type == "Relu"


def test_a_run_without_exports_has_none(run):
    assert bare_exports(run) == {}


@pytest.mark.parametrize("name", ["model.ts", "model.pt2"])
def test_says_in_one_line_that_an_export_is_broken(run, name):
    (run / name).write_bytes(b"broken")
    with pytest.raises(InputError, match=re.escape(name)) as caught:
        bare_exports(run)
    assert "\n" not in str(caught.value)
