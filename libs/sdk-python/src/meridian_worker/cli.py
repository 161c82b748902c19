"""`meridian-worker serve PACKAGE.MODULE:CLASS`: serves a model configured by the environment (README.md)."""

import argparse
import importlib
import sys

from meridian_worker.contract import Model
from meridian_worker.model.runner import ModelFault
from meridian_worker.process import run_worker


def main() -> None:
    parser = argparse.ArgumentParser(prog="meridian-worker", description="Serve a world model on Meridian.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="serve a model until SIGTERM")
    serve.add_argument("model", metavar="PACKAGE.MODULE:CLASS", help="a subclass of meridian_worker.Model")
    target = parser.parse_args().model
    # As with `python -m`: a module beside which one stands is found.
    sys.path.insert(0, "")
    sys.exit(run_worker(lambda: load_model(target)))


def load_model(target: str) -> Model:
    """Raises ModelFault when there is no such model."""
    module_name, _, class_name = target.partition(":")
    if not module_name or not class_name:
        raise ModelFault(f'"{target}" is not of the form PACKAGE.MODULE:CLASS.')
    model_class = getattr(importlib.import_module(module_name), class_name, None)
    if not isinstance(model_class, type) or not issubclass(model_class, Model):
        raise ModelFault(f"{target} is not a subclass of meridian_worker.Model.")
    return model_class()


if __name__ == "__main__":
    main()
