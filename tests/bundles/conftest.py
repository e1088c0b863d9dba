# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""The fundus bundle on a few tiny images, run in this process or in one forked from a warm server."""

from __future__ import annotations

import csv
import json
import logging
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from monai.bundle import ConfigWorkflow, load, verify_net_in_out
from monai.utils import set_determinism

from monai_medtex.data import write_synthetic_fundus, write_synthetic_volumes
from monai_medtex.handlers import explained_images
from monai_medtex.inferers import has_fast_bfloat16
from monai_medtex.networks import BlockCNN, ExplainedClassifier, Explainer
from monai_medtex.utils import InputError, OneLineError

BUNDLE = Path(__file__).resolve().parents[2] / "bundles" / "medtex_fundus"
COUNTS = {"training": 24, "validation": 8, "test": 8}
TINY = {"image_size": 32, "epochs": 2, "teacher_epochs": 1, "batch_size": 8}


class Run(NamedTuple):
    """A training that is over, with the names of the files that it left."""

    folder: Path
    home: Path
    files: frozenset[str]


def config_files(*names: str) -> list[str]:
    """Paths of the bundle's configs; what has a folder already is kept."""
    return [name if "/" in name else str(BUNDLE / "configs" / f"{name}.json") for name in names]


def run_bundle(run_id: str, *names: str, **override: object) -> ConfigWorkflow:
    """What ``python -m monai.bundle run`` does, without its logging and inside this process."""
    workflow = ConfigWorkflow(config_file=config_files(*names), run_id=run_id, logging_file=False, **override)
    workflow.initialize()
    workflow.run()
    workflow.finalize()
    return workflow


def run_folder(workflow: ConfigWorkflow) -> Path:
    return Path(workflow.parser.get_parsed_content("run_dir"))


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(autouse=True)
def bundle_home(tmp_path, monkeypatch) -> Path:
    """Keep what a bundle writes below the test's own folder, and what it changes in this process to the test."""
    home = tmp_path / "home"
    monkeypatch.setenv("MONAI_MEDTEX_HOME", str(home))
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield home
    set_determinism(None)


@pytest.fixture(scope="session")
def bundle_dir() -> Path:
    return BUNDLE


@pytest.fixture(scope="session")
def configs() -> Callable[..., list[str]]:
    return config_files


@pytest.fixture(scope="session")
def fundus(tmp_path_factory) -> Path:
    """A data set with training, validation and test images of 32 pixels, labels and masks."""
    return write_synthetic_fundus(tmp_path_factory.mktemp("data"), size=TINY["image_size"], counts=COUNTS)


@pytest.fixture(scope="session")
def volumes(tmp_path_factory) -> Path:
    """A data set of volumes of 24 voxels, with labels and masks."""
    counts = {"training": 6, "validation": 2, "test": 4}
    return write_synthetic_volumes(tmp_path_factory.mktemp("data"), 24, counts)


@pytest.fixture
def copied(volumes, tmp_path) -> Path:
    """A copy of the volumes, to be changed."""
    return Path(shutil.copytree(volumes, tmp_path / "copied"))


@pytest.fixture
def relisted(fundus, tmp_path) -> Callable[[Callable[[dict], dict]], Path]:
    """Copy the tiny images beside a changed data list."""

    def change(listed: Callable[[dict], dict]) -> Path:
        copy = Path(shutil.copytree(fundus, tmp_path / "relisted"))
        sections = json.loads((copy / "datalist.json").read_text())
        (copy / "datalist.json").write_text(json.dumps(listed(sections)))
        return copy

    return change


@pytest.fixture(scope="session")
def train_once(tmp_path_factory) -> Callable[..., Run]:
    """Train for several tests, in a home of its own."""

    def start(*names: str, **override: object) -> Run:
        home = tmp_path_factory.mktemp("trained")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MONAI_MEDTEX_HOME", str(home))
            patch.setattr(sys, "excepthook", sys.excepthook)
            patch.setattr(sys, "path", [*sys.path])
            folder = run_folder(run_bundle("training", *names, **override))
        return Run(folder, home, frozenset(files_in(folder)))

    return start


@pytest.fixture
def bundle(monkeypatch, tmp_path) -> Callable[..., ConfigWorkflow]:
    """Run the bundle in this process, from an empty working directory."""
    workplace = tmp_path / "workplace"
    workplace.mkdir()
    monkeypatch.chdir(workplace)
    return run_bundle


@pytest.fixture
def train(bundle, fundus) -> Callable[..., Path]:
    """Train on the tiny images and give the run's folder."""

    def start(*names: str, **override: object) -> Path:
        settings = {"dataset_dir": str(fundus), **TINY, **override}
        return run_folder(bundle("training", *(names or ["train"]), **settings))

    return start


@pytest.fixture(scope="session")
def trained(train_once, fundus) -> Run:
    """A run of train.json alone, in the precision that is not this machine's default."""
    return train_once("train", dataset_dir=str(fundus), amp=not has_fast_bfloat16("cpu"), **TINY)


@pytest.fixture(scope="session")
def teacher_ckpt(trained) -> str:
    """Weights of a teacher of the tiny images."""
    (path,) = (trained.home / "teachers").glob("*.pt")
    return str(path)


@pytest.fixture
def network(trained) -> ExplainedClassifier:
    """The pair of the finished run."""
    network = ExplainedClassifier(Explainer(2, 3, 3), BlockCNN(2, 3, 2, (2, 4, 8, 16)))
    network.load_state_dict(torch.load(trained.folder / "model.pt", weights_only=True))
    return network.eval()


@pytest.fixture
def checked() -> Callable[[Path, ExplainedClassifier, torch.Tensor], None]:
    """Check a downloaded bundle with MONAI's own commands: its network answers images as another does."""

    def check(root: Path, network: ExplainedClassifier, images: torch.Tensor) -> None:
        metadata, inference = (str(root / "configs" / f"{name}.json") for name in ("metadata", "inference"))
        verify_net_in_out("network_def", meta_file=metadata, config_file=inference, device="cpu")
        loaded = load(root.name, bundle_dir=root.parent, workflow_type="inference", device="cpu").eval()
        with torch.no_grad():
            assert torch.equal(loaded(images), network(images))
            assert torch.equal(loaded.explain(images), network.explain(images))

    return check


@pytest.fixture
def logged_terms() -> Callable[[Path], set[str]]:
    """Name the terms of the loss that a run has logged."""

    def names(run: Path) -> set[str]:
        with (run / "metrics.csv").open(newline="") as file:
            return {name for name in csv.DictReader(file).fieldnames if name.startswith("loss_")}

    return names


@pytest.fixture
def no_figure(monkeypatch) -> None:
    """Drawing takes longer than the rest."""
    monkeypatch.setattr(explained_images, "has_matplotlib", False)


@pytest.fixture
def logging_kept() -> Iterator[None]:
    """Undo what a bundle's logging.conf does to this process."""
    loggers = [logging.getLogger(name) for name in (None, "monai_medtex", "ignite")]
    states = [(logger, logger.level, logger.propagate, logger.handlers[:]) for logger in loggers]
    yield
    for logger, level, propagate, handlers in states:
        logger.setLevel(level)
        logger.propagate = propagate
        logger.handlers[:] = handlers


class OneLine:
    """The one line that a user would read."""

    text = ""


@pytest.fixture
def one_line() -> Callable[..., AbstractContextManager[OneLine]]:
    """Expect an error that says in one line what is wrong, below the layers that MONAI wraps around it."""

    @contextmanager
    def expect(*words: str, kind: type[OneLineError] = InputError) -> Iterator[OneLine]:
        line = OneLine()
        with pytest.raises((OneLineError, RuntimeError)) as caught:
            yield line
        causes, error = [], caught.value
        while error is not None:
            causes.append(error)
            error = error.__cause__ or error.__context__
        (clear,) = [cause for cause in causes if isinstance(cause, OneLineError)]
        line.text = str(clear)
        assert type(clear) is kind
        assert "\n" not in line.text
        assert all(word in line.text for word in words), line.text

    return expect
