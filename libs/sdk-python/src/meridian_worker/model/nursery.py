# N1. The model's process is forked from a nurse that has imported the model and touched no device and no thread: the
#     first start and every restart are alike, and a restart imports nothing.
# N2. The nurse is forked before the worker makes threads of its own. It alone knows the model's process as its child, so
#     that killing cannot hit a stranger.
# N3. When the worker ends, however it ends, the nurse hears its socket close, kills the model and ends.
import ctypes
import mmap
import os
import signal
import socket
import sys
import tempfile
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection

from meridian_worker.contract import Model
from meridian_worker.model.child import failure_of, run_model
from meridian_worker.model.messages import Failed

FORK, KILL = b"F", b"K"
# Room for the frames of one step; memory is taken only for what is written.
FRAMES_BYTES_MAX = 1 << 30
PR_SET_PDEATHSIG = 1


class Nursery:
    """To be made before the process has an event loop or threads."""

    def __init__(self, make_model: Callable[[], Model]) -> None:
        self._frames_fd = _shared_memory()
        self.frames = mmap.mmap(self._frames_fd, FRAMES_BYTES_MAX)
        self._control, theirs = socket.socketpair()
        with warnings.catch_warnings():
            # numpy's threads are idle here, and the child uses none of theirs.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            self._control.close()
            _nurse(theirs, make_model, self.frames)
        theirs.close()

    def hatch(self) -> Connection:
        """Starts the model's process; what there was before is dead. Blocks for the import of the model the first time."""
        ours, theirs = socket.socketpair()
        with theirs:
            self._ask(KILL)
            socket.send_fds(self._control, [FORK], [theirs.fileno()])
            self._hear()
        return Connection(ours.detach())

    def close(self) -> None:
        """The nurse hears it, and the model ends."""
        self._control.close()

    def _ask(self, order: bytes) -> None:
        self._control.sendall(order)
        self._hear()

    def _hear(self) -> None:
        if self._control.recv(1) == b"":
            raise EOFError("The process that starts the model has ended.")


def _shared_memory() -> int:
    if sys.platform == "linux":
        fd = os.memfd_create("meridian-frames")
    else:
        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    os.ftruncate(fd, FRAMES_BYTES_MAX)
    return fd


def _nurse(control: socket.socket, make_model: Callable[[], Model], frames: mmap.mmap) -> None:
    """Never returns: this process is a copy of one that has other things to do."""
    code = 1
    try:
        # A signal to the whole group is the worker's to answer; it closes the socket when it is done.
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        _attend(control, _made(make_model), frames)
        code = 0
    finally:
        os._exit(code)


def _made(make_model: Callable[[], Model]) -> Model | Failed:
    try:
        return make_model()
    except Exception as error:
        return failure_of(error)


def _attend(control: socket.socket, model: Model | Failed, frames: mmap.mmap) -> None:
    child = 0
    while True:
        order, fds, _, _ = socket.recv_fds(control, 1, 1)
        if order != FORK:
            child = _kill(child)
        if order == b"":
            return
        if order == FORK:
            nurse = os.getpid()
            child = os.fork()
            if child == 0:
                control.close()
                _die_with(nurse)
                run_model(model, Connection(fds[0]), frames)
                return
            os.close(fds[0])
        control.sendall(b".")


def _kill(child: int) -> int:
    if child:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return 0


def _die_with(nurse: int) -> None:
    """Should the nurse be killed, so is the model; also when that happened before it could be asked for."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != nurse:
        os._exit(1)
