# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest

from monai_medtex.utils import InputError, check_at_least, check_between, edge_lengths, given_file, given_path


def test_whole_numbers_from_the_minimum_on_pass():
    check_at_least(1, epochs=1, batch_size=16)
    check_at_least(0, seed=0)


@pytest.mark.parametrize("value", [0, -1, 1.5, "2", None, True])
def test_anything_else_is_named_with_its_value(value):
    with pytest.raises(InputError) as error:
        check_at_least(1, batch_size=16, epochs=value)
    assert str(error.value) == f"epochs must be a whole number of at least 1, got {value}"


def test_passes_numbers_in_range():
    check_between(0, 0.9, share=0, overlap=0.9)


@pytest.mark.parametrize("value", [-0.1, 1, "0.5", True, None, float("nan")])
def test_names_the_number_that_is_out_of_range(value):
    with pytest.raises(InputError, match=f"^overlap must be in 0..0.9, got {value}$"):
        check_between(0, 0.9, overlap=value)


@pytest.mark.parametrize(
    ("value", "lengths"), [(16, [16, 16, 16]), ([32, 16, 48], [32, 16, 48]), ((16,) * 3, [16] * 3)]
)
def test_a_patch_has_three_lengths(value, lengths):
    assert edge_lengths(16, patch_size=value) == lengths


@pytest.mark.parametrize("value", [15, [16, 16], [16, 16, 15], "16", 16.0, None])
def test_other_patches_are_named(value):
    with pytest.raises(InputError, match="^patch_size must be .*, got "):
        edge_lengths(16, patch_size=value)


def test_a_path_may_begin_at_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert given_path(output_dir="~/runs") == given_path(output_dir=tmp_path / "runs") == tmp_path / "runs"


@pytest.mark.parametrize("value", [True, 2024, None, ["a", "b"]])
def test_an_option_without_a_path_is_named(value):
    with pytest.raises(InputError) as error:
        given_path(output_dir=value)
    assert str(error.value) == f"output_dir must be a path, got {value}"


def test_a_file_is_there_or_is_named_as_it_was_given(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "pair.zip").touch()
    assert given_file(zip_file="~/pair.zip") == tmp_path / "pair.zip"
    with pytest.raises(InputError, match=r"^zip_file: there is no file ~/other\.zip$"):
        given_file(zip_file="~/other.zip")
    with pytest.raises(InputError, match="^zip_file: there is no file"):
        given_file(zip_file=tmp_path)
