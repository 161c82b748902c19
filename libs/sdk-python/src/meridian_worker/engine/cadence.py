# C1. Deadlines are absolute: a step that began late does not push the ones after it.
# C2. A worker that falls behind skips frames and never queues them: no step begins to catch up on a period gone by.

DEADLINE_US = 40_000


def is_late(due_us: int, sent_us: int) -> bool:
    """A frame handed to the transport later than this after its step was due is late, and only then."""
    return sent_us > due_us + DEADLINE_US


def next_due(due_us: int, now_us: int, interval_us: int) -> tuple[int, int]:
    """The deadline after `due_us`, on its grid and less than one interval ago, and the frames never stepped till then."""
    following = due_us + interval_us
    skipped = max(0, (now_us - following) // interval_us)
    return following + skipped * interval_us, skipped
