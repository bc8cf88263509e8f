"""Samplers of the authors' repositories: see samplers.py."""

import sys
import textwrap
import types
from pathlib import Path

import numpy as np
import torch
from samplers_common import (
    H, ONE_COIL, SIGMA_Y, TWO_COILS, W, betas_of, case, denoise, epsilon_model, levels, noisy_start, randn_like, vp,
)

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


FOLDER = Path(".")  # of the clones; set by samplers.py


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
    exec(compile(without_cuda((FOLDER / path).read_text()), path, "exec"), module.__dict__)
    return module


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
    source = (FOLDER / "DDS/solver_2d.py").read_text()
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
    package.__path__ = [str(FOLDER / "dmps/guided_diffusion")]
    for name in ["posterior_mean_variance", "gaussian_diffusion", "condition_methods"]:
        module = stub(f"guided_diffusion.{name}")
        module.__package__ = "guided_diffusion"
        # Their tables are rounded to float32 otherwise.
        text = without_cuda((FOLDER / f"dmps/guided_diffusion/{name}.py").read_text()).replace(".float()", ".double()")
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
    exec(compile(without_cuda((FOLDER / "RED-diff/algos/reddiff.py").read_text()), "reddiff", "exec"), module.__dict__)
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
