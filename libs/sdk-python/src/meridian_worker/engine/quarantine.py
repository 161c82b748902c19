# Sessions lost to the model within the window after which the worker takes no more.
FAULTS_MAX = 3
WINDOW_US = 600_000_000


class Quarantine:
    """A model that keeps failing must not be given session after session. Only a restart lifts it."""

    def __init__(self) -> None:
        self._faults_us: list[int] = []
        self.closed = False

    def session_lost(self, now_us: int) -> None:
        self._faults_us = [at_us for at_us in (*self._faults_us, now_us) if now_us - at_us < WINDOW_US]
        self.closed = self.closed or len(self._faults_us) >= FAULTS_MAX
