"""An exported model as a worker sees it: state and action in, state and frame out."""

import time
from pathlib import Path

import numpy as np
import onnxruntime

AT_ONCE = 8  # of a batch: more at a time fall out of a core's cache


class OnnxModel:
    """One CPU thread, as in the worker."""

    def __init__(self, path: Path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def step(self, state: np.ndarray, action: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """state [B, S], action [B, 4] -> next state [B, S], frame uint8 [B, 72, 128, 3]."""
        parts = [slice(i, i + AT_ONCE) for i in range(0, len(state), AT_ONCE)]
        feeds = [{"state": state[part], "action": action[part].astype(np.float32)} for part in parts]
        shown = [self._session.run(["next_state", "frame"], feed) for feed in feeds]
        return tuple(np.concatenate(both) for both in zip(*shown, strict=True))

    def roll(self, start: np.ndarray, actions: np.ndarray, keep: set[int], keep_states: bool = True):
        """Free run: start [N, S], actions [N, T, 4] -> frames at the steps in `keep` (1-based), states [N, T + 1, S].

        Without `keep_states` only the last state comes back, [N, 1, S]: those of a pixel model are large.
        """
        states, frames = [start], {}
        for t in range(actions.shape[1]):
            state, frame = self.step(states[-1], actions[:, t])
            states = [*states, state] if keep_states else [state]
            if t + 1 in keep:
                frames[t + 1] = frame
        return frames, np.stack(states, 1)

    def step_ms(self, start: np.ndarray, runs: int = 9) -> dict[str, float]:
        """Percentiles of single steps of one session: on the clock (`ms`), and of CPU used (`cpu_ms`, blind to neighbours).

        The quietest of some runs: whoever shares the machine only ever adds.
        """
        return min((self._run_ms(start) for _ in range(runs)), key=lambda run: run["ms_p95"])

    def _run_ms(self, start: np.ndarray, steps: int = 400, warm_up: int = 50) -> dict[str, float]:
        state, action = start[None], np.array([[0.7, 0, 0.3, 0]], np.float32)
        took = []
        for _ in range(warm_up + steps):
            began, began_cpu = time.perf_counter(), time.thread_time()
            state, _ = self.step(state, action)
            took.append((time.perf_counter() - began, time.thread_time() - began_cpu))
        clock, cpu = np.array(took[warm_up:]).T * 1000
        return {f"{unit}_p{p}": float(np.percentile(x, p)) for unit, x in (("ms", clock), ("cpu_ms", cpu)) for p in (50, 95)}
