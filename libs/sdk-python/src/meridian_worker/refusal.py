"""Why something is not done: one sentence for a person, and a code for a program (metadata `meridian-code`)."""

from dataclasses import dataclass
from typing import Literal

RefusalStatus = Literal[
    "INVALID_ARGUMENT",
    "UNAUTHENTICATED",
    "PERMISSION_DENIED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "FAILED_PRECONDITION",
    "RESOURCE_EXHAUSTED",
    "ABORTED",
    "UNAVAILABLE",
    "INTERNAL",
]


@dataclass(frozen=True, slots=True)
class Refusal:
    """`status` is the name of a gRPC status."""

    status: RefusalStatus
    code: str
    message: str


class RefusalError(Exception):
    """A refusal on its way out of nested calls; converted once, at the edge."""

    def __init__(self, status: RefusalStatus, code: str, message: str) -> None:
        super().__init__(message)
        self.refusal = Refusal(status, code, message)
