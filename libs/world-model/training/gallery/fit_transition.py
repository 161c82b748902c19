"""Fit the transition from recorded motion: gains by least squares in the open, the push field by descent."""

from pathlib import Path

import numpy as np
import torch

from fitting import checkpoint
from world import motion, walks
from world.place import Place

from .transition import DEAD_ZONE, Transition

BATCH = 4096
PEAK_RATE = 2e-3
POOL, REFRESH = 2_000_000, 4_000  # points drawn, and steps until fresh ones are


def fit(place: Place, path: Path, steps: int, seed: int, log=print) -> Transition:
    """Train, or resume from `path`, to `steps` steps."""
    torch.manual_seed(seed)
    model = Transition(place.size)
    optimiser = torch.optim.Adam(model.field.parameters(), PEAK_RATE)
    saved, start = checkpoint.load(path), 0
    if saved:
        model.load_state_dict(saved["model"])
        optimiser.load_state_dict(saved["optimiser"])
        start = saved["step"]
    else:
        _fit_gains(model, place, seed)
    for step in range(start, steps):
        for group in optimiser.param_groups:
            group["lr"] = PEAK_RATE * min(1, (step + 1) / 100) * max(1 - step / steps, 1e-3)
        if step == start or step % REFRESH == 0:
            pool = _candidates(place, np.random.default_rng([7, seed, step // REFRESH]))
        pick = np.random.default_rng([13, seed, step]).integers(0, len(pool[0]), BATCH)
        point, push = (torch.tensor(part[pick], dtype=torch.float32) for part in pool)
        loss = _loss(model, point, push)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if (step + 1) % 500 == 0 or step + 1 == steps:
            checkpoint.save(path, {"model": model.state_dict(), "optimiser": optimiser.state_dict(), "step": step + 1})
            with torch.no_grad():
                error = (model.push(point) - push).abs().mean()
            log(f"transition {step + 1}/{steps} loss {loss.item():.5f} mean error {error.item() * 1000:.3f} mm")
    return model.eval()


def _fit_gains(model: Transition, place: Place, seed: int) -> None:
    """turn = heading change over yaw; pace = distance over (wish, wish x sprint), on steps far from any wall."""
    rng = np.random.default_rng([11, seed])
    pose = walks.starts(place, 4096, rng)
    pose = pose[place.distance(pose[:, 0], pose[:, 1])[0] > 0.6]
    action = rng.uniform((-1, -1, -1, 0), 1, (len(pose), 4))
    after = motion.step(place, pose, action)
    a = motion.clip_action(action.copy())
    turned = motion.wrap(after[:, 2] - pose[:, 2])
    went = np.hypot(after[:, 0] - pose[:, 0], after[:, 1] - pose[:, 1])
    push = np.hypot(a[:, 0], a[:, 1])
    pace = np.linalg.lstsq(np.stack([push, push * a[:, 3]], 1), went, rcond=None)[0]
    model.turn.fill_(float(turned @ a[:, 2] / (a[:, 2] @ a[:, 2])))
    model.pace.copy_(torch.tensor(pace))


def _candidates(place: Place, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Where steps lead and the push there, both [N, 2]: mostly the rim that a fast step can enter, some open floor."""
    reach = motion.STEP_M * (1 + motion.SPRINT_GAIN) + 0.02
    p = rng.uniform((0, 0), place.size, (POOL, 2))
    d = place.distance(p[:, 0], p[:, 1])[0]
    rim = p[(d > motion.RADIUS_M - reach) & (d < motion.RADIUS_M + 0.05)]
    rest = p[d >= motion.RADIUS_M]
    point = np.concatenate([rim, rest[: len(rim) // 3]])
    return point, np.stack(motion.push_out(place, point[:, 0], point[:, 1]), 1)


def _loss(model: Transition, point: torch.Tensor, push: torch.Tensor) -> torch.Tensor:
    """L1 before the dead zone, in decimetres; where the truth is 0, anything inside the zone is right.

    (After the zone a wrong zero would have no gradient, and would stay.)
    """
    raw, goal = model.raw_push(point), push * 10
    still = goal == 0
    wrong = torch.where(still, torch.relu(raw.abs() - 0.9 * DEAD_ZONE), (raw - goal - goal.sign() * DEAD_ZONE).abs())
    return wrong.sum(1).mean()
