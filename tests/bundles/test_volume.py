# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""The bundle for volumes, on a few tiny ones."""

from __future__ import annotations

import csv
import itertools
import json
import shutil
from functools import partial
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch
from monai.bundle import ConfigWorkflow, verify_metadata, verify_net_in_out
from monai.networks.nets import resnet18

from monai_medtex.data import synthetic
from monai_medtex.handlers import explained_images
from monai_medtex.networks import BlockCNN, ExplainedClassifier, Explainer
from monai_medtex.utils import save_tensors

CONFIGS = Path(__file__).resolve().parents[2] / "bundles" / "medtex_volume" / "configs"
TEACHERS = {path.stem: str(path) for path in CONFIGS.parents[1].glob("medtex_fundus/configs/teachers/*.json")}
TINY = {"patch_size": 16, "patches_per_volume": 1, "epochs": 2, "teacher_epochs": 1, "batch_size": 6, "seed": 1}
WINDOWS = [tuple(slice(start, start + 16) for start in corner) for corner in itertools.product((0, 8), repeat=3)]
AFFINES = {
    "ras": np.diag([2.0, 3, 4, 1]),
    "lps": np.array([[-2.0, 0, 0, 90], [0, -3, 0, 50], [0, 0, 4, -70], [0, 0, 0, 1]]),
    "sagittal": np.array([[0, 0, 4.0, -3], [2, 0, 0, 4], [0, -3, 0, 5], [0, 0, 0, 1]]),
    "oblique": np.array([[1.9, -0.3, 0.1, 10], [0.35, 2.8, -0.6, -20], [0.02, 0.5, 3.9, 30], [0, 0, 0, 1]]),
    "oblique_las": np.array([[-0.3, -1.9, 0.1, 10], [2.8, 0.35, 0.6, -20], [-0.5, 0.02, 3.9, 30], [0, 0, 0, 1]]),
}
SHAPE = (12, 26, 18)
PEAK = (3, 20, 11)


def config(*names: str) -> list[str]:
    return [str(CONFIGS / f"{name}.json") for name in names]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def folder_of(workflow: ConfigWorkflow, name: str = "run_dir") -> Path:
    return Path(workflow.parser.get_parsed_content(name))


def summary_of(folder: Path) -> dict:
    return json.loads((folder / "summary.json").read_text())


def windows_of(path: str) -> torch.Tensor:
    """The windows of a test volume, as the networks see them."""
    voxels = nibabel.load(path).get_fdata()
    image = torch.from_numpy((voxels / np.percentile(voxels, 99.9)).clip(0, 1)).float()
    return torch.stack([image[window][None] for window in WINDOWS])


@pytest.fixture(scope="module")
def trained(train_once, volumes) -> Path:
    """The folder of a run of train.json alone."""
    return train_once(*config("train"), dataset_dir=str(volumes), **TINY).folder


@pytest.fixture(scope="module")
def teacher_ckpt(trained) -> str:
    return json.loads((trained / "settings.json").read_text())["teacher_ckpt"]


@pytest.fixture
def _no_figure(monkeypatch):
    """Figures take longer than the rest."""
    monkeypatch.setattr(explained_images, "has_matplotlib", False)


@pytest.fixture
def stub(tmp_path) -> dict:
    """Options for a network whose theta is the image itself, and for grey values that are voxel values / 1000."""
    path = tmp_path / "model.pt"
    save_tensors(ExplainedClassifier(torch.nn.Identity(), BlockCNN(3, 1, 2, (2, 4, 8, 16))).state_dict(), path)
    identity = {"_target_": "torch.nn.Identity"}
    return {"ckpt_path": str(path), "explainer": identity, "intensity_range": [0, 1000], "patch_size": 16}


@pytest.fixture
def scans(tmp_path) -> Path:
    """Volumes with the same voxels at other places in space: a smooth ramp, and one bright voxel."""
    folder = tmp_path / "scans"
    folder.mkdir()
    voxels = sum(np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]).astype(np.int16) * 2
    voxels[PEAK] = 1000
    for name, affine in AFFINES.items():
        image = nibabel.Nifti1Image(voxels, affine)
        image.header.set_xyzt_units("mm", "sec")
        image.set_qform(affine, 1)
        image.set_sform(affine, 4)
        nibabel.save(image, folder / f"{name}.nii.gz")
    return folder


@pytest.fixture
def infer(bundle, tmp_path):
    def start(images: Path, **override: object) -> Path:
        bundle("inference", *config("inference"), dataset_dir=str(images), output_dir=str(tmp_path / "out"), **override)
        return tmp_path / "out" / "inference"

    return start


def both(results: Path, scans: Path, name: str) -> tuple[nibabel.Nifti1Image, nibabel.Nifti1Image]:
    return nibabel.load(results / "theta" / f"{name}_theta.nii.gz"), nibabel.load(scans / f"{name}.nii.gz")


def test_two_channels_with_masks_and_another_spacing_are_trained_and_shown(bundle, copied):
    for path in (copied / "images").iterdir():
        image = nibabel.load(path)
        nibabel.save(nibabel.Nifti1Image(np.stack([image.get_fdata()] * 2, axis=3), image.affine), path)
    spacing = [float(length) for length in nibabel.affines.voxel_sizes(image.affine) * [1, 1, 2]]
    options = {**TINY, "epochs": 1, "in_channels": 2, "spacing": spacing, "volume_size": 24}
    folder = folder_of(bundle("training", *config("train"), dataset_dir=str(copied), **options))
    assert summary_of(folder / "evaluation")["metrics"]["lesion_images"] == 2
    assert (folder / "evaluation" / "explained.png").is_file()


def test_a_run_leaves_the_documented_files_and_figures(trained):
    left = {str(path.relative_to(trained)) for path in trained.rglob("*") if path.is_file()}
    report = {f"evaluation/{name}" for name in ("summary.json", "summary.csv", "per_image.csv", "explained.png")}
    teacher = {f"teacher/{name}" for name in ("model.pt", "metrics.csv", "checkpoint.pt")}
    run = {"model.pt", "metrics.csv", "checkpoint.pt", "settings.json", "finished"}
    assert {name for name in left if not name.startswith("events/")} == run | report | teacher
    summary = summary_of(trained / "evaluation")
    figures, costs = summary["metrics"], summary["networks"]
    assert costs["deployed"]["parameters"] < costs["teacher"]["parameters"]
    assert costs["deployed"]["macs"] < costs["teacher"]["macs"]
    assert summary["images"] == figures["label_count"] == figures["agreement_count"] == 4
    assert figures["window_agreement_count"] == 4 * len(WINDOWS)
    assert (figures["lesion_images"], figures["empty_images"]) == (2, 2)
    assert summary["training_images"] == 6
    assert {"iou_mean", "pixel_auprc", "predictive_kl", "window_predictive_kl"} <= set(figures)
    losses = [float(row["loss"]) for row in rows(trained / "metrics.csv")]
    assert len(losses) == 2
    assert np.isfinite(losses).all()


def test_volumes_are_judged_by_their_least_normal_window(trained, volumes, teacher_ckpt):
    student = ExplainedClassifier(Explainer(3, 1, 1, (4, 8, 16)), BlockCNN(3, 1, 2, (2, 4, 8, 16))).eval()
    student.load_state_dict(torch.load(trained / "model.pt", weights_only=True))
    teacher = BlockCNN(3, 1, 2, (16, 32, 64, 128)).eval()
    teacher.load_state_dict(torch.load(teacher_ckpt, weights_only=True))
    table = rows(trained / "evaluation" / "per_image.csv")
    assert [Path(row["image"]).name for row in table] == [f"test_000{number}.nii.gz" for number in range(4)]
    assert [row["label"] for row in table] == ["0", "1", "0", "1"]
    agreed = []
    for row in table[:2]:
        for name, network in (("student", student), ("teacher", teacher)):
            with torch.no_grad():
                answers = network(windows_of(row["image"])).softmax(dim=1)
            assert float(row[f"{name}_normal"]) == pytest.approx(answers[:, 0].min().item(), abs=1e-4)
            agreed.append(answers)
    assert len(agreed) == 4


def test_evaluating_repeats_the_figures_and_inference_the_answers(trained, volumes, bundle, infer, tmp_path):
    again = folder_of(bundle("evaluating", *config("train", "evaluate"), run_dir=str(trained)), "report_dir")
    assert summary_of(again)["metrics"] == summary_of(trained / "evaluation")["metrics"]
    judged = {Path(row["image"]).name: row for row in rows(trained / "evaluation" / "per_image.csv")}
    (tmp_path / "new").mkdir()
    for name in ("test_0000.nii.gz", "test_0001.nii.gz"):
        shutil.copy(volumes / "images" / name, tmp_path / "new")
    results = infer(tmp_path / "new", run_dir=str(trained))
    table = rows(results / "predictions.csv")
    assert [row["image"] for row in table] == ["test_0000.nii.gz", "test_0001.nii.gz"]
    for row in table:
        assert float(row["abnormal"]) == pytest.approx(float(judged[row["image"]]["student_abnormal"]), abs=1e-5)
        theta = nibabel.load(results / "theta" / row["image"].replace(".nii", "_theta.nii")).get_fdata()
        assert theta.mean() == pytest.approx(float(judged[row["image"]]["theta_mean"]), abs=1e-5)


def test_theta_is_written_on_the_voxels_and_with_the_header_of_the_source(infer, stub, scans):
    results = infer(scans, **stub)
    assert {row["image"] for row in rows(results / "predictions.csv")} == {f"{name}.nii.gz" for name in AFFINES}
    for name, affine in AFFINES.items():
        theta, source = both(results, scans, name)
        assert theta.shape == source.shape == SHAPE
        assert np.array_equal(theta.affine, source.affine)
        assert np.allclose(theta.affine, affine, atol=1e-5)
        assert nibabel.aff2axcodes(theta.affine) == nibabel.aff2axcodes(affine)
        assert theta.header.get_zooms() == source.header.get_zooms()
        assert theta.header.get_xyzt_units() == ("mm", "sec")
        assert (int(theta.header["qform_code"]), int(theta.header["sform_code"])) == (1, 4)
        assert np.array_equal(theta.get_qform(), source.get_qform())
        assert theta.get_data_dtype() == np.float32
        assert np.allclose(theta.get_fdata(), source.get_fdata() / 1000, atol=1e-5)
        assert np.unravel_index(theta.get_fdata().argmax(), SHAPE) == PEAK


def test_theta_comes_back_from_another_voxel_size(infer, stub, scans):
    results = infer(scans, spacing=[2, 2, 2], **stub)
    for name in AFFINES:
        theta, source = both(results, scans, name)
        assert theta.shape == SHAPE
        assert np.array_equal(theta.affine, source.affine)
        brightest = np.unravel_index(theta.get_fdata().argmax(), SHAPE)
        assert np.abs(np.subtract(brightest, PEAK)).max() <= 1
        ramp = source.get_fdata() / 1000
        near = np.zeros(SHAPE, dtype=bool)
        near[tuple(slice(place - 3, place + 4) for place in PEAK)] = True
        inner = np.zeros(SHAPE, dtype=bool)
        inner[2:-2, 2:-2, 2:-2] = True
        # linear interpolation keeps a ramp
        assert np.abs(theta.get_fdata() - ramp)[inner & ~near].max() < 1e-3


def test_lists_of_several_channels_are_read(infer, stub, tmp_path):
    voxels = np.stack([np.full((16, 16, 16), 200), np.full((16, 16, 16), 600)], axis=-1).astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(voxels, AFFINES["lps"]), tmp_path / "two.nii.gz")
    (tmp_path / "some.json").write_text('{"test": ["two.nii.gz"]}')
    network = ExplainedClassifier(torch.nn.Identity(), BlockCNN(3, 2, 2, (2, 4, 8, 16)))
    save_tensors(network.state_dict(), stub["ckpt_path"])
    theta, source = both(infer(tmp_path / "some.json", in_channels=2, **stub), tmp_path, "two")
    assert theta.shape == (16, 16, 16)
    assert np.array_equal(theta.affine, source.affine)
    assert np.allclose(theta.get_fdata(), 0.4)


def test_weights_that_come_with_the_bundle_need_no_run(infer, volumes, tmp_path):
    (tmp_path / "new").mkdir()
    shutil.copy(volumes / "images" / "test_0001.nii.gz", tmp_path / "new")
    (row,) = rows(infer(tmp_path / "new", bundle_root=str(CONFIGS.parent)) / "predictions.csv")
    assert float(row["normal"]) + float(row["abnormal"]) == pytest.approx(1, abs=1e-5)


@pytest.mark.usefixtures("_no_figure")
def test_distils_unlabelled_volumes_from_a_teacher_of_ones_own(bundle, copied, volumes, bundle_home):
    options = {**TINY, "epochs": 1}
    run = folder_of(bundle("training", *config("train", "teacher"), dataset_dir=str(volumes), **options))
    shutil.rmtree(copied / "masks")
    listed = json.loads((copied / "datalist.json").read_text())
    unlabelled = {section: [entry["image"] for entry in entries] for section, entries in listed.items()}
    (copied / "datalist.json").write_text(json.dumps(unlabelled))
    taught = bundle(
        "training", *config("train"), dataset_dir=str(copied), teacher_ckpt=str(run / "model.pt"), **options
    )
    summary = summary_of(folder_of(taught) / "evaluation")
    assert len(summary["left_out"]) == 2
    assert summary["metrics"]["agreement_count"] == 4
    assert not (bundle_home / "teachers").exists()


@pytest.mark.usefixtures("_no_figure")
def test_a_network_of_monai_teaches_by_an_override_file(bundle, volumes):
    """Of 16 voxels the stem of a ResNet18 leaves 8, its stages 4, 2 and 1; 6 patches by 5 make no batch of one."""
    small = {"teacher_network#network#widen_factor": 0.125, "batch_size": 5, "epochs": 1, "lambda_vid": 1}
    taught = bundle("training", *config("train"), TEACHERS["resnet18"], dataset_dir=str(volumes), **{**TINY, **small})
    run = folder_of(taught)
    (logged,) = rows(run / "metrics.csv")
    pairs = [["bn1", "block1"], ["layer1", "block2"], ["layer2", "block3"]]
    assert summary_of(run / "evaluation")["settings"]["layer_pairs"] == pairs
    terms = [name for name in logged if name.startswith("loss_")]
    assert set(terms) == {"loss_prediction", *(f"loss_transfer_{name}" for name, _ in pairs)}
    assert float(logged["loss"]) == pytest.approx(sum(float(logged[name]) for name in terms), rel=1e-4)
    shape = {"spatial_dims": 3, "n_input_channels": 1, "num_classes": 2, "widen_factor": 0.125}
    stem = {"conv1_t_stride": 2, "shortcut_type": "B", "bias_downsample": False}
    teacher = resnet18(**shape, **stem).eval()
    teacher.load_state_dict(torch.load(run / "teacher" / "model.pt", weights_only=True))
    row = rows(run / "evaluation" / "per_image.csv")[1]
    with torch.no_grad():
        answers = teacher(windows_of(row["image"])).softmax(dim=1)
    assert float(row["teacher_normal"]) == pytest.approx(answers[:, 0].min().item(), abs=1e-4)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        (
            "densenet121",
            {"patch_size": 24},
            ["patch_size=24 does not fit DenseNet121: its layer features.transition3.pool"],
        ),
        ("resnet18", {"batch_size": 1}, ["patch_size=16, batch_size=1 does not fit ResNet: its layer layer3.0.bn1"]),
    ],
)
def test_a_teacher_that_patches_are_too_small_for_is_named(
    bundle, volumes, one_line, bundle_home, name, options, words
):
    with one_line(*words, "1 x 1 x 1"):
        bundle("training", *config("train"), TEACHERS[name], dataset_dir=str(volumes), **{**TINY, **options})
    assert not (bundle_home / "runs").exists()


@pytest.mark.usefixtures("_no_figure")
def test_a_trusted_theta_begins_low_and_learns_evidence(bundle, volumes, teacher_ckpt, infer, logged_terms, tmp_path):
    """Of a prior of 0.02 theta has not come far after an epoch; inference and evaluation need no word of it."""
    options = {"dataset_dir": str(volumes), "teacher_ckpt": teacher_ckpt, **TINY, "epochs": 1}
    run = folder_of(bundle("training", *config("train", "train_trusted"), **options))
    assert logged_terms(run) == {"loss_prediction", "loss_evidence", *(f"loss_transfer_block{n}" for n in (1, 2, 3, 4))}
    judged = {Path(row["image"]).name: float(row["theta_mean"]) for row in rows(run / "evaluation" / "per_image.csv")}
    assert 0 < max(judged.values()) < 0.1
    judge = bundle("evaluating", *config("train", "train_trusted", "evaluate"), run_dir=str(run))
    again = summary_of(folder_of(judge, "report_dir"))
    assert again["metrics"] == summary_of(run / "evaluation")["metrics"]
    (tmp_path / "one").mkdir()
    shutil.copy(volumes / "images" / "test_0001.nii.gz", tmp_path / "one")
    theta = nibabel.load(infer(tmp_path / "one", run_dir=str(run)) / "theta" / "test_0001_theta.nii.gz")
    assert theta.get_fdata().mean() == pytest.approx(judged["test_0001.nii.gz"], abs=1e-5)


@pytest.mark.usefixtures("_no_figure")
def test_a_run_that_is_resumed_ends_with_the_same_weights(bundle, trained, volumes, teacher_ckpt):
    run = partial(bundle, "training", *config("train"), dataset_dir=str(volumes), teacher_ckpt=teacher_ckpt)
    part = folder_of(run(**{**TINY, "epochs": 1}))
    assert folder_of(run(resume=str(part), **TINY)) == part
    first, second = (torch.load(folder / "checkpoint.pt", weights_only=True)["network"] for folder in (trained, part))
    assert all(value.equal(second[key]) for key, value in first.items())


@pytest.mark.usefixtures("_no_figure")
def test_draws_volumes_where_none_are_given(bundle, teacher_ckpt, bundle_home, monkeypatch):
    few = partial(synthetic.write_synthetic_volumes, counts={"training": 2, "validation": 2, "test": 2})
    monkeypatch.setattr(synthetic, "write_synthetic_volumes", few)
    run = bundle("training", *config("train"), teacher_ckpt=teacher_ckpt, volume_size=16, **{**TINY, "epochs": 1})
    assert (folder_of(run) / "finished").exists()
    assert (bundle_home / "data" / "volume_16_2-2-2_seed0" / "datalist.json").is_file()


def test_real_volumes_keep_their_place(infer, trained, shared_data, tmp_path):
    crop = shared_data / "ms3d" / "images" / "lesion_p07_00.nii.gz"
    if not crop.is_file():
        pytest.skip("no ms3d beside the real images")
    (tmp_path / "real").mkdir()
    shutil.copy(crop, tmp_path / "real" / "crop.nii.gz")
    theta, source = both(infer(tmp_path / "real", run_dir=str(trained)), tmp_path / "real", "crop")
    assert nibabel.aff2axcodes(source.affine) == ("L", "A", "S")
    assert theta.shape == source.shape
    assert np.array_equal(theta.affine, source.affine)


@pytest.mark.parametrize("name", ["train", "inference"])
def test_monai_accepts_the_workflows_and_the_network(bundle, volumes, tmp_path, name):
    workflow = ConfigWorkflow(
        *config(name),
        workflow_type=name,
        logging_file=False,
        dataset_dir=str(volumes),
        output_dir=str(tmp_path / "out"),
    )
    workflow.initialize()
    assert workflow.check_properties() == []
    verify_net_in_out("network_def", meta_file=str(CONFIGS / "metadata.json"), config_file=config(name), device="cpu")


def test_metadata_follow_the_schema(shared_data, tmp_path):
    pytest.importorskip("jsonschema")
    schema = shared_data / "schema" / "meta_schema_20240725.json"
    if not schema.is_file():
        pytest.skip("no schema beside the real images")
    verify_metadata(meta_file=str(CONFIGS / "metadata.json"), filepath=shutil.copy(schema, tmp_path))
