"""Twins of Larmor's reconstruction networks in PyTorch: the same graph, and the same names of the weights.

Each takes samples with zeros elsewhere, complex `[N, C, H, W]` (hybrid space for a mask of lines), and
gives the magnitude `[N, H, W]`, those after fewer stages, and its coil maps if it has any.
"""

import math

import torch
from torch import nn

from denoiser import SIGMA_DATA, ResidualUNet, denoise
from physics import Data, Inverse, combine, complex_of, expand, parts_of, proximal, real_maps, rss, start_image, to_image, to_kspace
from swin import NormHumus
from unet import NormUNet, UNet

GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))


class Sensitivities(nn.Module):
    """Coil maps from the calibration lines, one coil at a time, their sum of squares 1."""

    def __init__(self, channels, pools):
        super().__init__()
        self.norm_unet = NormUNet(channels, pools)

    def forward(self, kspace, sampling):
        images = to_image(sampling.centre * kspace, sampling.axes)
        maps = complex_of(self.norm_unet(parts_of(images.flatten(0, 1)))).view(kspace.shape)
        return maps / maps.abs().square().sum(1, keepdim=True).sqrt()


class Cascade(nn.Module):
    """A step of data consistency, and a network on the combined image."""

    def __init__(self, model):
        super().__init__()
        self.dc_weight = nn.Parameter(torch.ones(1))
        self.model = model


class VarNet(nn.Module):
    """The end-to-end variational network (Sriram et al. 2020), as `src/unrolled/networks/varnet.ts`."""

    def __init__(self, cascades=8, channels=16, pools=3, sensitivity_channels=6, sensitivity_pools=3):
        super().__init__()
        self.sens_net = Sensitivities(sensitivity_channels, sensitivity_pools)
        self.cascades = nn.ModuleList(Cascade(NormUNet(channels, pools, zero=True)) for _ in range(cascades))

    def forward(self, kspace, sampling, **_):
        """The magnitude, those after fewer cascades, and the maps."""
        maps, axes = self.sens_net(kspace, sampling), sampling.axes
        current, stages = kspace, []
        for cascade in self.cascades:
            coil_images = to_image(current, axes)
            stages.append(rss(coil_images))
            refined = complex_of(cascade.model(parts_of(combine(maps, coil_images))))
            correction = sampling.acquired * (current - kspace) * cascade.dc_weight
            current = current - correction - to_kspace(expand(maps, refined), axes)
        return rss(to_image(current, axes)), stages[1:], maps


class Humus(VarNet):
    """HUMUS-Net (Fabian et al. 2022) in a small size, as `src/unrolled/networks/humus.ts`."""

    def __init__(self, cascades=3, features=16, sensitivity_channels=6, sensitivity_pools=3, **sizes):
        super().__init__(0, 0, 1, sensitivity_channels, sensitivity_pools)
        self.cascades = nn.ModuleList(Cascade(NormHumus(features=features, **sizes)) for _ in range(cascades))
        self.architecture = {"residual": False}


WEIGHTS = (1.0, 8.0)  # of the first and the last cascade, at the noise level below
LEVEL = 0.02


def following(log_weight, log_power, sigma):
    """A weight that follows the noise, of its logarithm at the noise level above and its power, in units of 10."""
    return (10 * (log_weight + log_power * (sigma.clamp_min(1e-3) / LEVEL).log())).exp()


class SolvedCascade(nn.Module):
    """A U-Net on the image, and its weight against the data: logarithm and power of the noise, in units of 10."""

    def __init__(self, channels, pools, weight):
        super().__init__()
        self.log_weight = nn.Parameter(torch.full((1,), math.log(weight * LEVEL) / 10))
        self.log_power = nn.Parameter(torch.full((1,), 0.1))
        self.model = NormUNet(channels, pools, zero=True, scaled=True, beside=True)

    def rho(self, sigma):
        """The weight at a noise level."""
        return following(self.log_weight, self.log_power, sigma)


class FromLeastSquares(nn.Module):
    """What begins with the least-squares image, in maps that make it nearly real."""

    @torch.no_grad()
    def begin(self, kspace, sampling, maps, sigma):
        """Such maps, and the image."""
        maps = real_maps(kspace, sampling, maps)
        return maps, start_image(Data(kspace, sampling, maps), sigma)


class SolvedVarNet(FromLeastSquares):
    """A variational network whose steps of data consistency are solved, from the least-squares image on.

    With `shared` all U-Nets are one: they may part in a later run.
    """

    STEPS = 8  # of conjugate gradients

    def __init__(self, cascades=4, channels=16, pools=3, shared=False):
        super().__init__()
        low, high = map(math.log, WEIGHTS)
        weights = [math.exp(low + (high - low) * k / max(1, cascades - 1)) for k in range(cascades)]
        self.cascades = nn.ModuleList(SolvedCascade(channels, pools, weight) for weight in weights)
        for cascade in self.cascades if shared else ():
            cascade.model = self.cascades[0].model

    def forward(self, kspace, sampling, maps, sigma, start=None):
        """sigma `[N, 1, 1]`; with a start the maps are those that belong to it. The magnitude and those after fewer cascades."""
        maps, x = self.begin(kspace, sampling, maps, sigma) if start is None else (maps, start)
        data, stages = Data(kspace, sampling, maps), []
        for cascade in self.cascades:
            x = x - self.correction(cascade, x, data)
            x = x + proximal(data, x, cascade.rho(sigma), self.STEPS, torch.zeros_like(x))
            stages.append(magnitude_of(x))
        return stages[-1], stages[:-1], None

    def correction(self, cascade, x, data):
        """Of a U-Net that is shown the zero-filled image too."""
        return complex_of(cascade.model(parts_of(x), parts_of(data.adjoint)))


class SolvedHumus(SolvedVarNet):
    """HUMUS-Net in a small size whose steps of data consistency are solved."""

    def __init__(self, cascades=3, features=16, **sizes):
        super().__init__(cascades, 1, 1)
        for cascade in self.cascades:
            cascade.model = NormHumus(scaled=True, features=features, **sizes)
        self.architecture = {"residual": False}

    def correction(self, cascade, x, data):
        """Of HUMUS-Net's block."""
        return complex_of(cascade.model(parts_of(x)))


class RefiningUNet(FromLeastSquares):
    """A U-Net that corrects the least-squares image, as `src/unrolled/networks/unet_refining.ts`."""

    def __init__(self, channels=20, pools=4):
        super().__init__()
        self.model = NormUNet(channels, pools, zero=True, scaled=True, beside=True)

    def forward(self, kspace, sampling, maps, sigma, start=None):
        """The magnitude."""
        maps, x = self.begin(kspace, sampling, maps, sigma) if start is None else (maps, start)
        folded = combine(maps, to_image(sampling.acquired * kspace, sampling.axes))
        return magnitude_of(x - complex_of(self.model(parts_of(x), parts_of(folded)))), [], None


class ImageUNet(nn.Module):
    """fastMRI's baseline: the U-Net on the zero-filled magnitude, normalised by mean and deviation."""

    def __init__(self, channels=20, pools=4):
        super().__init__()
        for name, module in UNet(1, 1, channels, pools).named_children():
            self.add_module(name, module)

    def forward(self, kspace, sampling, **_):
        image = rss(to_image(kspace, sampling.axes))[:, None]
        mean = image.mean((1, 2, 3), keepdim=True)
        deviation = (image.var((1, 2, 3), unbiased=False, keepdim=True) + 1e-12).sqrt()
        return (UNet.forward(self, (image - mean) / deviation).float() * deviation + mean)[:, 0], [], None


def magnitude_of(image):
    """|x|, with a slope at zero."""
    return (image.abs().square() + 1e-12).sqrt()


class Neumann(nn.Module):
    """The Neumann network (Gilton et al. 2019), as `src/unrolled/networks/neumann.ts`; cg = 0 is the plain series."""

    def __init__(self, terms=6, cg=10, channels=16, pools=3):
        super().__init__()
        self.log_eta = nn.Parameter(torch.full((1,), math.log(0.1) / 10))
        self.log_power = nn.Parameter(torch.zeros(1))
        self.regulariser = NormUNet(channels, pools, zero=True, scaled=True)
        self.architecture = {"terms": terms, "conjugateGradients": cg, "channels": channels, "pools": pools}

    def forward(self, kspace, sampling, maps, sigma):
        """sigma `[N, 1, 1]`. The magnitude of the sum of the terms."""
        data, cg = Data(kspace, sampling, real_maps(kspace, sampling, maps)), self.architecture["conjugateGradients"]
        eta = following(self.log_eta, self.log_power, sigma)
        inverse = lambda b: Inverse.apply(b, eta, data, cg)
        linear = (lambda b: eta * inverse(b)) if cg else (lambda b: b - eta * data.normal(b))
        term = inverse(data.adjoint) if cg else eta * data.adjoint
        total = term
        for _ in range(self.architecture["terms"]):
            term = linear(term) - complex_of(self.regulariser(parts_of(term)))
            total = total + term
        return magnitude_of(total), [], None


class Iteration(nn.Module):
    """Learned logarithms of one iteration's factors, in units of 10."""

    def __init__(self, dual):
        super().__init__()
        self.log_level = nn.Parameter(torch.zeros(1))
        self.log_weight = nn.Parameter(torch.zeros(1))
        if dual:
            self.log_dual = nn.Parameter(torch.zeros(1))


class Modl(nn.Module):
    """MoDL with the denoiser of a prior, as `src/unrolled/networks/modl.ts`.

    With a dual variable it begins as ADMM, which may be over-relaxed; the image is the mean of the last `averaged`.
    """

    def __init__(self, iterations=10, cg=4, dual=False, relaxation=1.0, averaged=1):
        super().__init__()
        self.denoiser, self.cg, self.dual = ResidualUNet(), cg, dual
        self.relaxation, self.averaged = relaxation, averaged
        self.iterations = nn.ModuleList(Iteration(dual and k < iterations - 1) for k in range(iterations))
        self.architecture = {"iterations": iterations, "conjugateGradients": cg, "sigmaData": SIGMA_DATA}
        self.architecture |= {"dual": True} if dual else {}
        self.architecture |= {"relaxation": relaxation} if relaxation != 1 else {}
        self.architecture |= {"averaged": averaged} if averaged != 1 else {}

    def levels(self, sigma):
        """Logarithms of the noise level of each iteration."""
        count = len(self.iterations)
        last = ((1.0 if self.dual else 0.5) * sigma).clamp_min(1e-3).log()
        share = [k / (count - 1) if count > 1 else 0.0 for k in range(count)]
        return [t * last + (1 - t) * math.log(0.4) + 10 * own.log_level for t, own in zip(share, self.iterations)]

    def forward(self, kspace, sampling, maps, sigma):
        """sigma `[N, 1, 1]`. The magnitude and those after fewer iterations."""
        data = Data(kspace, sampling, maps)
        x, images, levels = start_image(data, sigma), [], self.levels(sigma)
        correction, dual = torch.zeros_like(x), torch.zeros_like(x)
        for k, own in enumerate(self.iterations):
            rho = (0.7 if self.dual else 0.23) * (2 * (sigma.log() - levels[k]) + 10 * own.log_weight).exp()
            correction = proximal(data, x - dual, rho, self.cg, correction)
            shown = x + self.relaxation * correction + (1 - self.relaxation) * dual  # v + dual, v beyond the proximal point
            turn = torch.polar(torch.ones(()), torch.tensor(k * GOLDEN_ANGLE)).to(x.device)
            x = complex_of(denoise(self.denoiser, parts_of(shown * turn), levels[k].exp()[:, None])) * turn.conj()
            images.append(x)
            if self.dual and k < len(self.iterations) - 1:
                dual = (shown - x) * (2 * (levels[k + 1] - levels[k]) + 10 * own.log_dual).exp()
        mean = torch.stack(images[-self.averaged :]).mean(0)
        return magnitude_of(mean), [magnitude_of(x) for x in images[:-1]], None
