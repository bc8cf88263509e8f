"""Writes small volumes of ellipses for a training run of a few steps: `python tiny_volumes.py FOLDER`."""

import sys
from pathlib import Path

import nibabel
import numpy as np

rng = np.random.default_rng(1)
y, x = np.mgrid[-1:1:104j, -1:1:112j]
for name in ("train/one_a_T1w", "train/two_b_T2w", "validation/three_c_T1w"):
    path = Path(sys.argv[1]) / f"{name}.nii.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    slices = []
    for _ in range(3):
        image = ((y / 0.8) ** 2 + (x / 0.7) ** 2 < 1).astype(np.float32)
        for _ in range(8):
            centre, size = rng.uniform(-0.4, 0.4, 2), rng.uniform(0.05, 0.3, 2)
            image += rng.uniform(-0.5, 0.5) * (((y - centre[0]) / size[0]) ** 2 + ((x - centre[1]) / size[1]) ** 2 < 1)
        slices.append(np.clip(image + 0.01 * rng.standard_normal(image.shape), 0, None))
    volume = nibabel.Nifti1Image(np.stack(slices, -1).astype(np.float32), np.diag([1.0, 1.0, 4.0, 1.0]))
    nibabel.save(volume, path)
