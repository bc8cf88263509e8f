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
import math
import sys
import textwrap
import types
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")

import deepinv as dinv
import numpy as np
import torch
from deepinv.optim.data_fidelity import L2
from deepinv.optim.optimizers import create_iterator

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


class Physics(dinv.physics.LinearPhysics):
    """A problem as deepinv sees it."""

    def __init__(self, problem):
        super().__init__(max_iter=500, tol=1e-13, noise_model=dinv.physics.GaussianNoise(SIGMA_Y))
        self.matrix = torch.tensor(problem.matrix)
        self.y = torch.tensor(problem.y).reshape(1, -1)

    def A(self, x, **kwargs):
        return x.to(torch.float64).reshape(1, -1) @ self.matrix.T

    def A_adjoint(self, y, **kwargs):
        return (y @ self.matrix).reshape(1, 2, H, W)

    def prox_l2(self, z, y, gamma, **kwargs):
        # argmin gamma / 2 |A x - y|^2 + |x - z|^2 / 2, exactly; deepinv's own stops CG early.
        normal = gamma * self.matrix.T @ self.matrix + torch.eye(self.matrix.shape[1])
        return torch.linalg.solve(normal, (gamma * self.A_adjoint(y) + z).ravel()).reshape(z.shape)


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


def stub(name, **attributes):
    module = types.ModuleType(name)
    module.__dict__.update(attributes)
    sys.modules[name] = module
    return module


class Anything:
    """What is imported or called but does not matter."""

    def __getattr__(self, name):
        return Anything()

    def __call__(self, *args, **kwargs):
        return Anything()


OFFICIAL = Path(".")


def without_cuda(source):
    return source.replace(".to('cuda')", "").replace(".cuda()", "")


def official(path, **modules):
    """The names of an official file; modules that it imports may be replaced."""
    for name in ["matplotlib", "torchvision", "cv2", "tqdm.auto"]:
        sys.modules.setdefault(name, stub(name))
    stub("matplotlib.pyplot")
    stub("torchvision.utils")
    stub("tqdm", tqdm=lambda x, **kwargs: x)
    stub("tqdm.auto", tqdm=lambda x, **kwargs: x)
    for name, attributes in modules.items():
        stub(name.replace("__", "."), **attributes)
    module = types.ModuleType(path.replace("/", "_"))
    exec(compile(without_cuda((OFFICIAL / path).read_text()), path, "exec"), module.__dict__)
    return module


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


# deepinv.


def posterior_diffusion(problem, fidelity, solver, sigmas, start, noise):
    """deepinv's sampler of a variance-preserving process at given levels, down to 0."""
    sde = dinv.sampling.VariancePreservingDiffusion(alpha=1.0)
    slope = 20.0 - 0.1  # beta_max - beta_min: sigma^2 + 1 = exp(beta_min t + slope t^2 / 2)
    times = [(math.sqrt(0.1**2 + 2 * slope * math.log1p(s * s)) - 0.1) / slope for s in sigmas] + [0.0]
    physics = Physics(problem)
    model = dinv.sampling.PosteriorDiffusion(
        data_fidelity=fidelity,
        denoiser=denoise,
        sde=sde,
        solver=solver(timesteps=torch.tensor(times)),
        minus_one_one=False,
    )
    model.solver.randn_like = lambda x, seed=None: noise()
    return model(physics.y, physics, x_init=start * vp(sigmas[0]), denoise_output=False)


@case(
    "dps",
    "deepinv 0.5.0: DPSDataFidelity(guidance='annealed') with DDPMSolver",
    "two coils",
    {"steps": 8, "weight": 1 / 0.6, "sigmaData": 1e4, "sigmaMax": 0.7, "sigmaMin": 0.5},
    "sigmaData far above sigma makes r^2 = sigma^2, deepinv's sigma_y^2 + sigma_t^2; weight = 1 / deepinv's weight",
)
def dps(noise):
    sigmas = levels(8, 0.7, 0.5)
    start = noisy_start(noise, sigmas)
    fidelity = dinv.sampling.DPSDataFidelity(denoiser=denoise, weight=0.6, guidance="annealed")
    return posterior_diffusion(TWO_COILS, fidelity, dinv.sampling.DDPMSolver, sigmas, start, noise)


@case(
    "pigdm",
    "deepinv 0.5.0: PiGDMDataFidelity with DDIMSolver(eta=0.7)",
    "two coils",
    {"steps": 8, "weight": 1 / 0.8, "sigmaData": 1, "eta": 0.7, "sigmaMax": 0.7, "sigmaMin": 0.5, "cg": 20},
    "r^2 = sigma^2 / (1 + sigma^2): sigmaData 1; weight = 1 / deepinv's weight",
)
def pigdm(noise):
    sigmas = levels(8, 0.7, 0.5)
    start = noisy_start(noise, sigmas)
    fidelity = dinv.sampling.PiGDMDataFidelity(denoiser=denoise, weight=0.8, cg_max_iter=500, cg_tol=1e-13)

    def solver(timesteps):
        return dinv.sampling.DDIMSolver(timesteps=timesteps, eta=0.7)

    return posterior_diffusion(TWO_COILS, fidelity, solver, sigmas, start, noise)


class DiffPIR(dinv.sampling.DiffPIR):
    """With tables of given levels, after a smallest one at which nothing is left of the noise."""

    def __init__(self, sigmas, **options):
        # deepinv's levels are those of images in [-1, 1].
        self.table = torch.tensor([1e-9] + [2 * s for s in sigmas[::-1]])
        super().__init__(**options)

    def get_alpha_beta(self):
        self.num_train_timesteps = len(self.table)
        alpha_bar = 1 / (1 + self.table**2)
        # Not by 1 - alpha-bar, which rounds the smallest level away.
        deviation = self.table * alpha_bar.sqrt()
        return deviation, self.table, alpha_bar.sqrt(), 1 / alpha_bar.sqrt(), self.table, None

    def get_noise_schedule(self, sigma):
        rhos, sigmas, _ = super().get_noise_schedule(sigma)
        return rhos, sigmas, torch.arange(len(self.table))

    def get_alpha_prod(self, *args):
        return self.sqrt_recip_alphas_cumprod, self.sqrt_recipm1_alphas_cumprod


@case(
    "diffpir",
    "deepinv 0.5.0: DiffPIR",
    "two coils",
    {"steps": 8, "weight": 1.5, "zeta": 0.4, "sigmaMax": 0.7, "sigmaMin": 0.5, "cg": 20},
    "weight = lambda / 2: deepinv takes sigma of images in [-1, 1] and sigma_y of images in [0, 1], and twice the data term",
)
def diffpir(noise):
    sigmas = levels(8, 0.7, 0.5)
    start = noisy_start(noise, sigmas)
    model = DiffPIR(sigmas, model=denoise, data_fidelity=L2(), sigma=0.0, max_iter=9, zeta=0.4, lambda_=3.0)
    physics = Physics(TWO_COILS)
    used = []
    zs = iter([torch.zeros(1, 2, H, W)])  # the start has its noise already

    def clamp(self, *bounds):
        used.append(bool(((self < bounds[0]) | (self > bounds[1])).any()))
        return before(self, *bounds)

    before = torch.Tensor.clamp
    torch.Tensor.clamp = clamp
    # The last step goes to the level of 1e-9: its noise is Larmor's last, which is multiplied by 0.
    with randn_like(lambda like: next(zs, None) if len(used) == 0 else noise()):
        result = model(physics.y, physics, x_init=start)
    torch.Tensor.clamp = before
    assert not any(used), "values were clipped"
    return result


@case(
    "dpir",
    "deepinv 0.5.0: DPIR with its own 8 levels",
    "two coils",
    {"steps": 8, "weight": 0.23, "sigmaMax": 49 / 255, "sigmaMin": 1, "cg": 20, "phaseRotation": 0},
    "none: published settings; the start is A^H y without noise",
)
def dpir(noise):
    start = torch.tensor(TWO_COILS.adjoint())[None]
    physics = Physics(TWO_COILS)
    return dinv.optim.DPIR(sigma=SIGMA_Y, denoiser=denoise)(physics.y, physics, init=start)


@case(
    "pnp-admm",
    "deepinv 0.5.0: ADMM with a PnP prior",
    "two coils",
    {"steps": 7, "weight": 0.7, "sigmaMax": 0.1, "sigmaMin": 2, "cg": 20, "phaseRotation": 0, "average": 0},
    "one noise level throughout, the last image; stepsize = 1 / rho with rho = weight sigma_y^2 / sigma^2; the start is A^H y without noise",
)
def pnp_admm(noise):
    start = torch.tensor(TWO_COILS.adjoint())[None]
    physics = Physics(TWO_COILS)
    rho = 0.7 * (SIGMA_Y / 0.1) ** 2
    prior = dinv.optim.PnP(denoiser=denoise)
    model = dinv.optim.ADMM(L2(), prior, stepsize=1 / rho, g_param=0.1, max_iter=7)
    return model(physics.y, physics, init=(start, torch.zeros_like(start)))


@case(
    "red",
    "deepinv 0.5.0: GD with a RED prior",
    "two coils",
    {"steps": 9, "weight": 0.9, "sigmaMax": 0.1, "sigmaMin": 2, "phaseRotation": 0},
    "one noise level throughout; rho = weight sigma_y^2 / sigma^2 is lambda, stepsize = 1 / (1 + rho); the start is A^H y without noise",
)
def red(noise):
    start = torch.tensor(TWO_COILS.adjoint())[None]
    physics = Physics(TWO_COILS)
    rho = 0.9 * (SIGMA_Y / 0.1) ** 2
    prior = dinv.optim.RED(denoiser=denoise)
    model = dinv.optim.GD(L2(), prior, lambda_reg=rho, stepsize=1 / (1 + rho), g_param=0.1, max_iter=9)
    return model(physics.y, physics, init=start)


# Official repositories.


@case(
    "ddrm",
    "bahjat-kawar/ddrm: efficient_generalized_steps with GeneralH",
    "two coils",
    {"steps": 7, "weight": 1, "eta": 0.85, "etaB": 1, "sigmaMax": 1, "sigmaMin": 0.5},
    "their start is divided by sqrt(1 + sigma^2), not sigma; the second noise array is that of the measured coefficients of the start",
)
def ddrm(noise, etas=(0.85, 1.0)):
    eta, eta_b = etas
    sigmas = levels(7, 1, 0.5)
    operator = official("ddrm/functions/svd_replacement.py").GeneralH(torch.tensor(TWO_COILS.matrix))
    steps = official("ddrm/functions/denoising.py")
    y = torch.tensor(TWO_COILS.y).reshape(1, -1)
    start, known = noisy_start(noise, sigmas), operator.Vt(noise())
    singulars = operator.singulars()
    rank = len(singulars)
    assert (singulars * sigmas[0] > SIGMA_Y).all()
    x = operator.Vt(start) / sigmas[0]
    x[:, :rank] = known[:, :rank]
    at = {"step": -1}

    def spectral(like):
        """The noise of an image in the basis, or the part of it that is asked for."""
        if like.shape[1] == x.shape[1]:
            at["step"] += 1
            at["z"] = operator.Vt(noise())
            return at["z"]
        if like.shape[1] == rank:
            return at["z"][:, :rank]
        after = sigmas[1:] + [0.0]
        return at["z"][:, :rank][:, singulars * after[at["step"]] < SIGMA_Y]

    # They divide the start by sigma, which is 157 there, for the square root of 1 + sigma^2.
    first = iter([vp(sigmas[0]) * sigmas[0]])
    synthesise = operator.V
    operator.V = lambda c: synthesise(c) * next(first, 1.0)
    with randn_like(spectral):
        iterates, _ = steps.efficient_generalized_steps(
            x.reshape(1, 2, H, W), range(len(sigmas)), epsilon_model(sigmas), torch.tensor(betas_of(sigmas)),
            operator, y, SIGMA_Y, eta_b, eta, eta,
        )
    return iterates[-1]


@case(
    "ddrm",
    "bahjat-kawar/ddrm: efficient_generalized_steps with GeneralH",
    "two coils",
    {"steps": 7, "weight": 1, "eta": 0.6, "etaB": 0.7, "sigmaMax": 1, "sigmaMin": 0.5},
    "their start is divided by sqrt(1 + sigma^2), not sigma; the second noise array is that of the measured coefficients of the start",
)
def ddrm_less_noise(noise):
    return ddrm(noise, (0.6, 0.7))


@case(
    "ddnm",
    "wyhuai/DDNM: ddnm_diffusion with GeneralA",
    "one coil",
    {"steps": 8, "weight": 1e-9, "eta": 0.85, "jump": 1, "repeats": 1, "sigmaMax": 1, "sigmaMin": 0.5, "cg": 1},
    "A^+ without a ridge for noise: weight towards 0; with one coil A A^H = 1, and one step of CG is exact",
)
def ddnm(noise):
    sigmas = levels(8, 1, 0.5)
    operator = official("DDNM/functions/svd_operators.py").GeneralA(torch.tensor(ONE_COIL.matrix))
    steps = official("DDNM/functions/svd_ddnm.py")
    start = noisy_start(noise, sigmas)
    config = types.SimpleNamespace(
        diffusion=types.SimpleNamespace(num_diffusion_timesteps=8),
        time_travel=types.SimpleNamespace(T_sampling=8, travel_length=1, travel_repeat=1),
    )
    with randn_like(lambda like: noise()):
        (result,), _ = steps.ddnm_diffusion(
            start * vp(sigmas[0]), epsilon_model(sigmas), torch.tensor(betas_of(sigmas)), 0.85, operator,
            torch.tensor(ONE_COIL.y).reshape(1, -1), config=config,
        )
    return result


@case(
    "dds",
    "HJ-harry/DDS: the body of solver_2d.py's loop, with its CG",
    "two coils",
    {"steps": 8, "weight": 1 / 1.2, "power": 0, "eta": 0.8, "sigmaMax": 0.7, "sigmaMin": 0.5, "cg": 5},
    "weight = 1 / gamma; on real and imaginary parts as two real channels, where their CG has the right inner product",
)
def dds(noise):
    sigmas = levels(8, 0.7, 0.5)
    source = (OFFICIAL / "DDS/solver_2d.py").read_text()
    helpers = official("DDS/utils.py", physics={}, physics__fastmri_utils={"fft2c_new": None, "ifft2c_new": None},
                       skimage={}, skimage__metrics={"peak_signal_noise_ratio": None, "structural_similarity": None})
    lines = source.split("\n")
    first = next(i for i, line in enumerate(lines) if "at = compute_alpha(self.betas, t.long())" in line)
    last = next(i for i, line in enumerate(lines) if "x0_preds.append(x0_t.to('cpu'))" in line)
    body = compile(without_cuda(textwrap.dedent("\n".join(lines[first:last]))), "solver_2d.py", "exec")
    start = noisy_start(noise, sigmas)
    matrix, y = torch.tensor(TWO_COILS.matrix), torch.tensor(TWO_COILS.y).reshape(1, -1)
    epsilon = epsilon_model(sigmas)
    A = lambda x: x.reshape(1, -1) @ matrix.T
    AT = lambda z: (z @ matrix).reshape(1, 2, H, W)
    args = types.SimpleNamespace(deg="two coils", sigma_y=SIGMA_Y, gamma=1.2, CG_iter=5, eta=0.8, image_folder=Path("."))

    def compute_alpha(betas, t):
        # Counted from 1, so that their rule for step 0 is not met; 0 is the clean image.
        t = int(t)
        return torch.tensor(1.0 if t == 0 else vp(sigmas[::-1][t - 1]) ** 2)

    names = {
        "torch": torch, "np": np, "plt": Anything(), "clear": lambda x: 0, "args": args, "CG": helpers.CG,
        "self": types.SimpleNamespace(args=args, betas=None), "compute_alpha": compute_alpha, "A": A, "AT": AT, "y": y,
        "Acg_fn": lambda x: x + args.gamma * AT(A(x)), "xs": [start * vp(sigmas[0])],
        # The network gives mean and variance; the second half is not used.
        "model": lambda x, t: torch.cat([epsilon(x, t - 1)] * 2, dim=1),
    }
    with randn_like(lambda like: noise()):
        for i in range(len(sigmas), 0, -1):
            # Their last step, j = -1, has no noise.
            names.update(i=i, j=i - 1 if i > 1 else -1, t=torch.tensor([i]), next_t=torch.tensor([i - 1]))
            exec(body, names)
            names["xs"].append(names["xt_next"])
    return names["xs"][-1]


@case(
    "dmps",
    "mengxiangming/dmps: DDPM.p_sample and PosteriorSampling_meng.conditioning",
    "two coils",
    {"steps": 8, "weight": 1 / 0.9, "sigmaMax": 0.7, "sigmaMin": 0.5, "cg": 20},
    "the likelihood is taken at x_t, as in the paper's algorithm; their loop passes the sample of the next level",
)
def dmps(noise):
    sigmas = levels(8, 0.7, 0.5)
    operator = official("ddrm/functions/svd_replacement.py").GeneralH(torch.tensor(TWO_COILS.matrix))
    stub("util")
    stub("util.img_utils", clear_color=None, dynamic_thresholding=None)
    package = stub("guided_diffusion")
    package.__path__ = [str(OFFICIAL / "dmps/guided_diffusion")]
    for name in ["posterior_mean_variance", "gaussian_diffusion", "condition_methods"]:
        module = stub(f"guided_diffusion.{name}")
        module.__package__ = "guided_diffusion"
        # Their tables are rounded to float32 otherwise.
        text = without_cuda((OFFICIAL / f"dmps/guided_diffusion/{name}.py").read_text()).replace(".float()", ".double()")
        exec(compile(text, name, "exec"), module.__dict__)
    sampler = sys.modules["guided_diffusion.gaussian_diffusion"].DDPM(
        use_timesteps=range(8), betas=betas_of(sigmas), model_mean_type="epsilon", model_var_type="fixed_small",
        dynamic_threshold=False, clip_denoised=False, rescale_timesteps=False,
    )
    noiser = types.SimpleNamespace(__name__="gaussian")
    condition = sys.modules["guided_diffusion.condition_methods"].PosteriorSampling_meng(None, noiser, scale=0.9)
    y = torch.tensor(TWO_COILS.y).reshape(1, -1)
    start = noisy_start(noise, sigmas)
    x = start * vp(sigmas[0])
    with randn_like(lambda like: noise()):
        for index in reversed(range(8)):
            t = torch.tensor([index])
            sample = sampler.p_sample(epsilon_model(sigmas), x, t)["sample"]
            guided = condition.conditioning(
                x_prev=None, x_t=x.clone(), x_0_hat=None, measurement=y, H_funcs=operator, noise_std=SIGMA_Y,
                alpha_t=sampler.alphas[index], alpha_bar=sampler.alphas_cumprod[index], pseudonoise_scale=None,
            )
            x = sample + (guided - x)
    return x


@case(
    "red-diff",
    "NVlabs/RED-diff: REDDIFF.sample",
    "one coil",
    {"steps": 12, "weight": 0.8, "power": 0, "rate": 0.05, "sigmaMax": 1, "sigmaMin": 0.5},
    "loss times the number of data, weight = grad_term_weight over pixels; Adam's rate falls to 0; the start is A^+ y without noise",
)
def red_diff(noise):
    sigmas = levels(12, 1, 0.5)
    operator = official("ddrm/functions/svd_replacement.py").GeneralH(torch.tensor(ONE_COIL.matrix))
    stub("omegaconf", DictConfig=dict)
    stub("models")
    stub("models.classifier_guidance_model", ClassifierGuidanceModel=None)
    stub("utils")
    stub("utils.degredations", build_degredation_model=lambda cfg: operator)
    stub("algos").__path__ = []
    stub("algos.ddim", DDIM=object)
    module = stub("algos.reddiff")
    module.__package__ = "algos"
    exec(compile(without_cuda((OFFICIAL / "RED-diff/algos/reddiff.py").read_text()), "reddiff", "exec"), module.__dict__)
    epsilon = epsilon_model(sigmas)

    def network(xt, y, t, scale):
        sigma = sigmas[::-1][int(t)]
        return epsilon(xt, t), denoise(xt / vp(sigma), sigma)

    network.diffusion = types.SimpleNamespace(alpha=lambda t: torch.tensor([vp(sigmas[::-1][max(int(t), 0)]) ** 2]))
    algo = types.SimpleNamespace(
        awd=True, cond_awd=False, grad_term_weight=0.8 * 2 * H * W, obs_weight=float(len(ONE_COIL.matrix)), eta=1.0,
        lr=0.05, denoise_term_weight="linear", sigma_x0=0.0, sigma_y=SIGMA_Y, deg="one coil",
    )
    cfg = types.SimpleNamespace(algo=algo, exp=types.SimpleNamespace(save_evolution=False))
    y = torch.tensor(ONE_COIL.y).reshape(1, -1)
    calls = {"count": 0, "step": 0}

    def noises(like):
        # Theirs draws one for x0, which sigma_x0 = 0 multiplies, before that of x_t.
        calls["count"] += 1
        return torch.zeros(like.shape) if calls["count"] % 2 else noise()

    class FallingAdam(torch.optim.Adam):
        def step(self, *args):
            self.param_groups[0]["lr"] = 0.05 * (1 - calls["step"] / 12)
            calls["step"] += 1
            return super().step(*args)

    before = torch.optim.Adam
    torch.optim.Adam = FallingAdam
    with randn_like(noises):
        _, mu = module.REDDIFF(network, cfg).sample(torch.zeros(1, 2, H, W), None, list(range(12)), y_0=y)
    torch.optim.Adam = before
    return mu.detach()


@case(
    "score-mri",
    "HJ-harry/score-MRI: ReverseDiffusionPredictor and LangevinCorrector of sampling.py with VESDE",
    "two coils",
    {"steps": 6, "weight": 1 / 0.8, "snr": 0.16, "sigmaMax": 1, "sigmaMin": 0.5},
    "the corrector at the level that the predictor stepped to; x + lambda A^H (y - A x) after each, lambda from 1 to 0.2 over weight; none after the last predictor but that",
)
def score_mri(noise):
    sigmas = levels(6, 1, 0.5)
    sde = official("score-MRI/sde_lib.py").VESDE(sigma_min=sigmas[-1], sigma_max=sigmas[0], N=6)
    stub("models", utils=None)
    parts = official("score-MRI/sampling.py", utils={name: None for name in ["fft2", "ifft2", "clear", "fft2_m", "ifft2_m", "root_sum_of_squares"]})
    matrix, y = torch.tensor(TWO_COILS.matrix), torch.tensor(TWO_COILS.y).reshape(1, -1)

    def score(x, t):
        sigma = sde.discrete_sigmas[(t * 5).round().long()].item()
        return (denoise(x, sigma) - x) / sigma**2

    predictor = parts.ReverseDiffusionPredictor(sde, score)
    corrector = parts.LangevinCorrector(sde, score, 0.16, 1)

    def consistent(x, i):
        weight = 0.8 * (1 + (0.2 - 1) * i / 5)
        return x + weight * ((y - x.reshape(1, -1) @ matrix.T) @ matrix).reshape(x.shape)

    start = noisy_start(noise, sigmas)
    x = start
    with randn_like(lambda like: noise()):
        for i in range(6):
            # A little above the grid: their index is t * 5 rounded down.
            t = torch.tensor([(5 - i) / 5 + 1e-9])
            x, mean = predictor.update_fn(x, t)
            x = consistent(x if i < 5 else mean, i)
            if i < 5:
                x, _ = corrector.update_fn(x, torch.tensor([(4 - i) / 5 + 1e-9]))
                x = consistent(x, i)
    return x


def encode(x):
    return base64.b64encode(np.asarray(x, dtype="<f4").tobytes()).decode()


def main():
    global OFFICIAL
    parser = argparse.ArgumentParser()
    parser.add_argument("--official", type=Path, required=True)
    OFFICIAL = parser.parse_args().official.resolve()
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
