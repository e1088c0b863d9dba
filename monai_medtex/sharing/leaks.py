# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""What must not leave the house, and how it is found in the files of a bundle."""

from __future__ import annotations

import io
import pickle
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import torch
from torch import Tensor

from monai_medtex.utils import InputError

from .absolute_paths import path_in_binary, path_in_text
from .identifiers import mentioned
from .teacher_weights import copied_bytes, copied_tensor

__all__ = ["Confidential", "Shared", "bare_weights", "refuse_leaks"]

TEXTS = {".json", ".yaml", ".yml", ".md", ".txt", ".conf", ".py", ".csv"}
PROGRAMS = {".ts", ".onnx", ".data", ".pt2"}
PRINTABLE = re.compile(r"[^\x00-\x1f\x7f-\x9f\ufffd]{4,}")


@dataclass(frozen=True)
class Confidential:
    """What a bundle must not hold.

    Attributes:
        names: of images and patients, see :func:`~monai_medtex.sharing.identifiers`.
        teacher: the teacher's weights.
    """

    names: Sequence[str] = ()
    teacher: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Shared:
    """What a bundle's weights may be.

    Attributes:
        contents: what they belong to, for errors.
        prefixes: what their names begin with.
    """

    contents: str = "explainer and student"
    prefixes: Sequence[str] = ("explainer.", "student.")


PAIR = Shared()


def refuse_leaks(members: Mapping[str, bytes], confidential: Confidential, shared: Shared = PAIR) -> None:
    """Refuse a bundle that holds what must not leave the house.

    That is: event files and other files that are no part of a bundle; absolute paths; identifiers of images; the
    teacher's weights, and any weights but those that are shared; pickled objects.

    Args:
        members: the bundle's files by path.
        confidential: what to look for.
        shared: weights that may leave.

    Raises:
        InputError: with the file and the reason.
    """
    for name, content in members.items():
        path = PurePosixPath(name)
        if "tfevents" in path.name:
            raise InputError(f"pack: {name} is an event file, which holds images, and is not packed")
        if path.suffix not in TEXTS | PROGRAMS | {".pt"} and name != "LICENSE":
            raise InputError(f"pack: {name} is no text and no model, and is not packed")
        _refuse_words(name, name, confidential, binary=False)
        if path.suffix == ".pt":
            weights = bare_weights(content, name, shared)
            _refuse_words(name, "\n".join(weights), confidential, binary=True)
            _refuse_weights(name, weights, confidential)
            _refuse_copies(name, content, confidential)
        elif path.suffix in PROGRAMS:
            _refuse_program(name, content, confidential)
        else:
            _refuse_words(name, _decoded(name, content), confidential, binary=False)


def bare_weights(content: bytes, name: str, shared: Shared = PAIR) -> dict[str, Tensor]:
    """Read a state dict that holds the tensors that are shared, and nothing else.

    Args:
        content: of the file.
        name: of the file, for the error.
        shared: whose weights they must be.

    Raises:
        InputError: When it holds anything else.
    """
    try:
        weights = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise InputError(f"pack: {name} holds pickled objects, or is broken, and is not packed") from error
    if not isinstance(weights, dict):
        raise InputError(f"pack: {name} holds a {type(weights).__name__}, not a state dict, and is not packed")
    for key, value in weights.items():
        if not isinstance(value, Tensor):
            raise InputError(f"pack: '{key}' of {name} is a {type(value).__name__}, not a tensor, and is not packed")
        if not str(key).startswith(tuple(shared.prefixes)):
            raise InputError(f"pack: '{key}' of {name} is no weight of {shared.contents}, and is not packed")
    return weights


def _refuse_weights(name: str, weights: Mapping[str, Tensor], confidential: Confidential) -> None:
    copied = copied_tensor(weights, confidential.teacher)
    if copied:
        raise InputError(
            f"pack: '{copied[0]}' of {name} is the teacher's '{copied[1]}', which must not leave the house"
        )


def _refuse_program(name: str, content: bytes, confidential: Confidential) -> None:
    for piece, inside in _pieces(name, content):
        _refuse_words(piece, piece, confidential, binary=False)
        words = "\n".join(PRINTABLE.findall(inside.decode("utf-8", "replace")))
        _refuse_words(piece, words, confidential, binary=True)
    _refuse_copies(name, content, confidential)


def _refuse_copies(name: str, content: bytes, confidential: Confidential) -> None:
    """Look through the bytes too: a file holds the whole storage that a tensor views, whatever it shows of it."""
    for piece, inside in _pieces(name, content):
        copied = copied_bytes(inside, confidential.teacher)
        if copied:
            raise InputError(f"pack: {piece} holds the teacher's '{copied}', which must not leave the house")


def _pieces(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Give a file, or all files in it if it is a zip, as TorchScript files and exported programs are."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        yield name, content
        return
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.infolist():
            yield from _pieces(f"{name}: {member.filename}", archive.read(member))


def _refuse_words(name: str, text: str, confidential: Confidential, binary: bool) -> None:
    path = path_in_binary(text) if binary else path_in_text(text)
    if path:
        raise InputError(f"pack: {name} holds the absolute path {path}, which must not leave the house")
    image = mentioned(text, confidential.names)
    if image:
        raise InputError(f"pack: {name} names an image or a patient, {image}, which must not leave the house")


def _decoded(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"pack: {name} is no text in UTF-8, and is not packed") from error
