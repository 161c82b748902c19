# N1. A limit is told of twice before it ends a session: a minute and ten seconds ahead, or, when the limit is short, a fifth
#     and a twentieth of it ahead. When its end moves away, as after an action, both are told anew.
import math

LEADS_US = (60_000_000, 10_000_000)
SHARES = (5, 20)


class Countdown:
    def __init__(self, limit_ms: int) -> None:
        self._leads_us = [min(lead, limit_ms * 1_000 // share) for lead, share in zip(LEADS_US, SHARES, strict=True)]
        self._told = 0
        self._told_of_us: float = -1

    def next_us(self, ends_us: float) -> float:
        """When the limit, which is reached at `ends_us`, is to be told of next."""
        told = self._told if self.has_told(ends_us) else 0
        return ends_us - self._leads_us[told] if told < len(self._leads_us) else math.inf

    def tell(self, ends_us: float, now_us: int) -> bool:
        """Whether it is to be told now. Counts as done."""
        if self.next_us(ends_us) > now_us:
            return False
        self._told = sum(ends_us - lead <= now_us for lead in self._leads_us)
        self._told_of_us = ends_us
        return True

    def has_told(self, ends_us: float) -> bool:
        return ends_us == self._told_of_us

    def begin_again(self) -> None:
        """Whoever was told is gone."""
        self._told_of_us = -1
