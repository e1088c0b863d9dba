# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""Cross-validation over all labelled images of a folder: a CSV for each fold, written beside its ``datalist.json``.

``python folds.py FOLDER [FOLDS]`` writes ``fold0.csv`` and so on, each a ``--dataset_dir``. The folds are stratified by
label, a patient's images stay together; each image is a test image of one fold and a training image of the others.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

PATIENT = ("patient", "subject", "patient_id")
COLUMNS = ("image", "label", "mask", "mask_inverted", *PATIENT, "split")


def write_folds(folder: Path, count: int) -> None:
    """Write the CSVs."""
    listed = json.loads((folder / "datalist.json").read_text())
    entries = [entry for section in ("training", "validation", "test") for entry in listed.get(section, [])]
    labels = [entry["label"] for entry in entries]
    names = [[entry[name] for name in PATIENT if entry.get(name)] for entry in entries]
    patients = [known[0] if known else index for index, known in enumerate(names)]
    if len(set(patients)) == len(entries):
        folds = StratifiedKFold(count, shuffle=True, random_state=0).split(entries, labels)
    else:
        folds = StratifiedGroupKFold(count, shuffle=True, random_state=0).split(entries, labels, patients)
    for number, (_, tested) in enumerate(folds):
        held = set(tested.tolist())
        with (folder / f"fold{number}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
            writer.writeheader()
            for index, entry in enumerate(entries):
                writer.writerow({**entry, "split": "test" if index in held else "training"})


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    write_folds(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5)
