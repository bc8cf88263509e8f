"""Finds the convention of `bart pics -l2` by solving the same normal equations in complex128.

    sh tests/integration/bart_case.sh DIR && python3 tests/reference/bart_pics_convention.py DIR

Prints, for each case, the relative error of BART's image for lambda and for its likely mistakes. Needs numpy.
"""

import sys
from pathlib import Path

import numpy as np

LAMBDA = 0.01  # as in bart_case.sh


def read_cfl(path):
    """complex64 .cfl/.hdr in Fortran order, axes of size 1 dropped."""
    shape = [int(n) for n in Path(f"{path}.hdr").read_text().split("\n")[1].split()]
    return np.fromfile(f"{path}.cfl", np.complex64).reshape(shape, order="F").squeeze()


def centred(transform, x):
    """Centred orthonormal 2-D transform over the first two axes."""
    axes = (0, 1)
    return np.fft.fftshift(transform(np.fft.ifftshift(x, axes), axes=axes, norm="ortho"), axes)


def cg_sense(kspace, maps, mask, weight, tolerance=1e-12, max_iterations=1000):
    """argmin ||M F S x - y||^2 + weight ||x||^2 by conjugate gradients; returns x and the iterations taken."""
    def adjoint(y):
        return np.sum(maps.conj() * centred(np.fft.ifft2, mask * y), axis=-1)

    def normal(x):
        return adjoint(centred(np.fft.fft2, maps * x[..., None])) + weight * x

    residual = adjoint(kspace)
    x, direction = np.zeros_like(residual), residual
    energy = start = np.vdot(residual, residual).real
    for iteration in range(max_iterations):
        step = normal(direction)
        alpha = energy / np.vdot(direction, step).real
        x, residual = x + alpha * direction, residual - alpha * step
        previous, energy = energy, np.vdot(residual, residual).real
        if energy < tolerance**2 * start:
            break
        direction = residual + energy / previous * direction
    return x, iteration + 1


def main(folder):
    for name in ("even", "wide", "odd"):
        case = Path(folder) / name
        kspace, maps = (read_cfl(case / f).astype(complex) for f in ("kspace", "maps"))
        mask = np.abs(read_cfl(case / "mask"))[None, :, None]
        pics = read_cfl(case / "pics")
        print(f"{name} {kspace.shape}, {int(mask.sum())} lines")
        for label, weight in (("lambda", LAMBDA), ("lambda / 2", LAMBDA / 2), ("2 lambda", 2 * LAMBDA)):
            x, iterations = cg_sense(kspace, maps, mask, weight)
            error = np.linalg.norm(pics - x) / np.linalg.norm(x)
            print(f"  {label:10s} relative error {error:.1e} ({iterations} iterations)")


if __name__ == "__main__":
    main(sys.argv[1])
