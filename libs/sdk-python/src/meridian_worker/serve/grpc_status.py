"""The one place where a refusal becomes what gRPC sends: a status, a sentence, and `meridian-code` for programs."""

from typing import NoReturn

import grpc

from meridian_worker.refusal import Refusal

INTERNAL = Refusal("INTERNAL", "internal", "The worker failed; its log says how.")


async def abort(context: grpc.aio.ServicerContext, refusal: Refusal) -> NoReturn:
    await context.abort(
        grpc.StatusCode[refusal.status], refusal.message, trailing_metadata=(("meridian-code", refusal.code),)
    )
    raise AssertionError("abort always raises")
