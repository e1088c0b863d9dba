# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from torch import nn

from monai_medtex.networks import load_checkpoint, load_weights
from monai_medtex.utils import InputError


class Payload:
    """An object that runs code when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))


def refusal(path, module=None) -> str:
    with pytest.raises(InputError) as caught:
        load_weights(module or network(), path, "teacher_ckpt")
    message = str(caught.value)
    assert message.startswith("teacher_ckpt: ")
    assert str(path) in message
    assert "\n" not in message
    assert "\x1b" not in message
    return message


@pytest.mark.parametrize("key", [None, "model", "network", "state_dict"])
def test_weights_are_found_bare_and_nested(tmp_path, key):
    source, target = network(), network()
    state = source.state_dict()
    torch.save(state if key is None else {key: state, "epoch": 3}, tmp_path / "weights.pt")
    load_weights(target, tmp_path / "weights.pt")
    assert all(torch.equal(tensor, target.state_dict()[name]) for name, tensor in state.items())


def test_an_option_without_a_value():
    with pytest.raises(InputError, match="^ckpt_path must be a path, got True$"):
        load_checkpoint(True, "ckpt_path")


def test_no_file(tmp_path):
    assert refusal(tmp_path / "absent.pt").endswith(f"there is no file {tmp_path / 'absent.pt'}")
    refusal(tmp_path)  # a folder


@pytest.mark.parametrize("kind", ["empty", "text", "half", "pickled object", "whole network"])
def test_what_is_broken_or_more_than_weights_is_refused(tmp_path, kind):
    path = tmp_path / "file.pt"
    match kind:
        case "empty":
            path.touch()
        case "text":
            path.write_text("hello\nworld\n")
        case "half":
            torch.save(network().state_dict(), path)
            path.write_bytes(path.read_bytes()[:500])
        case "pickled object":
            torch.save({"model": network().state_dict(), "more": Payload(tmp_path / "hacked")}, path)
        case "whole network":
            torch.save(network(), path)
    assert refusal(path).endswith("is broken, or holds more than weights, and is not loaded")
    assert not (tmp_path / "hacked").exists()


def test_what_is_no_dict_is_refused(tmp_path):
    torch.save([torch.zeros(2)], tmp_path / "list.pt")
    assert refusal(tmp_path / "list.pt").endswith("holds a list, not a dict of weights")
    with pytest.raises(InputError, match="^checkpoint: "):
        load_checkpoint(tmp_path / "list.pt")


@pytest.mark.parametrize("state", [{"module.0.weight": torch.zeros(3, 2)}, {}])
def test_no_key_fits(tmp_path, state):
    torch.save(state, tmp_path / "other.pt")
    message = refusal(tmp_path / "other.pt")
    assert f"no key of {tmp_path / 'other.pt'} fits Sequential" in message
    assert f"(it has '{next(iter(state), '')}', not '0.weight')" in message


def test_missing_and_unknown_keys_are_counted(tmp_path):
    state = network().state_dict()
    del state["0.bias"]
    torch.save(state | {"2.weight": torch.zeros(1), "2.bias": torch.zeros(1)}, tmp_path / "other.pt")
    assert refusal(tmp_path / "other.pt").endswith("1 keys missing ['0.bias'], 2 unknown ['2.weight', '2.bias']")


@pytest.mark.parametrize(
    ("other", "named"), [(torch.zeros(5, 2), "shape (5, 2)"), (torch.zeros(3), "shape (3,)"), (0.5, "type float")]
)
def test_another_shape_is_named_beside_the_right_one(tmp_path, other, named):
    torch.save(network().state_dict() | {"0.weight": other}, tmp_path / "other.pt")
    assert f"has {named}, but Sequential needs shape (3, 2);" in refusal(tmp_path / "other.pt")


def test_what_does_not_fit_changes_nothing(tmp_path):
    target = network()
    before = {name: tensor.clone() for name, tensor in target.state_dict().items()}
    torch.save(network().state_dict() | {"extra": torch.zeros(1)}, tmp_path / "other.pt")
    refusal(tmp_path / "other.pt", target)
    assert all(torch.equal(tensor, before[name]) for name, tensor in target.state_dict().items())
