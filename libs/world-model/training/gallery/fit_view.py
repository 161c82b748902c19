"""Fit the view in five stages: where columns look (distance only, endless fresh rays), colour on top of that, both
together at a quarter of the rate, colour once more, and colour with the per-pixel layers in the integers that serve.
(Colour's first gradients would wreck the distances, so the second stage leaves them be; the last two do so to settle.)
"""

from pathlib import Path

import numpy as np
import torch

from fitting.fitter import Fitter
from world import walks
from world.place import EYE_HEIGHT_M, Place
from world.raycast import cast

from .data import Columns
from .integers import INK_LEVELS, PARTS
from .view import PAIRS, View

SIGHT_BATCH, BATCH = 4096, 2048
STAGES = {"sight": 1.0, "colour": 1.0, "together": 0.25, "polish": 0.25, "integers": 0.1}  # share of the peak rates
LOOKING = ("sight.", "line.", "latent.", "second.", "corrected.")
PAIR_STRIDE = 3  # a third of the rows a step: neighbours say the same
DEPTH_WEIGHT, FIRST_SIGHT_WEIGHT, SQUARE_WEIGHT = 0.5, 0.5, 4.0
TOP_SHARE = 0.9999  # of a channel's ink values lie below its top; what is above is cut
ROUNDING_WEIGHT = 3000.0  # of the variance that rounded ink brings to colours: unlike other errors it grains flat walls
FLOOR_WEIGHT = 4.0  # of a floor pixel to another: a tenth of the image, and much of what one remembers


def _is_hidden(name: str) -> bool:
    """Matrices inside the network; what reads its last layer out, and what has one input, is Adam's."""
    return not name.startswith(("line.", "corrected.", "colour.", "edge."))


def fit(place: Place, columns: Columns, path: Path, steps: tuple[int, ...], seed: int, device: str, log=print) -> View:
    """Train, or resume from `path`: so many steps of each stage. Gives the averaged weights."""
    torch.manual_seed(seed)
    fitter = Fitter(View(place.size).to(device), path, _is_hidden, log)
    model, names = fitter.model, list(STAGES)
    colour = colour_losses(model, columns, seed, device)
    losses = dict.fromkeys(STAGES, colour) | {"sight": sight_losses(model, place, seed, device)}
    for index in range(names.index(fitter.resume() or "sight"), len(names)):
        stage = names[index]
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(stage in ("sight", "together") or not name.startswith(LOOKING))
        if stage == "integers" and not model.in_integers:
            tops = ink_tops(fitter.average, columns)
            for view in (model, fitter.average):
                view.use_integers(tops)
        fitter.run(stage, steps[index], losses[stage], STAGES[stage])
    return fitter.average.cpu().eval()


@torch.no_grad()
def ink_tops(view: View, columns: Columns) -> torch.Tensor:
    """What 255 will stand for, in each channel of ink before and after `blend`: [2, paint]."""
    pose = torch.from_numpy(columns.pose[:BATCH]).to(view.centre.device)[None]
    slope = torch.from_numpy(columns.slope[:BATCH]).to(view.centre.device)[None]
    inks = view.inks(pose[..., 0], pose[..., 1], pose[..., 2], slope)[:2]
    highest = [ink[0].flatten(1).kthvalue(int(TOP_SHARE * ink[0][0].numel()), 1).values for ink in inks]
    return torch.stack(highest).clamp(min=1e-3)


def sight_losses(model: View, place: Place, seed: int, device: str):
    """Fresh rays each step: L1 on the logarithm of distance, at first sight and corrected."""
    stand = walks.free_points(place, 400_000, np.random.default_rng([17, seed]))

    def at(step: int):
        rng = np.random.default_rng([19, seed, step])
        p, phi = stand[rng.integers(0, len(stand), SIGHT_BATCH)], rng.uniform(-np.pi, np.pi, SIGHT_BATCH)
        distance = cast(place, p[:, 0], p[:, 1], phi).distance
        x, y, phi, far = (torch.tensor(v, dtype=torch.float32, device=device)[None] for v in (*p.T, phi, distance))
        with torch.autocast(device, torch.bfloat16):
            first, near, _ = model.look(x - model.centre[0], y - model.centre[1], phi)
        depth, parts = _depth_loss(first, near, torch.log(far))
        return depth, parts

    return at


def colour_losses(model: View, columns: Columns, seed: int, device: str):
    """Random columns of the data, every third row pair: L1 and some L2 on colour, and the distance loss."""
    pose, slope = torch.from_numpy(columns.pose).to(device), torch.from_numpy(columns.slope).to(device)
    log_far = torch.log(torch.from_numpy(columns.distance)).to(device)
    colour = torch.from_numpy(columns.colour).to(device)

    def at(step: int):
        draw = torch.Generator().manual_seed(seed * 1_000_003 + step)
        pick = torch.randint(len(pose), (BATCH,), generator=draw).to(device)
        pairs = slice(int(torch.randint(PAIR_STRIDE, (1,), generator=draw)), PAIRS, PAIR_STRIDE)
        goal = colour[pick].view(-1, PAIRS, 6)[:, pairs].permute(2, 1, 0)[None].float() / 255
        p = pose[pick][None]
        with torch.autocast(device, torch.bfloat16):
            seen, first, near = model(p[..., 0], p[..., 1], p[..., 2], slope[pick][None], pairs)
        error, weight = seen.float() - goal, _pixel_weights(model, log_far[pick], slope[pick], pairs)
        depth, parts = _depth_loss(first, near, log_far[pick])
        l1, l2 = (error.abs() * weight).mean(), (error.square() * weight).mean()
        rounding = (model.colour.weight * model.ink_tops[1] / PARTS / INK_LEVELS).square().sum(1).mean() / 12
        loss = l1 + SQUARE_WEIGHT * l2 + DEPTH_WEIGHT * depth + ROUNDING_WEIGHT * rounding
        return loss, {"l1": l1, "l2": l2, "rounding": rounding} | parts

    return at


def _pixel_weights(model: View, log_far, slope, pairs: slice) -> torch.Tensor:
    """More for the floor, 1 on average: [1, 1, P, N]."""
    depth = torch.exp(log_far) / torch.sqrt(1 + slope * slope)
    floor = EYE_HEIGHT_M < model.row_slope[pairs, None] * depth
    weight = 1 + (FLOOR_WEIGHT - 1) * floor.float()
    return (weight / weight.mean())[None, None]


def _depth_loss(first, near, log_far):
    early, late = (torch.log(first) + log_far).abs(), (torch.log(near) + log_far).abs()
    return late.mean() + FIRST_SIGHT_WEIGHT * early.mean(), {"depth": late.mean(), "depth_median": late.median()}
