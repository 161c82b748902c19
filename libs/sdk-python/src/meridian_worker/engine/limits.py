# When a session ends unless something changes, and when its client is told so.
from dataclasses import dataclass
from typing import Literal

from meridian_worker.engine.countdown import Countdown
from meridian_worker.engine.credit import Credit
from meridian_worker.engine.ports import Grant

LimitReason = Literal["idle", "duration_limit", "client_lost", "budget_exhausted"]


@dataclass(frozen=True, slots=True)
class Limit:
    # Infinity: never.
    at_us: float
    reason: LimitReason


class Limits:
    def __init__(self, grant: Grant, started_us: int, credit: Credit) -> None:
        self._grant = grant
        self._credit = credit
        self._duration = Limit(started_us + grant.max_duration_ms * 1_000, "duration_limit")
        self._absence = Limit(started_us, "client_lost")
        self._duration_countdown = Countdown(grant.max_duration_ms)
        self._idle_countdown = Countdown(grant.idle_ms)

    def attached(self, now_us: int) -> None:
        """A client is there that was told of nothing yet."""
        self.awake(now_us)
        self._duration_countdown.begin_again()
        self._credit.countdown.begin_again()

    def awake(self, now_us: int) -> None:
        """The client does something."""
        self._absence = Limit(now_us + self._grant.idle_ms * 1_000, "idle")

    def held(self, now_us: int) -> None:
        self._absence = Limit(now_us + self._grant.hold_ms * 1_000, "client_lost")

    @property
    def first(self) -> Limit:
        """The limit that the session will run into if nothing changes."""
        first = self._duration if self._duration.at_us < self._absence.at_us else self._absence
        exhausted_us = self._credit.exhausted_us
        return Limit(exhausted_us, "budget_exhausted") if exhausted_us < first.at_us else first

    @property
    def next_us(self) -> float:
        """When something is to be done about them."""
        first = self.first
        countdown = self._countdown_of(first)
        return first.at_us if countdown is None else min(first.at_us, countdown.next_us(first.at_us))

    def take_warning(self, now_us: int) -> Limit | None:
        """The limit that the client is to be told of now, which is the one that comes first. Counts as done."""
        first = self.first
        countdown = self._countdown_of(first)
        return first if countdown is not None and countdown.tell(first.at_us, now_us) else None

    @property
    def is_idle_told(self) -> bool:
        """Whether the client was told that the session ends soon unless something is done, and did nothing since."""
        return self._idle_countdown.has_told(self._absence.at_us)

    def _countdown_of(self, limit: Limit) -> Countdown | None:
        """None while nobody is there to be told."""
        if self._absence.reason == "client_lost":
            return None
        if limit.reason == "budget_exhausted":
            return self._credit.countdown
        return self._idle_countdown if limit.reason == "idle" else self._duration_countdown
