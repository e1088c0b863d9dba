# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import TracebackType

__all__ = ["InputError", "OneLineError", "TrainingError", "one_line", "report_errors_in_one_line"]


INTERRUPTED = "interrupted; the same command goes on where it can, a training or a comparison with --resume"


class OneLineError(Exception):
    """An error whose message is one line that says all a user needs."""


class InputError(OneLineError, ValueError):
    """Something the user gave does not fit; the message names the argument or file and its value."""


class TrainingError(OneLineError, RuntimeError):
    """Training can't go on; the message says where it stopped and why."""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def one_line(error: BaseException) -> str:
    """Say in one line what went wrong: the innermost :class:`OneLineError`, else the first cause of all."""
    causes = list(_causes(error))
    clear = [cause for cause in causes if isinstance(cause, OneLineError)]
    cause = clear[-1] if clear else causes[-1]
    text = next(iter(str(cause).splitlines()), "")
    return text if clear else f"{type(cause).__name__}: {text}"


def report_errors_in_one_line() -> None:
    """Print an uncaught :class:`OneLineError` as one line, without the layers that a MONAI config wraps around it.

    Installs ``sys.excepthook``; every other exception keeps its traceback, and the exit code stays non-zero.
    """
    previous = sys.excepthook
    if getattr(previous, "reports_in_one_line", False):
        return

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            print(INTERRUPTED, file=sys.stderr)
        elif any(isinstance(cause, OneLineError) for cause in _causes(error)):
            print(f"error: {one_line(error)}", file=sys.stderr)
        else:
            previous(kind, error, trace)

    hook.reports_in_one_line = True  # type: ignore[attr-defined]
    sys.excepthook = hook
