"""Trains one of Larmor's networks.

    python models/recipes/train.py prior --data FOLDER --output models/NAME --hours 2 --from models/prior-brain
    python models/recipes/train.py flow|varnet|humus|modl|unet|neumann|cold|dirac ...

Ctrl-C stops a run; the same command with `--resume` goes on. What a step draws follows from the seed
and its number. The rate rises over 50 steps, stays, and falls as half a cosine over the last part
(`--cooldown`, 1 for a cosine all through): to train longer, resume with more hours.
"""

import argparse
import json
import os
import queue
import re
import signal
import threading
import time
from pathlib import Path

import numpy as np
import torch

from averages import Averages
from export import export_model
from objectives import STAGE_WEIGHT
from restorers import RESTORERS
from tasks import TASKS

ALL_TASKS = TASKS | RESTORERS
WARM_UP = 50
FLOOR = 0.01
FACTOR_RATE = 5  # of the rate, for the learned factors of MoDL's iterations
LONGEST_STEP = 20.0  # seconds that a step counts at most: a paused run does not use up its hours


def options():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=sorted(ALL_TASKS))
    parser.add_argument("--data", required=True, help="folder of NIfTI volumes")
    parser.add_argument("--validation", help="folder of other people's volumes; default: validation beside it")
    parser.add_argument("--output", required=True, help="folder of the model")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--hours", type=float)
    length.add_argument("--steps", type=int)
    parser.add_argument("--from", dest="start", help="model to begin with, with as many channels or half of them, as many cascades or fewer: a folder or a file of weights")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in the output folder")
    parser.add_argument("--rate", type=float, help="peak learning rate")
    parser.add_argument("--cooldown", type=float, default=0.3, help="part of the run in which the rate falls")
    parser.add_argument("--batch", type=int, help="images of a step, at the crop's size")
    parser.add_argument("--crop", type=int, nargs="+", help="sides of the images, drawn from step to step")
    parser.add_argument("--cascades", type=int, help="of varnet (8) and humus (3), iterations of modl (10), terms of neumann (6)")
    parser.add_argument("--channels", type=int, help="of the finest level of neumann, humus and a solved varnet (16)")
    parser.add_argument("--cg", type=int, help="conjugate gradient steps of each iteration of modl (8) and term of neumann (10; 0: not preconditioned)")
    parser.add_argument("--dual", action="store_true", help="modl with a dual variable, which begins as ADMM")
    parser.add_argument("--relaxation", type=float, default=1.0, help="of such a modl (1.8 as in pnp-admm)")
    parser.add_argument("--averaged", type=int, default=1, help="of modl: how many of the last images are averaged")
    parser.add_argument("--solved", action="store_true", help="varnet or humus with steps of data consistency by conjugate gradients")
    parser.add_argument("--zero-filled", action="store_true", help="unet on the zero-filled magnitude, as fastMRI has it")
    parser.add_argument("--shared", action="store_true", help="one U-Net for all cascades of such a varnet")
    parser.add_argument("--reuse", type=int, default=1, help="how often a simulated scan is used")
    parser.add_argument("--stages", type=float, default=STAGE_WEIGHT, help="weight of the image before a stage, beside that after it")
    parser.add_argument("--target", choices=["reference", "clean"], default="reference",
                        help="of reconstructions: the root sum of squares of all samples, with their noise, or the noiseless image")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--precision", choices=["bfloat16", "float32"],
                        help="of the networks; default: bfloat16 where the device computes in it, else float32")
    parser.add_argument("--threads", type=int, help="of the CPU; default: all")
    parser.add_argument("--compile", action="store_true", help="compile the network first; for prior and flow, whose images have few sizes")
    parser.add_argument("--averages", type=float, nargs="+", default=[0.999, 0.9995, 0.9999],
                        help="decays of the averages of the weights that are kept")
    parser.add_argument("--ship", type=float, help="decay of the average that is exported; default: the middle one")
    parser.add_argument("--half", action="store_true", help="write kernels as float16")
    parser.add_argument("--every", type=float, default=300, help="seconds between validations and checkpoints")
    args = parser.parse_args()
    args.precision = args.precision or ("bfloat16" if computes_in_bfloat16(args.device) else "float32")
    return args


def computes_in_bfloat16(device):
    """Whether bfloat16 is fast: processors without such instructions imitate it, many times slower than float32."""
    found = torch.cpu.get_capabilities()
    return not device.startswith("cpu") or found.get("avx512_bf16", False) or found.get("amx_bf16", False)


def rate_factor(step, fraction, cooldown):
    """Part of the peak rate."""
    rise = min(1.0, (step + 1) / WARM_UP)
    through = np.clip((fraction - (1 - cooldown)) / max(cooldown, 1e-9), 0, 1)
    return float(rise * (FLOOR + (1 - FLOOR) * (1 + np.cos(np.pi * through)) / 2))


class Feeder:
    """Makes batches ahead of time in a thread: that of a step follows from seed and step."""

    def __init__(self, task, seed, step, ahead=4):
        self.queue, self.closed = queue.Queue(ahead), threading.Event()
        self.thread = threading.Thread(target=self.run, args=(task, seed, step), daemon=True)
        self.thread.start()

    def run(self, task, seed, step):
        try:
            while not self.closed.is_set():
                self.queue.put(task.batch(np.random.default_rng([seed, step])))
                step += 1
        except Exception as error:  # handed to the trainer
            self.queue.put(error)

    def get(self):
        batch = self.queue.get()
        if isinstance(batch, Exception):
            raise batch
        return batch

    def close(self):
        """Waits for the thread, which must not run when Python ends."""
        self.closed.set()
        while self.thread.is_alive():
            try:
                self.queue.get(timeout=0.1)
            except queue.Empty:
                pass


class Run:
    """The state of a run, and its checkpoint."""

    def __init__(self, args, task):
        self.path = Path(args.output) / "checkpoint.pt"
        self.network = task.network.to(args.device)
        self.compiled = torch.compile(self.network, dynamic=False) if args.compile else self.network
        self.optimizer = torch.optim.AdamW(decayed(self.network), lr=0.0, betas=(0.9, 0.99))
        self.averages = Averages(self.network, args.averages)
        self.step, self.seconds, self.history = 0, 0.0, []
        if args.resume:
            self.load(args.device)

    def load(self, device):
        state = torch.load(self.path, map_location=device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.averages.load(state["averages"])
        self.step, self.seconds, self.history = state["step"], state["seconds"], state["history"]

    def save(self):
        state = {name: getattr(self, name).state_dict() for name in ("network", "optimizer", "averages")}
        state |= {"step": self.step, "seconds": self.seconds, "history": self.history}
        new = self.path.with_suffix(".new")
        torch.save(state, new)
        os.replace(new, self.path)


def is_factor(name):
    """Whether a parameter is a logarithm in units of 10."""
    return re.search(r"\.log_\w+$", name) is not None


def decayed(network):
    """Kernels with weight decay, biases and scales without, the few factors of iterations at a higher rate."""
    named = list(network.named_parameters())
    factors = [p for name, p in named if is_factor(name)]
    kernels = [p for _, p in named if p.dim() > 1]
    others = [p for name, p in named if p.dim() <= 1 and not is_factor(name)]
    groups = [{"params": kernels, "weight_decay": 0.01}, {"params": others}, {"params": factors, "factor": FACTOR_RATE}]
    return [{"weight_decay": 0.0, "factor": 1.0} | group for group in groups if group["params"]]


def train(args, task, run):
    """Steps until the time or the steps are used up, or the run is told to stop."""
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopped.set())
    feeder = Feeder(task, args.seed, run.step)
    losses, last, waited, begun = [], run.seconds, 0.0, run.step
    while not stopped.is_set():
        fraction = run.seconds / (3600 * args.hours) if args.hours else run.step / args.steps
        if fraction >= 1:
            break
        start = time.time()
        batch = feeder.get()
        waited += time.time() - start
        rate = args.rate * rate_factor(run.step, fraction, args.cooldown)
        losses.append(step(args, task, run, batch, rate))
        run.seconds += min(time.time() - start, LONGEST_STEP)
        if run.seconds - last >= args.every:
            note(args, task, run, losses, rate, (run.step - begun) / (run.seconds - last), waited)
            losses, last, waited, begun = [], run.seconds, 0.0, run.step
    feeder.close()
    note(args, task, run, losses, 0.0, 0.0, waited)


def step(args, task, run, batch, rate):
    """One step; returns the loss."""
    for group in run.optimizer.param_groups:
        group["lr"] = rate * group.get("factor", 1.0)
    run.network.train()
    run.optimizer.zero_grad(set_to_none=True)
    loss = task.loss(run.compiled, batch, args)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(run.network.parameters(), 1.0)
    run.optimizer.step()
    run.step += 1
    run.averages.update(run.network, run.step)
    return float(loss.detach())


def note(args, task, run, losses, rate, speed, waited):
    """Validates the average that is exported, adds a line to the history, and saves."""
    shipped = run.averages.nearest(args.ship)
    quality = {str(shipped): task.validate(run.averages.kept[shipped], args)}
    loss = float(np.mean(losses)) if losses else None
    entry = {"step": run.step, "seconds": round(run.seconds), "loss": loss, "rate": rate, "validation": quality}
    run.history.append(entry)
    print(f"{run.seconds / 60:.1f} min, {speed:.2f} steps/s, waited {waited:.0f} s: {json.dumps(entry)}", flush=True)
    run.save()


def main():
    """Trains, and writes the model's folder."""
    args = options()
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    args.validation = args.validation or str(Path(args.data).parent / "validation")
    Path(args.output).mkdir(parents=True, exist_ok=True)
    task = ALL_TASKS[args.kind](args)
    run = Run(args, task)
    count = sum(p.numel() for p in run.network.parameters())
    print(f"{count} parameters, {args.precision}, {task.about()}, from step {run.step}", flush=True)
    train(args, task, run)
    export_model(args, task, run)


if __name__ == "__main__":
    main()
