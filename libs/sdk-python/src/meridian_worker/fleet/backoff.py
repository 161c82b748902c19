FIRST_MS = 250
MAX_MS = 5_000


def backoff_ms(failures: int, draw: float) -> float:
    """How long to wait after the `failures`-th failure in a row (1 for the first). `draw` is in [0, 1).

    Half of the time is chance, so that a fleet that lost its control plane does not come back in one moment.
    """
    full: float = min(MAX_MS, FIRST_MS * 2.0 ** min(failures - 1, 10))
    return full * (0.5 + draw / 2)
