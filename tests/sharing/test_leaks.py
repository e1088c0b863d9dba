# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import io
import pickle
import zipfile

import pytest
import torch

from monai_medtex.sharing import Confidential, refuse_leaks
from monai_medtex.utils import InputError


def refused(members: dict, confidential: Confidential, *words: str) -> None:
    with pytest.raises(InputError) as caught:
        refuse_leaks(members, confidential)
    line = str(caught.value)
    assert "\n" not in line
    assert all(word in line for word in words), line


def zipped(**files: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return written.getvalue()


@pytest.fixture
def confidential(teacher) -> Confidential:
    return Confidential(["p0012", "p0012.png"], teacher.state_dict())


def test_a_bundle_of_the_deployed_pair_may_leave(network, saved, confidential):
    members = {
        "LICENSE": b"Apache",
        "docs/README.md": "A caf\u00e9's card".encode(),
        "configs/inference.json": b'{"ckpt_path": "models/model.pt"}',
        "models/model.pt": saved(network.state_dict()),
        "models/model.onnx": b"\x08\x07/student/block1/Conv" + network.student.state_dict().__repr__().encode(),
    }
    refuse_leaks(members, confidential)


@pytest.mark.parametrize("name", ["docs/README.md", "configs/inference.json", "scripts/net.py", "LICENSE"])
@pytest.mark.parametrize(("content", "word"), [(b"in /srv/ward/x", "/srv/ward"), (b"like P0012.png", "p0012")])
def test_paths_and_identifiers_in_texts_may_not(name, content, word, confidential):
    refused({name: content}, confidential, name, word)


@pytest.mark.parametrize("name", ["docs/P0012.md", "configs/p0012/x.json"])
def test_nor_in_names_of_files(name, confidential):
    refused({name: b"{}"}, confidential, name)


@pytest.mark.parametrize(("content", "word"), [(b"in /home/jane/x.py", "/home/jane"), (b"like P0012.png", "p0012")])
def test_nor_inside_programs_compressed_or_not(content, word, confidential):
    refused({"models/model.onnx": b"\x00\x12" + content + b"\x00"}, confidential, "models/model.onnx", word)
    refused({"models/model.ts": zipped(code=content)}, confidential, "models/model.ts: code", word)
    refused({"models/model.pt2": zipped(inputs=zipped(code=content))}, confidential, "inputs: code", word)


def test_nor_in_names_inside_programs(confidential):
    refused({"models/model.ts": zipped(**{"extra/P0012.json": b""})}, confidential, "p0012")
    refuse_leaks({"models/model.ts": zipped(**{"model/data/0": zipped(**{"archive/data/0": b""})})}, confidential)


def test_nor_the_teachers_weights_inside_programs(teacher, confidential):
    name, weight = max(teacher.state_dict().items(), key=lambda item: item[1].numel())
    content = weight.numpy().tobytes()
    refused({"models/model.onnx": b"12345" + content}, confidential, "models/model.onnx", name)
    refused({"models/model.pt2": zipped(weight_0=content)}, confidential, "weight_0", name)


def test_nor_the_teachers_weights_among_the_students(network, teacher, saved, confidential):
    name, weight = max(teacher.state_dict().items(), key=lambda item: item[1].numel())
    weights = {**network.state_dict(), "student.head": weight}
    refused({"models/model.pt": saved(weights)}, confidential, "student.head", name)


def test_nor_the_teachers_weights_behind_a_view_of_a_few_of_them(teacher, confidential):
    """A checkpoint holds the whole storage of a tensor, of which three values are shown here."""
    weight = max(teacher.state_dict().values(), key=torch.Tensor.numel)
    written = io.BytesIO()
    torch.save({"student.scale": weight.flatten()[:3]}, written)
    with pytest.raises(InputError, match="holds the teacher's '.*', which must not leave the house"):
        refuse_leaks({"models/extra.pt": written.getvalue()}, confidential)


@pytest.mark.parametrize("key", ["teacher.weight", "vid.0.weight", "weight", "explainers.weight"])
def test_nor_weights_but_of_explainer_and_student(network, saved, confidential, key):
    weights = {**network.state_dict(), key: torch.rand(3)}
    refused({"models/other.pt": saved(weights)}, confidential, "models/other.pt", key)


def test_nor_a_path_as_the_name_of_a_weight(saved, confidential):
    refused({"models/model.pt": saved({"student.P0012": torch.rand(3)})}, confidential, "p0012")


class Object:
    pass


def test_nor_pickled_objects(saved, confidential):
    refused({"models/model.pt": saved({"student.x": Object()})}, confidential, "models/model.pt", "pickled")
    refused({"models/model.pt": saved({"student.x": 3})}, confidential, "student.x", "int")
    refused({"models/model.pt": saved([torch.rand(3)])}, confidential, "list")
    refused({"models/model.pt": pickle.dumps({"a": 1})}, confidential, "models/model.pt")
    refused({"docs/cache.pkl": pickle.dumps({"a": 1})}, confidential, "docs/cache.pkl")
    refused({"docs/cache.txt": pickle.dumps({"a": 1.5})}, confidential, "docs/cache.txt")


@pytest.mark.parametrize(
    "name", ["docs/events.out.tfevents.1.host.0", "docs/explained.png", "models/model", "x/LICENSE"]
)
def test_nor_event_files_and_pictures(name, confidential):
    refused({name: b"x"}, confidential, name)
