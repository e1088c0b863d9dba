# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import stat
import sys
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from monai_medtex.networks import ExplainedClassifier
from monai_medtex.sharing import receive
from monai_medtex.utils import InputError

METADATA = "net/configs/metadata.json"
LOUD = b'{"version": "$print(1)", not even JSON'
Members = dict[str | zipfile.ZipInfo, bytes]


class Evil:
    """Makes a folder when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("unpickled",)


@pytest.fixture
def zip_of(tmp_path) -> Callable[..., Path]:
    def write(members: Members) -> Path:
        path = tmp_path / "net_v1.0.0.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of names that come twice
            for name, content in {METADATA: LOUD, **members}.items():
                archive.writestr(name, content)
        return path

    return write


@pytest.fixture
def refused(tmp_path, monkeypatch) -> Iterator[Callable[..., None]]:
    """Expect one line, and nothing left behind."""
    workplace = tmp_path / "workplace"
    workplace.mkdir()
    monkeypatch.chdir(workplace)

    def check(path: Path, *words: str, **options: int) -> None:
        with pytest.raises(InputError) as caught:
            receive(path, tmp_path / "new" / "bundles", **options)
        line = str(caught.value)
        assert "\n" not in line
        assert all(word in line for word in words), line

    yield check
    assert {path.name for path in tmp_path.iterdir()} <= {"net_v1.0.0.zip", "workplace"}
    assert not list(workplace.iterdir())


def test_a_bundle_is_unpacked_as_it_is_and_neither_run_nor_parsed(zip_of, tmp_path, network, saved):
    weights = saved(network.state_dict())
    script = zipfile.ZipInfo("net/scripts/run.sh")
    script.external_attr = (stat.S_IFREG | 0o4777) << 16
    path = zip_of({"net/": b"", "net/models/model.pt": weights, script: b"rm -r x", "net/LICENSE": b"x"})
    folder = receive(path, tmp_path / "bundles")
    assert folder == tmp_path / "bundles" / "net"
    assert (folder / "configs" / "metadata.json").read_bytes() == LOUD
    assert (folder / "models" / "model.pt").read_bytes() == weights
    assert not os.stat(folder / "scripts" / "run.sh").st_mode & (stat.S_IXUSR | stat.S_ISUID)
    assert [path.name for path in folder.parent.iterdir()] == ["net"]


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "net/../../x",
        "/etc/x",
        "net/./x",
        "net//x",
        "C:/x",
        "net\\..\\..\\x",
        "net/a:b",
        "net/a\nb",
        "net/" + 300 * "a",
    ],
)
def test_paths_that_escape(zip_of, refused, name):
    refused(zip_of({name: b"x"}), "zip_file")


@pytest.mark.parametrize(
    ("kind", "word"), [(stat.S_IFLNK, "symbolic link"), (stat.S_IFIFO, "neither"), (stat.S_IFBLK, "neither")]
)
def test_links_and_devices(zip_of, refused, kind, word):
    member = zipfile.ZipInfo("net/link")
    member.external_attr = (kind | 0o777) << 16
    refused(zip_of({member: b"/etc/passwd"}), "net/link", word)


def test_too_much_by_what_the_members_declare(zip_of, refused):
    zeros = bytes(2**20)
    refused(zip_of({"net/a": zeros, "net/b": zeros}), "declare", "max_megabytes", max_megabytes=1)


def test_too_much_by_what_the_members_hold(zip_of, refused):
    """The sizes in both headers of the last member say one byte."""
    path = zip_of({"net/a": bytes(2**20)})
    content, size = path.read_bytes(), (2**20).to_bytes(4, "little")
    assert content.count(size) == 2
    path.write_bytes(content.replace(size, (1).to_bytes(4, "little")))
    refused(path, "zip_file")


def test_what_is_written_is_counted_itself(zip_of, refused, monkeypatch):
    monkeypatch.setattr(sys.modules[receive.__module__], "check_members", lambda *_: "net")
    refused(zip_of({"net/a": bytes(2**20)}), "net/a", "max_megabytes", max_megabytes=1)


def test_too_many_members(zip_of, refused):
    refused(zip_of({f"net/{number}": b"" for number in range(5)}), "6 members", "max_members", max_members=5)


@pytest.mark.parametrize("twice", [["net/a", "net/A"], ["net/a", "net/a/b"], ["net/configs/Metadata.json"]])
def test_names_that_come_twice(zip_of, refused, twice):
    refused(zip_of(dict.fromkeys(twice, b"x")), "twice")


@pytest.mark.parametrize("name", ["LICENSE", "other/LICENSE"])
def test_what_is_no_bundle(zip_of, refused, name):
    refused(zip_of({name: b"x"}), "configs/metadata.json")


def test_a_zip_that_was_damaged_on_the_way(zip_of, refused):
    path = zip_of({"net/a": b"x" * 1000})
    with zipfile.ZipFile(path) as archive:
        place = archive.getinfo("net/a").header_offset + 30 + len("net/a")
    whole = bytearray(path.read_bytes())
    whole[place] = 0xFF  # no type of block that deflate knows
    path.write_bytes(whole)
    refused(path, "zip_file", "no zip, or a broken one")


@pytest.mark.parametrize("content", [b"", b"no zip", None])
def test_a_broken_zip(zip_of, refused, content):
    path = zip_of({"net/a": b"x" * 1000})
    whole = path.read_bytes()
    broken = whole.replace(b"PK\x03\x04", b"PK\x03\x05") if content is None else content
    path.write_bytes(broken)
    refused(path, "zip_file", "no zip, or a broken one")


@pytest.mark.parametrize("name", ["model.pt", "deep/x.pth", "x.CKPT", "pytorch_model.bin"])
@pytest.mark.parametrize("old", [False, True])
def test_checkpoints_that_would_run_code(zip_of, refused, name, old):
    written = io.BytesIO()
    torch.save({"explainer.x": Evil()}, written, _use_new_zipfile_serialization=not old)
    refused(zip_of({f"net/models/{name}": written.getvalue()}), f"net/models/{name}", "weights_only", "mkdir")


@pytest.mark.parametrize("name", ["net/models/model.pkl", "net/docs/picture.png", "net/LICENSE"])
def test_pickled_objects_whatever_their_name(zip_of, refused, name):
    refused(zip_of({name: pickle.dumps(Evil())}), name, "pickled")


def test_torchscript_under_the_name_of_weights(zip_of, refused, network):
    written = io.BytesIO()
    torch.jit.save(torch.jit.script(network.eval()), written)
    refused(zip_of({"net/models/model.pt": written.getvalue()}), "net/models/model.pt", "weights_only")


def test_a_checkpoint_that_unpacks_to_too_much(zip_of, refused, saved):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/0", bytes(2**21))
    refused(zip_of({"net/models/model.pt": packed.getvalue()}), "net/models/model.pt", "declares", max_megabytes=1)


@pytest.fixture
def program(network) -> bytes:
    class Logits(torch.nn.Module):
        def __init__(self, network: ExplainedClassifier) -> None:
            super().__init__()
            self.network = network

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.network(x)

    written = io.BytesIO()
    torch.export.save(torch.export.export(Logits(network.eval()), (torch.rand(1, 1, 32, 32),)), written)
    return written.getvalue()


def changed(program: bytes, change: Callable[[str, bytes], bytes], **more: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(program)) as old, zipfile.ZipFile(written, "w") as new:
        root = old.namelist()[0].split("/")[0]
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, content in more.items():
            new.writestr(f"{root}/{name}", content)
    return written.getvalue()


def test_exported_programs_with_tensors_alone_are_taken_and_others_refused(zip_of, refused, program, saved, tmp_path):
    name = "net/models/model.pt2"
    evil = saved({"x": Evil()})

    def change(ending: str, content: Callable[[bytes], bytes]) -> bytes:
        return changed(program, lambda record, old: content(old) if record.endswith(ending) else old)

    refused(zip_of({name: change("sample_inputs/model.pt", lambda _: evil)}), name, "weights_only", "mkdir")
    pickled = change(
        "model_weights_config.json", lambda old: old.replace(b'"use_pickle": false', b'"use_pickle": true')
    )
    assert pickled != program
    refused(zip_of({name: pickled}), name, "weights_only")
    for record in ("data/constants/custom_obj_0", "data/constants/opaque_obj_0", "data/aotinductor/model/x.so"):
        refused(zip_of({name: changed(program, lambda _, old: old, **{record: b"x"})}), name, record)
    for text in ("__import__('os').abort() + Symbol('s7')", "open('x')", "Symbol('s7').func(print)", "(exec)('x')"):
        named = json.dumps({"range": [{"expr_str": text}], "guards_code": []}).encode()
        refused(zip_of({name: change("models/model.json", lambda _, named=named: named)}), name, "evaluated")
        named = json.dumps({"guards_code": ["x.size()[0] >= 2", text]}).encode()
        refused(zip_of({name: change("models/model.json", lambda _, named=named: named)}), name, "evaluated")
    refused(zip_of({name: b"x"}), name)
    folder = receive(zip_of({name: program}), tmp_path / "new")
    assert (folder / "models" / "model.pt2").read_bytes() == program
    shutil.rmtree(tmp_path / "new")


def test_what_is_there_is_not_replaced(zip_of, tmp_path):
    folder = receive(zip_of({"net/a": b"old"}), tmp_path / "bundles")
    with pytest.raises(InputError, match="there already"):
        receive(zip_of({"net/a": b"new"}), tmp_path / "bundles")
    assert (folder / "a").read_bytes() == b"old"
    assert [path.name for path in folder.parent.iterdir()] == ["net"]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [((None, "x"), "--zip_file"), (("x.zip", None), "--output_dir"), (("missing.zip", "x"), "missing.zip")],
)
def test_says_what_is_missing(arguments, word):
    with pytest.raises(InputError, match=word):
        receive(*arguments)


@pytest.mark.parametrize("limit", [0, -1, "x", 1.5])
def test_limits_are_whole_numbers(limit):
    with pytest.raises(InputError, match="max_megabytes"):
        receive("x.zip", "x", max_megabytes=limit)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_ways_of_packing(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "net.zip", "w", method) as archive:
        archive.writestr(METADATA, b"{}")
    with pytest.raises(InputError, match="packed in an unusual way"):
        receive(tmp_path / "net.zip", tmp_path / "out")


def test_encrypted_members(tmp_path):
    with zipfile.ZipFile(tmp_path / "net.zip", "w") as archive:
        archive.writestr(METADATA, b"{}")
    content = bytearray((tmp_path / "net.zip").read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + place] |= 1
    (tmp_path / "net.zip").write_bytes(content)
    with pytest.raises(InputError, match="is encrypted"):
        receive(tmp_path / "net.zip", tmp_path / "out")


def test_a_link_that_leads_nowhere_is_not_replaced(tmp_path):
    with zipfile.ZipFile(tmp_path / "net.zip", "w") as archive:
        archive.writestr(METADATA, b"{}")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "net").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match="is there already"):
        receive(tmp_path / "net.zip", tmp_path / "out")
    assert (tmp_path / "out" / "net").is_symlink()
