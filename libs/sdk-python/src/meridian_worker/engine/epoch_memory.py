# L2. A worker serves a session only at the highest epoch it has seen. What is seen outlives the session here, so that
# a token of an ended session, still valid, cannot start it anew.
from dataclasses import dataclass

# Far above what a worker serves within the life of a claim; about 200 bytes each.
SESSIONS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Seen:
    epoch: int
    ended: bool


class EpochMemory:
    def __init__(self, sessions_max: int = SESSIONS_MAX) -> None:
        self._max = sessions_max
        self._seen: dict[str, Seen] = {}

    def get(self, session_id: str) -> Seen | None:
        return self._seen.get(session_id)

    def note(self, session_id: str, epoch: int, ended: bool) -> None:
        """Remembers the epoch unless a higher one is known. The session touched longest ago is forgotten for room."""
        known = self._seen.get(session_id)
        if known is not None and known.epoch > epoch:
            return
        still_ended = known is not None and known.epoch == epoch and known.ended
        self._seen.pop(session_id, None)
        self._seen[session_id] = Seen(epoch, ended or still_ended)
        if len(self._seen) > self._max:
            del self._seen[next(iter(self._seen))]
