"""Remakes the test files of the figures in README and docs from where they were published (docs/data.md).

    git clone https://github.com/lab-midas/ismrm-moco-workshop
    git clone https://github.com/bispmri/Ultra-low-field-MRI-Scanner
    git clone https://github.com/muschellij2/open_ms_data
    pip install numpy scipy h5py nibabel
    python3 bench/convert_data.py FOLDER_OF_THE_CLONES --output ../shared/data

A source that is absent is left out, and the script says so.
"""

import argparse
import shutil
from pathlib import Path

import numpy as np

MOCO = "ismrm-moco-workshop"
ULTRA_LOW = "Ultra-low-field-MRI-Scanner/Data for Figures in the Manuscript"
OPEN_MS = "open_ms_data/longitudinal/raw"
OPEN_MS_FILES = ["patient19/study1_FLAIR", "patient19/study2_FLAIR", "patient19/study2_T1W"]
OPEN_MS_FILES += ["patient20/study2_FLAIR", "patient20/study2_T1W"]


def brain7(source, output):
    """Coil images [readout, phase, coil] to k-space in the layout of fastMRI, 99th percentile of the RSS at 1."""
    import h5py

    coils = np.moveaxis(np.load(source / "data/brain_slice.npz")["arr_0"], 2, 0)
    rss = np.sqrt((np.abs(coils) ** 2).sum(0))
    scale = np.percentile(rss, 99)
    centred = np.fft.ifftshift(coils / scale, axes=(1, 2))
    kspace = np.fft.fftshift(np.fft.fft2(centred, norm="ortho"), axes=(1, 2))
    with h5py.File(output / "kspace/brain7_fastmri.h5", "w") as file:
        file["kspace"] = kspace[None].astype(np.complex64)
        file["reconstruction_rss"] = (rss / scale)[None].astype(np.float32)
        file.attrs.update(acquisition="AXT1", patient_id="brain7", max=(rss / scale).max())


def ultra_low_field(source, output):
    """Raw k-space at 0.055 T, [read, phase, slice] to [slice, coil, read, phase], largest magnitude 1."""
    from scipy.io import loadmat

    for name in ["FSE", "FLAIR"]:
        path = source / f"Figure 6A/0.055T/0.055T_{name}_kspace_postEMI.mat"
        kspace = np.moveaxis(loadmat(path)["kspace"], 2, 0)[:, None]
        kspace = (kspace / np.abs(kspace).max()).astype(np.complex64)
        np.save(output / f"kspace/ulf_{name}.npy", kspace)


def three_tesla(source, output):
    """Magnitude at 3 T of the same study as int16, 99.5th percentile at 1000; the source has no affine."""
    import nibabel
    from scipy.io import loadmat

    for name in ["T1w", "T2w", "FLAIR"]:
        image = loadmat(source / f"Figure 7B/3T/3T_{name}.mat")["image"]
        values = np.round(image * 1000 / np.percentile(image, 99.5)).astype(np.int16)
        nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), output / f"validation/ulf3t_fig7B_{name}.nii.gz")


def open_ms(source, output):
    """Volumes of people with multiple sclerosis, as they were published."""
    for name in OPEN_MS_FILES:
        shutil.copy(source / f"{name}.nii.gz", output / f"validation/openms_{name.replace('/', '_')}.nii.gz")


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("clones", type=Path)
parser.add_argument("--output", type=Path, required=True)
options = parser.parse_args()
for folder in ["kspace", "validation"]:
    (options.output / folder).mkdir(parents=True, exist_ok=True)
steps = [(MOCO, brain7), (ULTRA_LOW, ultra_low_field), (ULTRA_LOW, three_tesla), (OPEN_MS, open_ms)]
for name, convert in steps:
    source = options.clones / name
    if source.is_dir():
        convert(source, options.output)
        print(f"{convert.__name__}: done")
    else:
        print(f"{convert.__name__}: left out, {source} is absent")
