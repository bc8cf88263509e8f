"""Moving averages of weights, of several lengths."""

import copy

import torch


class Averages:
    """One average for each decay; young averages follow closely, as in Larmor's own training."""

    def __init__(self, network, decays):
        self.kept = {decay: copy.deepcopy(network).eval().requires_grad_(False) for decay in sorted(decays)}

    @torch.no_grad()
    def update(self, network, step):
        """Takes in the weights after a step, counted from 1."""
        for decay, average in self.kept.items():
            keep = min(decay, step / (step + 9))
            pairs = zip(average.parameters(), network.parameters())
            old, new = zip(*[(a, b) for a, b in pairs])
            torch._foreach_lerp_(list(old), [p.detach() for p in new], 1 - keep)

    def nearest(self, decay=None):
        """The decay that is nearest to one, or the middle one."""
        decays = sorted(self.kept)
        return min(decays, key=lambda d: abs(d - decay)) if decay else decays[len(decays) // 2]

    def state_dict(self):
        """Weights by decay."""
        return {str(decay): network.state_dict() for decay, network in self.kept.items()}

    def load(self, state):
        """Takes over what a checkpoint has of the decays; others begin at the nearest of those."""
        decays = [float(key) for key in state]
        for decay, network in self.kept.items():
            nearest = min(decays, key=lambda d: abs(d - decay))
            network.load_state_dict(state[str(nearest)])
