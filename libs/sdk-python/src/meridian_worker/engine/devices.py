# D1. Each device numbers its own actions: one that is not newer than the newest seen of its device changes nothing.
# D2. Of all devices the newest action that arrived is in force.
# D3. A session has its owner and eight paired devices at once, whose numbers rise as others leave: for the next one the one
#     that was silent longest is forgotten, never the owner.
from collections.abc import Mapping, Sequence

from meridian_worker.protocol import DeviceSeq

OWNER = 0
PAIRED_MAX = 8


class Devices:
    """The newest action number seen of each device of a session."""

    def __init__(self, seqs: Mapping[int, int]) -> None:
        # In the order in which they were last heard of.
        self._seqs: dict[int, int] = {}
        for device, seq in seqs.items():
            self.take(device, seq)

    @property
    def seqs(self) -> Mapping[int, int]:
        return self._seqs

    def take(self, device: int, seq: int) -> bool:
        """Whether the action is the newest of its device."""
        if seq <= self._seqs.get(device, 0):
            return False
        self._keep(device, seq)
        return True

    def all_but(self, device: int) -> Sequence[DeviceSeq]:
        return [DeviceSeq(device=each, seq=seq) for each, seq in self._seqs.items() if each != device]

    def _keep(self, device: int, seq: int) -> None:
        self._seqs.pop(device, None)
        self._seqs[device] = seq
        if len(self._seqs) - (OWNER in self._seqs) > PAIRED_MAX:
            del self._seqs[next(each for each in self._seqs if each != OWNER)]
