"""Values of the networks of `models/recipes` in PyTorch, for the tests.

    python twins.py FOLDER

For each architecture: random weights in Larmor's file format, random inputs, and what PyTorch makes of
them; the same for the models that come with Larmor, whose weights are read here.
"""

import re
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "models" / "recipes"))

import convert  # noqa: E402
from denoiser import ResidualUNet, denoise, edm, flow  # noqa: E402
from mix import mixed, save_like, weights_of  # noqa: E402
from networks import Humus, ImageUNet, Modl, Neumann, RefiningUNet, SolvedHumus, SolvedVarNet, VarNet  # noqa: E402
from physics import Data, Sampling, compressed, model_sigma, parts_of, rss, to_kspace  # noqa: E402
from simulate import centre_window, poisson_mask, random_coils, random_size, tissue_phase  # noqa: E402

import numpy as np  # noqa: E402

OUT = Path(sys.argv[1])
COILS, HEIGHT, WIDTH = 3, 52, 40


def randomised(network, scale=0.7):
    """Random weights everywhere, also where training begins at zero."""
    for parameter in network.parameters():
        fan = max(1, parameter[0].numel() if parameter.dim() > 1 else 1)
        with torch.no_grad():
            parameter.copy_(torch.randn(parameter.shape) * (scale / fan**0.5 if parameter.dim() > 1 else 0.05))
    return network.eval()


def lines():
    """Every third line, and eight about the centre."""
    acquired = np.zeros(HEIGHT, np.float32)
    acquired[::3] = 1
    acquired[HEIGHT // 2 - 4 : HEIGHT // 2 + 4] = 1
    return Sampling(*(torch.from_numpy(v)[:, None] for v in (acquired, centre_window(acquired))))


def recon(name, network, sampling, half=False):
    """A reconstruction network on random samples."""
    rng = np.random.default_rng(3)
    maps = torch.from_numpy(random_coils(rng, COILS, HEIGHT, WIDTH))[None]
    image = torch.polar(torch.rand(1, HEIGHT, WIDTH), 3 * torch.rand(1, HEIGHT, WIDTH))
    kspace = sampling.acquired * to_kspace(maps * image[:, None], sampling.axes)
    sigma = torch.full((1, 1, 1), 0.03)
    with torch.no_grad():
        magnitude = network(kspace=kspace, sampling=sampling, maps=maps, sigma=sigma)[0]
    tensors = {"kspace": parts_of(kspace), "maps": parts_of(maps), "sigma": sigma, "result": magnitude}
    tensors |= {"acquired": sampling.acquired, "centre": sampling.centre}
    save_file({k: v.contiguous() for k, v in tensors.items()}, OUT / f"{name}.values.safetensors")
    convert.save_weights(network, OUT / f"{name}.safetensors", half)


def prior(name, network, coefficients=edm):
    """A denoiser on two noisy images."""
    x, sigma = torch.randn(2, 2, 48, 32), torch.tensor([0.05, 1.5]).reshape(2, 1, 1, 1)
    with torch.no_grad():
        result = denoise(network, x, sigma, coefficients)
    save_file({"x": x, "sigma": sigma, "result": result}, OUT / f"{name}.values.safetensors")
    convert.save_onnx(network, ROOT / "models" / "prior-brain" / "model.onnx", OUT / f"{name}.onnx")


def loaded(network, name):
    """A network with the weights of a model that comes with Larmor."""
    missing = convert.load_weights(network, ROOT / "models" / name)
    assert not missing, missing
    return network.eval()


torch.manual_seed(20261129)
plane = poisson_mask(HEIGHT, WIDTH, 3, 0.2, np.random.default_rng(1))
prior("prior", randomised(ResidualUNet()))
prior("flow", randomised(ResidualUNet()), flow)
recon("varnet", randomised(VarNet(2, 4, 2, 3, 2)), lines())
recon("varnet-plane", randomised(VarNet(2, 4, 2, 3, 2)), plane)
recon("humus", randomised(Humus(2, 8, 3, 2)), lines())
recon("humus-solved", randomised(SolvedHumus(2, 8)), lines())
recon("varnet-solved", randomised(SolvedVarNet(2, 4, 2)), lines())
recon("varnet-solved-plane", randomised(SolvedVarNet(2, 4, 2)), plane)
recon("unet", randomised(ImageUNet(4, 2)), lines())
recon("unet-refining", randomised(RefiningUNet(4, 2)), lines())
recon("unet-refining-plane", randomised(RefiningUNet(4, 2)), plane)
recon("neumann", randomised(Neumann(3, 10, 4, 2), 0.3), lines())
recon("neumann-plain", randomised(Neumann(3, 0, 4, 2), 0.3), lines())
recon("modl", randomised(Modl(3), 0.4), lines())
recon("modl-dual", randomised(Modl(3, dual=True), 0.4), lines())
recon("modl-relaxed", randomised(Modl(3, 4, True, 1.8, 2), 0.4), lines())
prior("prior-brain", loaded(ResidualUNet(), "prior-brain"))
recon("varnet-brain", loaded(SolvedVarNet(8), "varnet-brain"), lines())
recon("unet-brain", loaded(RefiningUNet(), "unet-brain"), lines())
text = (ROOT / "models" / "modl-brain" / "model.yaml").read_text()
sizes = [float(re.search(rf"  {key}: (\S+)", text)[1]) for key in ("iterations", "conjugateGradients", "relaxation", "averaged")]
iterations, steps, relaxation, averaged = sizes
recon("modl-brain", loaded(Modl(int(iterations), int(steps), True, relaxation, int(averaged)), "modl-brain"), lines())
network = VarNet(2, 4, 2, 3, 2)
state = convert.to_fastmri(network.state_dict())
turned = convert.from_fastmri({f"module.{key}": value for key, value in state.items()})
assert all(torch.equal(turned[key], value) for key, value in network.state_dict().items())

# The error of the model, with maps that err.
rng = np.random.default_rng(5)
coils = torch.from_numpy(random_coils(rng, COILS, HEIGHT, WIDTH))[None]
kspace = lines().acquired * to_kspace(coils * torch.rand(1, 1, HEIGHT, WIDTH), (-2,))
maps = coils + 0.1 * torch.from_numpy(random_coils(rng, COILS, HEIGHT, WIDTH))[None]
maps, sigma = maps / rss(maps)[:, None], torch.full((1, 1, 1), 0.003)
tensors = {"kspace": parts_of(kspace), "maps": parts_of(maps), "acquired": lines().acquired, "sigma": sigma}
tensors["result"] = model_sigma(kspace, lines(), maps, sigma)
save_file({k: v.contiguous() for k, v in tensors.items()}, OUT / "model_sigma.values.safetensors")

# A network with twice the channels begins as the one with half of them.
convert.TWIN_NOISE = 0
narrow = randomised(SolvedVarNet(2, 4, 2))
convert.save_weights(narrow, OUT / "narrow.safetensors")
wide = SolvedVarNet(2, 8, 2).eval()
assert not convert.load_weights(wide, OUT / "narrow.safetensors")
kspace, maps = torch.randn(2, 1, 3, HEIGHT, WIDTH, dtype=torch.complex64)
given = kspace * lines().acquired, lines(), maps / rss(maps)[:, None], torch.full((1, 1, 1), 0.05)
with torch.no_grad():
    assert torch.allclose(wide(*given)[0], narrow(*given)[0], rtol=1e-3, atol=1e-4)

# A network with more cascades begins with copies of those that it is given.
deep = SolvedVarNet(3, 4, 2)
assert not convert.load_weights(deep, OUT / "narrow.safetensors")
kernel = lambda network, k: network.cascades[k].model.unet.conv.layers["0"].weight
assert all(torch.equal(kernel(deep, i), kernel(narrow, k)) for i, k in enumerate((0, 0, 1)))

# Weights between two models.
between = mixed({"a": torch.tensor([1.0])}, {"a": torch.tensor([3.0])}, 0.25)
assert between["a"].item() == 1.5

# The weights of a prior, whose file does not name them, come back as they were written.
prior = weights_of(ROOT / "models" / "prior-brain")
(OUT / "mixed").mkdir()
save_like(prior, ROOT / "models" / "prior-brain", OUT / "mixed")
assert all(torch.equal(value, prior[name]) for name, value in weights_of(OUT / "mixed").items())

# Kernels written as float16 are read as such.
rounded = randomised(SolvedVarNet(2, 4, 2))
for weight in rounded.parameters():
    weight.data = weight.data.half().float() if weight.dim() > 1 else weight.data
recon("varnet-half", rounded, lines(), half=True)

# Three coils, seen through six, are found again: the data of least squares do not change.
kspace, maps = torch.randn(2, 1, 3, HEIGHT, WIDTH, dtype=torch.complex64)
mix = torch.linalg.qr(torch.randn(6, 3, dtype=torch.complex64))[0]
seen = [(mix @ x.flatten(2)).unflatten(2, (HEIGHT, WIDTH)) for x in (kspace, maps)]
image = torch.randn(1, HEIGHT, WIDTH, dtype=torch.complex64)
virtual, virtual_maps = compressed(*seen, 3)
found, wanted = Data(virtual, lines(), virtual_maps), Data(kspace, lines(), maps)
assert torch.allclose(found.adjoint, wanted.adjoint, atol=1e-4)
assert torch.allclose(found.normal(image), wanted.normal(image), atol=1e-4)

# The phase of a tissue follows from its magnitude, whatever its phase was.
found = tissue_phase(np.array([[0.3, 0.3j, 0.9]], np.complex64), np.random.default_rng(2))
assert found[0, 0] == found[0, 1] != found[0, 2]

# Images are not made finer than their slices.
rng = np.random.default_rng(1)
assert all(max(random_size(rng, (128, 304), 200)) <= 220 for _ in range(50))
assert all(max(random_size(rng, (128, 304), 100)) <= 110 for _ in range(50))
