"""Writes the folder of a model: weights, model.yaml, the history of the run, and a card to fill in."""

import hashlib
import json
from pathlib import Path

import convert
from denoiser import SIGMA_DATA

LIKE = Path(__file__).parent.parent / "prior-brain" / "model.onnx"
# What the networks of denoisers give, and what they are told.
DENOISERS = {"prior": ("edm", "log-sigma/4"), "flow": ("flow", "flow-time")}


def export_model(args, task, run):
    """Exports the average of the weights that `--ship` names."""
    ship = run.averages.nearest(args.ship)
    network, folder = run.averages.kept[ship], Path(args.output)
    file = folder / ("model.onnx" if args.kind in DENOISERS else "model.safetensors")
    if args.kind in DENOISERS:
        convert.save_onnx(network, LIKE, file)
    else:
        convert.save_weights(network, file, half=args.half)
    training = described(args, task, run, ship)
    description = model_description(args.kind, folder.resolve().name, network, file, training)
    (folder / "model.yaml").write_text(yaml_text(description))
    (folder / "history.json").write_text(json.dumps(run.history))
    if not (folder / "card.md").exists():
        (folder / "card.md").write_text(card(args, folder.resolve().name, run, network, training))
    print(f"{file}: average {ship} after {run.step} steps", flush=True)


def described(args, task, run, ship):
    """What model.yaml and the card say of the run."""
    seconds = int(run.seconds)
    sources = {source: sum(map(len, people.values())) for source, people in sorted(task.mixture.tree.items())}
    return {
        "recipe": f"models/recipes/train.py {args.kind}",
        "steps": run.step,
        "batch": task.size,
        "crop": args.crop or "default",
        "time": f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}",
        "seed": args.seed,
        "rate": args.rate,
        "average": ship,
        "precision": args.precision,
        "device": args.device,
        "volumes": sources,
    }


def model_description(kind, name, network, file, training):
    """The content of model.yaml."""
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    common = {"schema": "larmor.model/1", "name": name, "kind": {"prior": "denoiser", "flow": "denoiser", "cold": "restorer", "dirac": "restorer"}.get(kind, kind)}
    if kind in DENOISERS:
        parameterisation, noise_input = DENOISERS[kind]
        return common | {
            "network": {"file": file.name, "sha256": sha256, "image": "x", "noise": "noise", "output": "y"},
            "parameterisation": parameterisation,
            "sigma_data": SIGMA_DATA,
            "noise_input": noise_input,
            "channels": 2,
            "size": {"multiple": 8, "minimum": 16},
            "padding": "reflect",
            "sigma": {"min": 0.003, "max": 30},
            "data": {"scale": 1, "offset": 0, "normalisation": "99th percentile of the magnitude is about 1"},
            "fourier": "centred, orthonormal",
            "training": training,
        }
    architecture, degradation = getattr(network, "architecture", None), getattr(network, "degradation", None)
    return common | {
        "network": {"file": file.name, "sha256": sha256},
        **({"architecture": architecture} if architecture else {}),
        **({"degradation": degradation} if degradation else {}),
        "fourier": "centred, orthonormal",
        "training": training,
    }


def yaml_text(value, indent=""):
    """Mappings, numbers, words and short lists as YAML."""
    lines = []
    for key, entry in value.items():
        if isinstance(entry, dict):
            lines.append(f"{indent}{key}:\n{yaml_text(entry, indent + '  ')}")
        elif isinstance(entry, str) and not entry.replace(".", "").replace("_", "").isalpha():
            lines.append(f"{indent}{key}: {json.dumps(entry)}\n")
        else:
            lines.append(f"{indent}{key}: {json.dumps(entry) if isinstance(entry, (list, tuple, bool)) else entry}\n")
    return "".join(lines)


def card(args, name, run, network, training):
    """A card with what is known here; the rest is for people to fill in."""
    count = sum(p.numel() for p in network.parameters())
    rows = "\n".join(f"| {key} | {value} |" for key, value in training.items())
    last = run.history[-1]["validation"] if run.history else {}
    return f"""# {name}

Made by `models/recipes/train.py {args.kind}`.

## Training

| | |
|---|---|
{rows.replace("| time |", "| time (h:mm:ss) |")}
| parameters | {count} |
| began with | {args.start or "random weights"} |
| commit | fill in |

Validation at the end, by average: {json.dumps(last)}

## Data and licences

Fill in: sources and licence of each, machine, quality on whole slices (`bench/baselines.ts`).

## Limits

Fill in.
"""
