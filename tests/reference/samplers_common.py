"""The problems, the prior and the noise that samplers of independent code are run with: see samplers.py."""

import contextlib
import math

import numpy as np
import torch

torch.set_default_dtype(torch.float64)

H, W = 8, 6
SIGMA_Y = 0.05
# Of the denoiser: the variance of images, and two 3 x 3 convolutions, 2 -> HIDDEN -> 2 channels.
VARIANCE = 0.04
HIDDEN = 6


def float32(x):
    """The value that is stored: both sides start from the same numbers."""
    return np.asarray(x, dtype=np.float32).astype(np.float64)


# The prior: not symmetric, not linear, and bounded, so that clipping to [0, 1] or [-1, 1] never acts.


class ToyDenoiser(torch.nn.Module):
    """D = (v x + sigma^2 (0.5 + K2 * tanh(K1 * x / sqrt(1 + sigma^2)))) / (v + sigma^2)."""

    def __init__(self):
        super().__init__()
        rng = np.random.default_rng(1)
        self.first = torch.tensor(float32(0.4 * rng.standard_normal((HIDDEN, 2, 3, 3))))
        self.second = torch.tensor(float32(0.03 * rng.standard_normal((2, HIDDEN, 3, 3))))

    def forward(self, x, sigma, *args, **kwargs):
        dtype = x.dtype
        x = x.to(torch.float64)
        s = torch.as_tensor(sigma, dtype=torch.float64).reshape(-1, 1, 1, 1)
        hidden = torch.tanh(torch.nn.functional.conv2d(x / (1 + s * s).sqrt(), self.first, padding=1))
        network = 0.5 + torch.nn.functional.conv2d(hidden, self.second, padding=1)
        return ((VARIANCE * x + s * s * network) / (VARIANCE + s * s)).to(dtype)


denoise = ToyDenoiser()

# Problems.


class Problem:
    """Coil maps, lines, data of an image near 0.5, and A as a real matrix."""

    def __init__(self, coils, lines, seed):
        rng = np.random.default_rng(seed)
        maps = rng.standard_normal((coils, H, W)) + 1j * rng.standard_normal((coils, H, W))
        maps = maps + 1.5 * np.exp(2j * np.pi * np.arange(coils) / coils)[:, None, None]
        maps /= np.sqrt((np.abs(maps) ** 2).sum(0))
        self.maps = float32(np.stack([maps.real, maps.imag], axis=1))
        self.lines, self.coils = lines, coils
        n = 2 * H * W
        self.matrix = np.stack([self.apply(np.eye(n)[i].reshape(2, H, W)).ravel() for i in range(n)], axis=1)
        self.truth = 0.5 + 0.08 * rng.standard_normal((2, H, W))
        y = self.matrix @ self.truth.ravel() + SIGMA_Y * rng.standard_normal(len(self.matrix))
        self.y = float32(y.reshape(self.shape))

    @property
    def shape(self):
        return (self.coils, 2, len(self.lines), W)

    def apply(self, image):
        maps = self.maps[:, 0] + 1j * self.maps[:, 1]
        x = maps * (image[0] + 1j * image[1])
        k = np.fft.fftshift(np.fft.fft(np.fft.ifftshift(x, axes=1), axis=1, norm="ortho"), axes=1)
        k = k[:, self.lines]
        return np.stack([k.real, k.imag], axis=1)

    def adjoint(self):
        return (self.matrix.T @ self.y.ravel()).reshape(2, H, W)


ONE_COIL = Problem(1, [0, 2, 3, 4, 5], 3)  # singular values 0 and 1
TWO_COILS = Problem(2, [1, 4, 6], 4)  # singular values between 0 and 1, and a null space
PROBLEMS = {"one coil": ONE_COIL, "two coils": TWO_COILS}


# Noise levels, and the tables that variance-preserving code derives from them.


def levels(steps, sigma_max, sigma_min):
    """Larmor's: geometric from sigmaMax to sigmaMin times the noise of the data."""
    last = sigma_min * SIGMA_Y
    return [sigma_max * (last / sigma_max) ** (i / (steps - 1)) for i in range(steps)]


def betas_of(sigmas):
    """beta_t for which alpha-bar_t = 1 / (1 + sigma_t^2), t = 0 being the smallest level."""
    alpha_bar = 1 / (1 + np.array(sigmas[::-1]) ** 2)
    return 1 - alpha_bar / np.concatenate([[1], alpha_bar[:-1]])


def vp(sigma):
    """sqrt(alpha-bar)."""
    return 1 / math.sqrt(1 + sigma * sigma)


class Noise:
    """Standard normal images in the order in which a sampler takes them."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.arrays = []

    def __call__(self):
        self.arrays.append(float32(self.rng.standard_normal((2, H, W))))
        return torch.tensor(self.arrays[-1])[None]


@contextlib.contextmanager
def randn_like(function):
    """torch.randn_like replaced by a function of the same argument."""
    before = torch.randn_like
    torch.randn_like = lambda like, *args, **kwargs: function(like)
    try:
        yield
    finally:
        torch.randn_like = before


def epsilon_model(sigmas):
    """The denoiser as a network that predicts the noise: x is variance-preserving, t counts levels from below."""
    ascending = sigmas[::-1]

    def model(x, t, *args, **kwargs):
        sigma = ascending[int(torch.as_tensor(t).reshape(-1)[0])]
        clean = denoise(x / vp(sigma), sigma)
        return (x / vp(sigma) - clean) / sigma

    return model


CASES = []


def case(name, source, problem, settings, mapping):
    """Registers a function noise -> result. A stochastic sampler starts at sigma times the first array."""

    def register(function):
        CASES.append((name, source, problem, settings, mapping, function))
        return function

    return register


def noisy_start(noise, sigmas):
    """Noise alone, of the first level."""
    return sigmas[0] * noise()
