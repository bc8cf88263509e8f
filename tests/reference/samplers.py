"""Samplers of independent code, run with given noise; prints samplers.json.

deepinv 0.5 (PyPI) runs dps, pigdm, diffpir, dpir, pnp-admm and red. The official repositories run the
others; the folder given by --official holds their clones:

    github.com/bahjat-kawar/ddrm        32b6b3ccfda532ba01c9cc5b6e7456c3a06a6ca2   ddrm
    github.com/wyhuai/DDNM              00b58eac7843a4c99114fd8fa42da7aa2b6808af   ddnm
    github.com/HJ-harry/DDS             509b140ee8ba76772ab7d98929270033d4306f2f   dds
    github.com/mengxiangming/dmps       91afe2540ac8dd8a7fa133f654560f736c80fc53   dmps
    github.com/NVlabs/RED-diff          66482f23e242bb31166c3662002d0a6f9f065030   red-diff
    github.com/HJ-harry/score-MRI       8359aae5a4eca1e6d9447d35820e07f5188f9b00   score-mri

    python -m venv venv && venv/bin/pip install torch==2.15.0 deepinv==0.5.0
    venv/bin/python tests/reference/samplers.py --official CLONES > tests/reference/samplers.json

Their functions are called as they are, except that `.cuda()` and `.to('cuda')` are removed and that
random numbers are read from the list that the file stores. Noise levels are set by choosing the
tables (beta or alpha-bar) that these functions are given. Where Larmor means another parameter by a
setting, the `mapping` of the case says how the two are related.

Coordinates of the file are variance-exploding: x = x0 + sigma n. An image is [2, H, W] with real and
imaginary part, data are [C, 2, K, W]; the Fourier transform runs along H only, centred and
orthonormal. Arrays are float32 in base64.
"""

import argparse
import base64
import contextlib
import json
import sys
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")

import numpy as np
import samplers_deepinv  # noqa: F401, registers its cases
import samplers_official
from samplers_common import CASES, H, HIDDEN, PROBLEMS, SIGMA_Y, VARIANCE, W, Noise, denoise


def encode(x):
    return base64.b64encode(np.asarray(x, dtype="<f4").tobytes()).decode()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--official", type=Path, required=True)
    samplers_official.FOLDER = parser.parse_args().official.resolve()
    cases = []
    for i, (name, source, problem, settings, mapping, function) in enumerate(CASES):
        noise = Noise(100 + i)
        with contextlib.redirect_stdout(sys.stderr):  # official code prints
            result = function(noise)
        assert np.isfinite(np.asarray(result)).all()
        print(f"{name}: rms {float(result.square().mean().sqrt()):.4f}, {len(noise.arrays)} noise arrays", file=sys.stderr)
        cases.append({
            "name": name, "source": source, "problem": problem, "settings": settings, "mapping": mapping,
            "noise": [encode(z) for z in noise.arrays], "result": encode(result),
        })
    print(json.dumps({
        "size": [H, W], "sigma": SIGMA_Y,
        "denoiser": {"variance": VARIANCE, "hidden": HIDDEN, "first": encode(denoise.first), "second": encode(denoise.second)},
        "problems": {
            name: {"coils": p.coils, "lines": p.lines, "maps": encode(p.maps), "y": encode(p.y)} for name, p in PROBLEMS.items()
        },
        "cases": cases,
    }, indent=1))


main()
