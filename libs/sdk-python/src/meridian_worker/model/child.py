# The model's own process. A step blocks it for as long as it takes, or for ever; here it blocks nobody else.
import gc
import mmap
import sys
import traceback
from multiprocessing.connection import Connection
from typing import Any

from meridian_worker.contract import Model
from meridian_worker.model.messages import (
    CopyState,
    Done,
    Envelope,
    Failed,
    Load,
    Loaded,
    PackStates,
    Reply,
    Request,
    StartState,
    StepStates,
    UnpackState,
)
from meridian_worker.model.runner import ModelFault, ModelRunner


def run_model(model: Model | Failed, connection: Connection, frames: mmap.mmap) -> None:
    """Until the other side closes. A model that could not even be made answers everything with why."""
    runner = model if isinstance(model, Failed) else ModelRunner(model, memoryview(frames))
    while True:
        try:
            envelope: Envelope = connection.recv()
        except EOFError:
            return
        connection.send(runner if isinstance(runner, Failed) else _reply(runner, envelope))


def failure_of(error: BaseException) -> Failed:
    text = str(error)
    message = text if isinstance(error, ModelFault) else f"{type(error).__name__}: {text}"
    # After such an error every call to the device fails in this process.
    fatal = type(error).__name__ == "AcceleratorError" or "CUDA error" in text
    return Failed(message, traceback.format_exc(), fatal)


def _reply(runner: ModelRunner, envelope: Envelope) -> Reply:
    try:
        runner.drop(envelope.drop)
        return Done(_answer(runner, envelope.request))
    except Exception as error:
        return failure_of(error)


def _answer(runner: ModelRunner, request: Request) -> Any:
    match request:
        case StepStates(orders, actions, pack):
            return runner.step(orders, actions, pack)
        case StartState(state, session):
            return runner.start(state, session)
        case UnpackState(state, data):
            return runner.unpack(state, data)
        case CopyState(state, of):
            return runner.copy(state, of)
        case PackStates(states):
            return runner.pack(states)
        case Load(device):
            return _load(runner, device)


def _load(runner: ModelRunner, wanted: str) -> Loaded:
    device = _device() if wanted == "auto" else wanted
    description = runner.load(device)
    # What is there now stays: the collector need not look at it again in the middle of a step.
    gc.collect()
    gc.freeze()
    return Loaded(description, device, runner.batch_max())


def _device() -> str:
    torch = sys.modules.get("torch")
    return "cuda" if torch is not None and torch.cuda.is_available() else "cpu"
