# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""What MONAI's ``--tracking mlflow`` logs of a run.

MONAI appends its :class:`monai.handlers.MLFlowHandler` to the lists of handlers in a config; the functions here say
what they log, and under which name. Lists without one are left as they are.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from monai.engines import Workflow
from monai.handlers import MLFlowHandler
from monai.utils import optional_import, path_to_sqlite_uri

from monai_medtex.utils import InputError, home, output_folder

__all__ = ["finish_tracking", "tracked", "tracking_uri"]

PATHS = ("dataset_dir", "teacher_ckpt")  # settings that name folders and files
MAY_DIFFER = ("epochs",)  # when a run is resumed; the handler itself logs max_epochs


def tracking_uri(output_dir: str | os.PathLike | None) -> str:
    """Say where MLflow keeps its database: beside the runs, in ``mlruns.db``.

    MLflow's own reports on its use are switched off, unless ``MLFLOW_DISABLE_TELEMETRY`` says otherwise.

    Args:
        output_dir: where runs are kept; ``runs`` under :func:`monai_medtex.utils.home` if None.

    Raises:
        InputError: When MLflow is missing, or the folder cannot be made.
    """
    if find_spec("mlflow") is None:
        raise InputError("tracking: MLflow is missing: pip install 'monai_medtex[mlflow]'")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    restart, known = optional_import("mlflow.telemetry", name="set_telemetry_client")
    if known:
        restart()
    return path_to_sqlite_uri(output_folder(output_dir or home() / "runs") / "mlruns.db")


def tracked(
    handlers: Sequence[Any],
    run_dir: str | os.PathLike,
    settings: Mapping[str, Any] | None = None,
    prefix: str = "",
) -> list[Any]:
    """Let MLflow's handlers log the figures of each epoch, into the one MLflow run that is named as the run's folder.

    A run that was interrupted goes on in its MLflow run, which :func:`finish_tracking` ends.

    Args:
        handlers: of an engine, not yet attached.
        run_dir: folder of the run.
        settings: to log as parameters, without those that name folders and files.
        prefix: of the figures' names.

    Returns:
        ``handlers``.
    """
    for handler in _trackers(handlers):
        handler.run_name = Path(run_dir).name
        handler.iteration_log = False
        handler.close_on_complete = False
        handler.epoch_logger = _figures_logger(handler, prefix)
        if settings:
            shown = {key: value for key, value in settings.items() if key not in PATHS + MAY_DIFFER}
            handler.experiment_param = shown
    return list(handlers)


def finish_tracking(handlers: Sequence[Any], evaluator: Workflow) -> None:
    """Log the figures of the test, and end the MLflow run.

    Args:
        handlers: of the training.
        evaluator: that has judged the test images.
    """
    for handler in _trackers(handlers):
        _log(handler, "test_", evaluator.state.metrics, 0)
        handler.close()


def _trackers(handlers: Sequence[Any]) -> Iterator[MLFlowHandler]:
    return (handler for handler in handlers if isinstance(handler, MLFlowHandler))


def _figures_logger(handler: MLFlowHandler, prefix: str) -> Callable[[Any], None]:
    return lambda engine: _log(handler, prefix, engine.state.metrics, engine.state.epoch)


def _log(handler: MLFlowHandler, prefix: str, metrics: Mapping[str, Any], step: int) -> None:
    """Log what is a number; what is not known, such as an overlap without a lesion, is none."""
    if handler.cur_run is None:
        return
    for name, value in metrics.items():
        if isinstance(value, (int, float)) and not math.isnan(value):
            handler.client.log_metric(handler.cur_run.info.run_id, f"{prefix}{name}", float(value), step=step)
