"""Serve a world model on Meridian: write `load`, `start` and `step`; the kit does the rest. See README.md."""

import sys
from typing import NoReturn

from meridian_worker.contract import Model, NewSession

__all__ = ["Model", "NewSession", "serve"]


def serve(model: Model) -> NoReturn:
    """Serves the model until SIGTERM, configured by the environment, and exits.

    Call it before making threads and before touching a device: the model is loaded in a process of its own.
    """
    from meridian_worker.process import run_worker

    sys.exit(run_worker(lambda: model))
