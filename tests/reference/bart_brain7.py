"""BART 0.8.00 on the public slice: quality, coil map residual and time of each command, the opponent of `deno task recon`.

    python3 tests/reference/bart_brain7.py [--repeats N] [--output bart_brain7.json]

Reproduces the table of shared/data/README.md: `equispaced` masks (R=4, acs=24 and R=8, acs=16) along the last axis, maps by
`ecalib -m1 -r acs:acs` from the undersampled k-space, weights chosen with the reference in hand. PSNR and SSIM against the
RSS of the full data, data range = maximum of the RSS, over the head and over the whole image. Times are of whole commands
with 2 threads. Needs bart, numpy, scipy, scikit-image, h5py; the commands are those of bench/peers.py.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np
from scipy import ndimage
from skimage.metrics import structural_similarity

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "bench"))
from peers import BRAIN7, bart_commands, bart_threads, equispaced, timed, write_brain7, write_cfl  # noqa: E402


def read_cfl(name):
    """complex64 array of a .cfl/.hdr pair, Fortran order, as [read, phase, coil]; one slice, one set of maps."""
    shape = [int(n) for n in Path(f"{name}.hdr").read_text().split("\n")[1].split()]
    return np.fromfile(f"{name}.cfl", np.complex64).reshape((*shape[:2], shape[3]), order="F").astype(complex)


def head_mask(rss):
    """Largest connected component of RSS > 0.15 x its 99th percentile, holes filled."""
    labels, count = ndimage.label(rss > 0.15 * np.percentile(rss, 99))
    sizes = ndimage.sum_labels(np.ones_like(rss), labels, np.arange(1, count + 1))
    return ndimage.binary_fill_holes(labels == 1 + np.argmax(sizes))


def projection_residual(images, maps, head):
    """||c - S S^H c|| / ||c||. Where maps are cropped to zero, the whole signal counts as left out."""
    left_out = images - maps * np.sum(maps.conj() * images, axis=2, keepdims=True)
    regions = {"head": head, "whole": np.ones_like(head)}
    return {name: float(np.linalg.norm(left_out[m]) / np.linalg.norm(images[m])) for name, m in regions.items()}


def scores(image, rss, head):
    """PSNR in dB and SSIM (scikit-image's default window) over the head, and over the whole image."""
    image = np.abs(image).astype(float)
    similarity = structural_similarity(rss, image, data_range=rss.max(), full=True)[1]
    regions = {"head": head, "whole": np.ones_like(head)}
    return {name: {"psnr": round(10 * np.log10(rss.max() ** 2 / np.mean((image - rss)[m] ** 2)), 3),
                   "ssim": round(similarity[m].mean(), 4)} for name, m in regions.items()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    os.environ.update(bart_threads(2))
    with h5py.File(BRAIN7) as file:
        kspace, rss = file["kspace"][0], file["reconstruction_rss"][0].astype(float)
    head = head_mask(rss)
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        def bart(command):
            subprocess.run(["bart", *command.split()], cwd=folder, check=True, capture_output=True)

        def array(name):
            return read_cfl(Path(folder) / name)

        write_cfl(Path(folder) / "full", kspace.transpose(1, 2, 0)[:, :, None, :])
        bart("fft -u -i 3 full full_images")
        full_images = array("full_images")
        for acceleration, acs in ((4, 24), (8, 16)):
            case = results[f"R={acceleration} acs={acs}"] = {}
            write_brain7(folder, BRAIN7, acceleration, acs)
            mask = np.array(equispaced(kspace.shape[-1], acceleration, acs))
            bart("fft -u -i 3 kspace images")
            zero_filled = np.linalg.norm(array("images"), axis=2)
            case["zero-filled"] = {"lines": int(mask.sum()), **scores(zero_filled, rss, head)}
            for name, command in bart_commands(acceleration, acs).items():
                entry = case[name] = {"command": command, "seconds": round(timed(lambda: bart(command), options.repeats)["median"], 3)}
                if name == "ecalib":
                    bart(command.replace("kspace maps", "-c0 kspace uncropped"))
                    for label, maps in (("residual", "maps"), ("residual without crop (-c0)", "uncropped")):
                        entry[label] = projection_residual(full_images, array(maps), head)
                else:
                    entry |= scores(array(command.split()[-1])[..., 0], rss, head)
            for name, entry in case.items():
                if "head" in entry:
                    head_scores, whole = entry["head"], entry["whole"]
                    print(f"R={acceleration} {name:28s} {head_scores['psnr']:.2f} / {head_scores['ssim']:.3f} ({whole['psnr']:.2f})"
                          f"  {entry.get('seconds', '')}")
                else:
                    print(f"R={acceleration} {name:28s} {entry['seconds']} s, residual {entry['residual']}")
    if options.output:
        options.output.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
