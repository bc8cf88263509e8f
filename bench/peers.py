"""Times of the peers that Larmor's benchmarks compare with, as JSON on stdout (seconds).

    python3 bench/peers.py MODE [--repeats N] [--threads N] [--kspace FILE.h5]

    dft      scipy.fft (pocketfft), complex64, one orthonormal 1-D transform along the phase axis of 15 x 640 x 368:
             the phase axis contiguous or strided, centred by shifts or not
    normal   F^H M F S, coils then adjoint coils included, at R=4 and R=8 in hybrid (phase, readout) space: 1-D transforms
             along the phase axis only, in each layout and with each way of masking; the fastest is pocketfft's entry
    bart     BART on the brain7 slice: ecalib, pics -l2, wavelet, TV at R=4 and R=8 (needs bart and h5py)
    all      everything

Every entry has the median, the least and all the times of N repeats after one warm-up. Needs numpy and scipy.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COILS, PHASE, READ = 15, 640, 368  # DESIGN.md: a fastMRI knee; the phase axis may be either
BRAIN7 = Path(__file__).resolve().parents[2] / "shared/data/kspace/brain7_fastmri.h5"


def timed(run, repeats):
    run()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return {"median": sorted(seconds)[len(seconds) // 2], "least": min(seconds), "times": seconds}


def equispaced(lines, acceleration, acs):
    """0/1 pattern: lines 0, R, 2R, ... and the centred calibration block."""
    first = lines // 2 - acs // 2
    return [int(i % acceleration == 0 or first <= i < first + acs) for i in range(lines)]


def random_complex(*shape):
    import numpy as np
    rng = np.random.default_rng(1)
    return (rng.standard_normal(shape, np.float32) + 1j * rng.standard_normal(shape, np.float32)).astype(np.complex64)


def dft(repeats, threads):
    """One transform of 15 x 640 x 368 along either axis; each axis contiguous (last) and strided (middle)."""
    from scipy import fft
    out = {}
    for name, length, other in (("640", PHASE, READ), ("368", READ, PHASE)):
        for layout, shape, axis in (("contiguous", (COILS, other, length), 2), ("strided", (COILS, length, other), 1)):
            x = random_complex(*shape)
            run = lambda: fft.fft(x, axis=axis, norm="ortho", workers=threads)
            centred = lambda: fft.fftshift(
                fft.fft(fft.ifftshift(x, axis), axis=axis, norm="ortho", workers=threads, overwrite_x=True), axis)
            out[f"{name} {layout}"] = timed(run, repeats)
            out[f"{name} {layout} centred"] = timed(centred, repeats)
    return out


def normal(repeats, threads):
    """S^H F^H M F S x. Centring is folded into the maps and the mask, so that no shift runs: pocketfft's best chance."""
    import numpy as np
    from scipy import fft
    out = {}
    for length, other in ((PHASE, READ), (READ, PHASE)):
        for acceleration, acs in ((4, 24), (8, 16)):
            mask = np.array(equispaced(length, acceleration, acs), np.float32)
            mask = fft.ifftshift(mask)
            best = None
            for layout, shape, axis in (("contiguous", (other, length), 1), ("strided", (length, other), 0)):
                maps, x = random_complex(COILS, *shape), random_complex(*shape)
                conjugate = maps.conj()
                weights = mask if axis == 1 else mask[:, None]
                skipped = np.flatnonzero(mask == 0)

                def whole(zero):
                    y = fft.fft(maps * x, axis=axis + 1, workers=threads, overwrite_x=True)
                    zero(y)
                    y = fft.ifft(y, axis=axis + 1, workers=threads, overwrite_x=True)
                    y *= conjugate
                    return y.sum(axis=0)

                def each_coil(zero):
                    """Coil by coil, so that arrays stay in the cache."""
                    total = np.zeros(shape, np.complex64)
                    for coil in range(COILS):
                        y = fft.fft(maps[coil] * x, axis=axis, workers=threads, overwrite_x=True)
                        zero(y)
                        y = fft.ifft(y, axis=axis, workers=threads, overwrite_x=True)
                        y *= conjugate[coil]
                        total += y
                    return total

                def multiply(y):
                    y *= weights

                def assign(y):
                    y[(..., skipped) if axis == 1 else (..., skipped, slice(None))] = 0

                reference = whole(multiply)
                for batch in (whole, each_coil):
                    for zero in (multiply, assign):
                        assert np.allclose(batch(zero), reference, rtol=1e-3, atol=1e-3)
                        entry = timed(lambda: batch(zero), repeats)
                        entry["how"] = f"{layout}, {batch.__name__}, {zero.__name__}"
                        if best is None or entry["median"] < best["median"]:
                            best = entry
            best["lines"] = int(mask.sum())
            out[f"{length} R={acceleration} acs={acs}"] = best
    return out


def write_cfl(name, array):
    shape = list(array.shape) + [1] * (16 - array.ndim)
    Path(f"{name}.hdr").write_text("# Dimensions\n" + " ".join(map(str, shape)) + "\n")
    array.astype("complex64").ravel(order="F").tofile(f"{name}.cfl")


# The best weight of several for each acceleration, chosen with the reference in hand (shared/data/README.md).
BART_WEIGHTS = {4: {"wavelet": 0.004, "tv": 0.004}, 8: {"wavelet": 0.002, "tv": 0.008}}


def bart_commands(acceleration, acs):
    """Commands by name, each writing the file of its last word. With BART's default rho, TV is far from converged
    after 100 iterations (33.1 dB at R=4); -u 0.05 reaches the numbers of shared/data/README.md."""
    weights = BART_WEIGHTS[acceleration]
    return {
        "ecalib": f"ecalib -m1 -r {acs}:{acs} kspace maps",
        "sense": "pics -S -l2 -r 0.01 -i 100 kspace maps sense",
        "wavelet": f"pics -S -R W:3:0:{weights['wavelet']} -i 100 kspace maps wavelet",
        "wavelet, default iterations": f"pics -S -R W:3:0:{weights['wavelet']} kspace maps wavelet30",
        "tv": f"pics -S -R T:3:0:{weights['tv']} -u 0.05 -i 100 kspace maps tv",
    }


def write_brain7(folder, file, acceleration, acs):
    """k-space of the slice, undersampled, as folder/kspace.cfl with axes [read, phase, 1, coil]."""
    import h5py
    import numpy as np
    with h5py.File(file) as f:
        kspace = f["kspace"][0]
    mask = np.array(equispaced(kspace.shape[-1], acceleration, acs), np.float32)
    write_cfl(Path(folder) / "kspace", (kspace * mask).transpose(1, 2, 0)[:, :, None, :])


def bart_threads(threads):
    """Environment for BART. Waiting threads sleep: with OpenMP's default, spinning, pics is several times slower when
    anything else runs on the machine (sense 8.2 against 1.9 s), and the comparison would flatter us."""
    return {"OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "passive"}


def bart(repeats, threads, file=BRAIN7):
    """Wall time of whole commands; `start` is that of a command that does nothing, for whoever wants to take it off."""
    environment = {**os.environ, **bart_threads(threads)}
    out = {}
    with tempfile.TemporaryDirectory() as folder:
        def run(command):
            subprocess.run(["bart", *command.split()], cwd=folder, env=environment, check=True, capture_output=True)

        out["start"] = timed(lambda: run("version"), repeats)
        for acceleration, acs in ((4, 24), (8, 16)):
            write_brain7(folder, file, acceleration, acs)
            for name, command in bart_commands(acceleration, acs).items():
                entry = timed(lambda: run(command), repeats)
                entry["command"] = f"bart {command}"
                out[f"{name} R={acceleration} acs={acs}"] = entry
    return out


MODES = {"dft": dft, "normal": normal, "bart": bart}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=[*MODES, "all"])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--kspace", type=Path, default=BRAIN7)
    options = parser.parse_args()
    for library in ("OPENBLAS", "OMP", "MKL"):  # before numpy is imported
        os.environ[f"{library}_NUM_THREADS"] = str(options.threads)
    modes = MODES if options.mode == "all" else [options.mode]
    results = {mode: MODES[mode](options.repeats, options.threads, *([options.kspace] if mode == "bart" else []))
               for mode in modes}
    import numpy
    import scipy
    versions = {"python": sys.version.split()[0], "numpy": numpy.__version__, "scipy": scipy.__version__}
    json.dump({"threads": options.threads, "repeats": options.repeats, "versions": versions, **results}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
