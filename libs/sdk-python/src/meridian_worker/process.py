"""The outermost frame of a worker's process."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable

from meridian_worker.config import EXIT_CONFIG, Config, ConfigError, read_config
from meridian_worker.contract import Model
from meridian_worker.log import Logger
from meridian_worker.model.nursery import Nursery

GRACE_S = 5.0


def run_worker(make_model: Callable[[], Model]) -> int:
    """Serves until SIGTERM or SIGINT. Answers the exit code.

    The first signal gives sessions DRAIN_MS to find another worker. A wrong environment or an unusable model is one sentence
    on stderr and 78. A second signal, or an end that takes five seconds longer than that, is 1 at once: whoever stopped us
    must not wait for ever.
    """
    try:
        config = read_config()
        logger = Logger({"service": "worker", "region": config.region, "workerId": config.worker_id})
        # Before anything here makes a thread.
        nursery = Nursery(make_model)
        return asyncio.run(_serve(config, nursery, logger))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return EXIT_CONFIG


async def _serve(config: Config, nursery: Nursery, logger: Logger) -> int:
    # gRPC makes threads when it is imported, so it is imported after the fork.
    from meridian_worker.worker import start_worker

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop(name: str) -> None:
        if stopped.is_set():
            os._exit(1)
        logger.info("shutting down", signal=name)
        stopped.set()

    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop, each.name)
    starting = asyncio.create_task(start_worker(config, nursery, logger))
    stopping = asyncio.create_task(stopped.wait())
    await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        # Nobody has been served yet, and the model may load for ever.
        os._exit(0)
    worker = starting.result()
    await stopping
    try:
        async with asyncio.timeout(config.drain_ms / 1_000 + GRACE_S):
            await worker.close()
    except TimeoutError:
        logger.error("shutdown took too long")
        os._exit(1)
    return 0
