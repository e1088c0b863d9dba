# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import io
import pickle
import zipfile

import pytest
import torch

from monai_medtex.sharing.received_files import check_files
from monai_medtex.utils import InputError


class Evil:
    def __reduce__(self):
        return print, ("unpickled",)


def folder_with(tmp_path, name, content):
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / name).write_bytes(content)
    return tmp_path / "net"


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickled_objects_of_every_protocol_whatever_their_name(tmp_path, protocol):
    with pytest.raises(InputError, match="notes.txt is a pickled object"):
        check_files(folder_with(tmp_path, "notes.txt", pickle.dumps(Evil(), protocol)), 2**20)


@pytest.mark.parametrize("name", ["x.pkl", "x.pickle", "x.joblib", "x.dill", "X.PKL"])
def test_pickled_objects_without_a_mark_by_their_name(tmp_path, name):
    with pytest.raises(InputError, match=f"{name} is a pickled object"):
        check_files(folder_with(tmp_path, name, pickle.dumps(Evil(), 0)), 2**20)


@pytest.mark.parametrize("name", ["x.pt", "x.pth", "x.ckpt", "x.bin", "x.pth.tar"])
def test_checkpoints_by_all_their_names(tmp_path, name):
    written = io.BytesIO()
    torch.save({"x": Evil()}, written)
    with pytest.raises(InputError, match="does not load with weights_only"):
        check_files(folder_with(tmp_path, name, written.getvalue()), 2**20)


@pytest.mark.parametrize("name", ["x.pt", "x.pt2", "x.PT2"])
def test_archives_that_unpack_to_too_much(tmp_path, name):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/weights/weight_0", bytes(2**21))
    with pytest.raises(InputError, match="declares 2097152 bytes of tensors"):
        check_files(folder_with(tmp_path, name, packed.getvalue()), 2**20)
