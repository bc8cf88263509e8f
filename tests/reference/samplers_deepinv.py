"""Samplers of deepinv 0.5: see samplers.py."""

import math

import deepinv as dinv
import torch
from deepinv.optim.data_fidelity import L2
from samplers_common import H, SIGMA_Y, TWO_COILS, W, case, denoise, levels, noisy_start, randn_like, vp


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
    {"steps": 7, "weight": 0.7, "sigmaMax": 0.1, "sigmaMin": 2, "cg": 20, "phaseRotation": 0, "average": 0, "relaxation": 1},
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
