import hashlib


def draw_of(session_id: str) -> float:
    """A number in [0, 1), always the same for the same session: started anew elsewhere, it begins in the same place."""
    return int.from_bytes(hashlib.sha256(session_id.encode()).digest()[:4], "big") / 2**32
