"""Fourier transforms, coils and least squares, for complex images `[N, H, W]` and coil images `[N, C, H, W]`.

H is the phase-encode axis. With a mask of whole lines data stay transformed along the readout, so that
one transform along H is enough ("lines"); with a mask of the plane both axes are transformed.
"""

from dataclasses import dataclass

import torch


@dataclass
class Sampling:
    """Which samples were acquired: 1 and 0, `[H, 1]` of lines or `[H, W]` of a plane."""

    acquired: torch.Tensor
    centre: torch.Tensor

    @property
    def axes(self):
        """Axes that are transformed."""
        return (-2,) if self.acquired.shape[-1] == 1 else (-2, -1)

    def to(self, device):
        """The same on a device."""
        return Sampling(self.acquired.to(device), self.centre.to(device))


def complex_of(parts):
    """`[..., 2, H, W]` as complex `[..., H, W]`."""
    return torch.complex(parts[..., 0, :, :].float(), parts[..., 1, :, :].float())


def parts_of(image):
    """Complex `[..., H, W]` as `[..., 2, H, W]`."""
    return torch.stack([image.real, image.imag], -3)


def to_kspace(image, axes):
    """The centred orthonormal Fourier transform."""
    return torch.fft.fftshift(torch.fft.fftn(torch.fft.ifftshift(image, dim=axes), dim=axes, norm="ortho"), dim=axes)


def to_image(kspace, axes):
    """Its inverse."""
    return torch.fft.fftshift(torch.fft.ifftn(torch.fft.ifftshift(kspace, dim=axes), dim=axes, norm="ortho"), dim=axes)


def expand(maps, image):
    """Coil images of an image."""
    return maps * image[:, None]


def combine(maps, coil_images):
    """Sum over coils of conj(S) y."""
    return (maps.conj() * coil_images).sum(1)


def rss(coil_images):
    """Root sum of squares over coils, `[N, H, W]`."""
    return (coil_images.real.square() + coil_images.imag.square()).sum(1).add(1e-12).sqrt()


class Data:
    """The data of least squares, |A x - y|^2, with A = mask, Fourier transform and coils."""

    def __init__(self, kspace, sampling, maps):
        self.adjoint = combine(maps, to_image(sampling.acquired * kspace, sampling.axes))
        # A shift of the image is a phase in k-space, which the mask leaves alone: A^H A needs none.
        mask = torch.fft.ifftshift(sampling.acquired, dim=sampling.axes)
        # Transforms of one axis are fastest along the last.
        self.lines = sampling.axes == (-2,)
        self.axes = (-1,) if self.lines else sampling.axes
        self.maps = self.turned(maps).contiguous()
        self.conjugate = self.maps.conj().resolve_conj()
        self.mask = self.turned(mask).to(maps.dtype).contiguous()

    def turned(self, x):
        """With the phase-encode axis last, if it is the one that is transformed."""
        return x.transpose(-2, -1) if self.lines else x

    def normal(self, x):
        """A^H A x."""
        kspace = self.mask * torch.fft.fftn(self.maps * self.turned(x)[:, None], dim=self.axes)
        coil_images = self.conjugate * torch.fft.ifftn(kspace, dim=self.axes)
        return self.turned(coil_images.sum(1)).contiguous()


def compressed(kspace, maps, count):
    """Samples and maps of at most so many virtual coils: the principal components of the samples."""
    if maps.shape[1] <= count:
        return kspace, maps
    flat = kspace.flatten(2)
    _, vectors = torch.linalg.eigh(flat @ flat.mH)
    mix = vectors[..., -count:].mH
    return tuple((mix @ x.flatten(2)).unflatten(2, x.shape[2:]) for x in (kspace, maps))


def inner(a, b):
    """Real part of the inner product of each image, `[N, 1, 1]`."""
    return (a.real * b.real + a.imag * b.imag).sum((-2, -1), keepdim=True)


def conjugate_gradients(apply, x, r, iterations):
    """So many steps for A x = b from `x` with the residual `r` = b - A x."""
    p = r
    for _ in range(iterations):
        rr, ap = inner(r, r), apply(p)
        alpha = rr / inner(p, ap).clamp_min(1e-30)
        x, r = x + alpha * p, r - alpha * ap
        p = r + inner(r, r) / rr.clamp_min(1e-30) * p
    return x


def start_image(data, sigma):
    """The regularised least-squares image that iterations start from; sigma `[N, 1, 1]`."""
    weight = 0.5 * sigma + 1e-3
    apply = lambda x: data.normal(x) + weight * x
    return conjugate_gradients(apply, torch.zeros_like(data.adjoint), data.adjoint, 15)


def real_maps(kspace, sampling, maps):
    """Maps that take up the phase of the image of the calibration lines: the image is nearly real and positive then."""
    image = combine(maps, to_image(sampling.centre * kspace, sampling.axes))
    return maps * (image / (image.abs().square() + 1e-12).sqrt())[:, None]


EXCESS = 1.05  # a residual up to this factor above the noise does not count as an error of the model


def model_sigma(kspace, sampling, maps, sigma):
    """Noise and what maps that err leave of the calibration lines, `[N, 1, 1]`: the twin of `src/method/model_sigma.ts`."""
    if maps.shape[1] == 1:
        return sigma
    energies = []
    for y in (kspace, torch.randn_like(kspace) * 2**0.5 * sampling.acquired):
        data = Data(y, sampling, maps)
        apply = lambda x: data.normal(x) + 1e-4 * x
        image = conjugate_gradients(apply, torch.zeros_like(data.adjoint), data.adjoint, 24)
        residual = sampling.centre * (y - to_kspace(expand(maps, image), sampling.axes))
        energies.append(residual.abs().square().sum((1, 2, 3)))
    found, of_noise = energies
    excess = (found / of_noise)[:, None, None] - (EXCESS * sigma).square()
    return (sigma.square() + excess.clamp_min(0)).sqrt()


def proximal(data, centre, rho, iterations, start):
    """argmin |A x - y|^2 + rho |x - centre|^2 as its correction x - centre, begun at `start`."""
    return Proximal.apply(centre, rho, start, data, iterations)


class Inverse(torch.autograd.Function):
    """(A^H A + weight)^-1 b by conjugate gradients from zero, with the gradient of the solution."""

    @staticmethod
    def forward(context, b, weight, data, iterations):
        u = conjugate_gradients(lambda x: data.normal(x) + weight * x, torch.zeros_like(b), b, iterations)
        context.data, context.iterations = data, iterations
        context.save_for_backward(weight, u)
        return u

    @staticmethod
    def backward(context, g):
        weight, u = context.saved_tensors
        apply = lambda x: context.data.normal(x) + weight * x
        w = conjugate_gradients(apply, torch.zeros_like(g), g, context.iterations)
        return w, -inner(w, u).sum().reshape(weight.shape), None, None


class Proximal(torch.autograd.Function):
    """Conjugate gradients whose gradient is that of the solution: one more solve, nothing to keep.

    For (A^H A + rho) u = A^H (y - A centre) =: b(centre) and w = (A^H A + rho)^-1 g, the gradients are
    -A^H A w = rho w - g for the centre and -<w, u> for rho. The start has none: what is left of it
    after the iterations is small.
    """

    @staticmethod
    def forward(context, centre, rho, start, data, iterations):
        residual = data.adjoint - data.normal(centre + start) - rho * start
        u = conjugate_gradients(lambda x: data.normal(x) + rho * x, start, residual, iterations)
        context.data, context.iterations = data, iterations
        context.save_for_backward(rho, u)
        return u

    @staticmethod
    def backward(context, g):
        rho, u = context.saved_tensors
        apply = lambda x: context.data.normal(x) + rho * x
        w = conjugate_gradients(apply, g / (1 + rho), g - apply(g / (1 + rho)), context.iterations)
        return rho * w - g, -inner(w, u), None, None, None
