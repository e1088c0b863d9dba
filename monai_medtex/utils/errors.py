# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import TracebackType

__all__ = ["InputError", "OneLineError", "TrainingError", "report_errors_in_one_line"]


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


def report_errors_in_one_line() -> None:
    """Print an uncaught :class:`OneLineError` as one line, without the layers that a MONAI config wraps around it.

    Installs ``sys.excepthook``; every other exception keeps its traceback, and the exit code stays non-zero.
    """
    previous = sys.excepthook
    if getattr(previous, "reports_in_one_line", False):
        return

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        clear = [cause for cause in _causes(error) if isinstance(cause, OneLineError)]
        if issubclass(kind, KeyboardInterrupt):
            print("interrupted; the same command with --resume goes on with this run", file=sys.stderr)
        elif clear:
            print(f"error: {clear[-1]}", file=sys.stderr)
        else:
            previous(kind, error, trace)

    hook.reports_in_one_line = True  # type: ignore[attr-defined]
    sys.excepthook = hook
