# The sessions of one worker: who is served, at which epoch, and what is said of them.
#
# L1. Sessions never take more than the slots. L2. Each is served at the highest epoch seen. L4. Nothing here asks anybody:
# the engine goes on with every other process away. M1. An ended session is reported until its end is acknowledged.
# E1. Each state has one owner: a session, a waiting fork, or whoever asked for it and has not handed it over.
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from meridian_worker.clock import Clock
from meridian_worker.engine.actions import read_action
from meridian_worker.engine.admission import Admission, House, Move, Resume, Start, admit
from meridian_worker.engine.epoch_memory import EpochMemory
from meridian_worker.engine.forks import Fork, Forks
from meridian_worker.engine.frame_format import read_format
from meridian_worker.engine.ports import (
    ActionInForce,
    AttachRequest,
    ClientStream,
    Closing,
    EndedSession,
    EngineEvents,
    FormatInForce,
    Over,
    SentAway,
    StateId,
    SteppingModel,
)
from meridian_worker.engine.quarantine import Quarantine
from meridian_worker.engine.reports import report_of
from meridian_worker.engine.scheduler import Scheduler, SchedulerPorts
from meridian_worker.engine.session import Session, SessionStart
from meridian_worker.protocol import (
    NOTICE_KIND_ENDED,
    NOTICE_KIND_MIGRATED,
    NOTICE_KIND_RESUMED,
    NOTICE_KIND_STARTED,
    Action,
    Checkpoint,
    FrameFormat,
    SessionReport,
)
from meridian_worker.refusal import Refusal

TAKEN_OVER = Refusal("ABORTED", "taken_over", "A newer stream of the same client took the session over.")
MOVED_ON = Refusal("ABORTED", "epoch_fenced", "The session has moved on to a higher epoch.")
DRAINING = Refusal("UNAVAILABLE", "worker_draining", "The worker takes no new sessions.")
QUARANTINED = Refusal("UNAVAILABLE", "worker_quarantined", "The model of the worker keeps failing.")


@dataclass(frozen=True, slots=True)
class EnginePorts:
    clock: Clock
    model: SteppingModel
    # Sessions served at once.
    slots: int
    # Sessions stepped at once.
    batch_max: int
    events: EngineEvents


@dataclass(frozen=True, slots=True)
class Ended:
    """The final counters; None when the session was not known."""

    report: SessionReport | None


@dataclass(frozen=True, slots=True)
class Fenced:
    """Served at a higher epoch than the caller knows."""

    epoch: int


class Engine:
    def __init__(self, ports: EnginePorts) -> None:
        self._ports = ports
        self._interval_us = 1_000_000 // ports.model.description.frames_per_second
        self._live: dict[str, Session] = {}
        self._ended: list[Session] = []
        self._epochs = EpochMemory()
        self._quarantine = Quarantine()
        self._forks = Forks(ports.clock, ports.slots, ports.model.drop)
        self._terminating = False
        self._draining = False
        self._scheduler = Scheduler(
            SchedulerPorts(
                clock=ports.clock,
                model=ports.model,
                batch_max=ports.batch_max,
                events=ports.events,
                sessions=self._live.values,
                end=self._end,
            )
        )

    @property
    def slots(self) -> int:
        """Sessions the worker can serve now."""
        return 0 if self._terminating or self.quarantined else self._ports.slots

    @property
    def draining(self) -> bool:
        return self._draining or self._terminating

    @property
    def sessions(self) -> list[Session]:
        return list(self._live.values())

    @property
    def quarantined(self) -> bool:
        return self._quarantine.closed or not self._ports.model.usable

    @property
    def forks(self) -> Forks:
        return self._forks

    def find(self, session_id: str) -> Session | None:
        return self._live.get(session_id)

    def consider(self, request: AttachRequest) -> Admission:
        """What `attach` would say now."""
        return admit(request, self._house_for(request.grant.session_id))

    def attach(self, request: AttachRequest, stream: ClientStream, origin: Fork) -> Session | Refusal:
        """A session that is not served yet starts from `origin`; the state is the engine's from now on, or dropped."""
        admission = self.consider(request)
        if not isinstance(admission, Start) and origin.state is not None:
            self._ports.model.drop(origin.state)
        if isinstance(admission, Refusal):
            return admission
        if isinstance(admission, Resume):
            return self._open(admission.session, stream, NOTICE_KIND_RESUMED)
        if isinstance(admission, Move):
            session = self._start(request, _origin_of(admission.session))
            admission.session.state = None
            self._leave_epoch(admission.session)
            return self._admit_new(session, stream, NOTICE_KIND_MIGRATED)
        kind = NOTICE_KIND_MIGRATED if request.checkpoint else NOTICE_KIND_STARTED
        session = self._admit_new(self._start(request, origin), stream, kind)
        if origin.state is None:
            self._end(session, "model_failed", "The model failed to start the session.")
        return session

    def act(self, session: Session, stream: ClientStream, message: Action) -> Refusal | None:
        """Takes an action for the next step, unless it is older than the one in force. Answers why it is refused."""
        values = read_action(message, self._ports.model.description.actions)
        if isinstance(values, Refusal):
            return values
        if session.stream is stream:
            session.act(ActionInForce(message.seq, values, message, self._ports.clock.now_us()))
        return None

    def ask_format(self, session: Session, stream: ClientStream, message: FrameFormat) -> Refusal | None:
        """How frames are to be encoded from the next one on. Answers why it is refused."""
        description = self._ports.model.description
        image = read_format(message, description.width, description.height)
        if isinstance(image, Refusal):
            return image
        if session.stream is stream:
            session.format = FormatInForce(image, message)
        return None

    def detach(self, session: Session, stream: ClientStream) -> None:
        """The stream has closed without an end: the session is held for its client."""
        if session.stream is not stream:
            return
        session.hold(self._ports.clock.now_us())
        self._changed()

    def restore(self, session: Session, checkpoint: Checkpoint, state: StateId) -> int:
        """Puts a live session back to the checkpoint that `state` is of. Answers its next frame's number."""
        origin = self.origin_of(checkpoint, state)
        if session.state is not None:
            self._ports.model.drop(session.state)
        session.restore(state, origin.action)
        self._changed()
        return session.frame_number + 1

    def end(self, session_id: str, epoch: int, reason: str, detail: str = "") -> Ended | Fenced:
        """Ends a session for good. An empty reason: it moved on, and only this worker's part in it is over."""
        session = self._live.get(session_id)
        if session is None:
            self._epochs.note(session_id, epoch, True)
            before = next((ended for ended in reversed(self._ended) if ended.id == session_id), None)
            return Ended(None if before is None else self._report(before))
        if session.epoch > epoch:
            return Fenced(session.epoch)
        if reason == "":
            self._leave_epoch(session)
        else:
            self._end(session, reason, detail)
        return Ended(self._report(session))

    def reports(self, ended_max: int) -> list[SessionReport]:
        """Live sessions, and ended ones whose end was not acknowledged; the oldest first."""
        return [self._report(session) for session in (*self._live.values(), *self._ended[:ended_max])]

    def acknowledge(self, session_ids: Sequence[str], reported: Sequence[SessionReport]) -> None:
        """The ends among these reports are recorded durably where it matters: forget the sessions."""
        told = set(session_ids)
        keys = {(report.session_id, report.epoch) for report in reported if report.session_id in told}
        self._ended = [session for session in self._ended if (session.id, session.epoch) not in keys]

    def drain(self, draining: bool) -> None:
        """While it drains the worker takes no new sessions; those it has go on."""
        if self._draining != draining:
            self._draining = draining
            self._ports.events.changed()

    def begin_termination(self) -> None:
        """No new sessions and no slots from now on: the process is about to end."""
        self._terminating = True

    def stop_stepping(self) -> None:
        """For good: states stand still from now on."""
        self._scheduler.stop()

    def send_everyone_away(self, packed: Mapping[StateId, bytes]) -> None:
        """Every client is sent away with its newest checkpoint, so that its gateway finds it another worker."""
        now_us = self._ports.clock.now_us()
        for session in self.sessions:
            stream = session.stream
            if stream is None:
                continue
            state = packed.get(session.state) if session.state is not None else None
            checkpoint = None if state is None else self.checkpoint_of(session, state)
            session.hold(now_us)
            stream.close(SentAway(DRAINING, checkpoint))

    def checkpoint_of(self, session: Session, state: bytes) -> Checkpoint:
        description = self._ports.model.description
        return session.checkpoint(description.model, description.version, state)

    def origin_of(self, checkpoint: Checkpoint | None, state: StateId | None) -> Fork:
        """A world to start from: `state`, and what a checkpoint says goes with it."""
        description = self._ports.model.description
        own_format = read_format(None, description.width, description.height)
        assert not isinstance(own_format, Refusal)
        still = np.zeros(len(description.actions), np.float32)
        if checkpoint is None:
            return Fork(state, 0, ActionInForce(0, still), FormatInForce(own_format))
        action = checkpoint.action if checkpoint.HasField("action") else None
        values = still if action is None else read_action(action, description.actions)
        asked = checkpoint.format if checkpoint.HasField("format") else None
        image = read_format(asked, description.width, description.height)
        return Fork(
            state,
            checkpoint.frame_number,
            ActionInForce(checkpoint.last_action_seq, still if isinstance(values, Refusal) else values, action),
            FormatInForce(own_format) if isinstance(image, Refusal) else FormatInForce(image, asked),
        )

    def _house_for(self, session_id: str) -> House:
        return House(
            now_ms=self._ports.clock.now_us() / 1_000,
            session=self._live.get(session_id),
            seen=self._epochs.get(session_id),
            free_slots=self._ports.slots - sum(session.width for session in self._live.values()),
            closed=self._closed(),
            model=self._ports.model.description,
        )

    def _closed(self) -> Refusal | None:
        if self.quarantined:
            return QUARANTINED
        return DRAINING if self.draining else None

    def _start(self, request: AttachRequest, origin: Fork) -> Session:
        return Session(
            SessionStart(
                grant=request.grant,
                client_key=request.client_key,
                trace_id=request.trace_id,
                state=origin.state,
                frame_number=max(origin.frame_number, request.next_frame_number - 1),
                action=origin.action,
                format=origin.format,
                started_us=self._ports.clock.now_us(),
                interval_us=self._interval_us,
            )
        )

    def _admit_new(self, session: Session, stream: ClientStream, kind: int) -> Session:
        self._live[session.id] = session
        self._epochs.note(session.id, session.epoch, False)
        return self._open(session, stream, kind)

    def _open(self, session: Session, stream: ClientStream, kind: int) -> Session:
        before = session.attach(stream, self._ports.clock.now_us())
        if before is not None:
            before.close(SentAway(TAKEN_OVER))
        stream.notice(session.notice(kind))
        if session.state is not None:
            self._changed()
        return session

    def _end(self, session: Session, reason: str, detail: str) -> None:
        if session.activity == "ended":
            return
        if reason == "model_failed":
            self._quarantine.session_lost(self._ports.clock.now_us())
        self._retire(session, reason, Over(session.notice(NOTICE_KIND_ENDED, reason, detail)))

    def _leave_epoch(self, session: Session) -> None:
        """The session goes on at a higher epoch: what it used at this one is reported, its client is not told of an end."""
        self._retire(session, "worker_lost", SentAway(MOVED_ON))

    def _retire(self, session: Session, reason: str, closing: Closing) -> None:
        stream, state = session.stream, session.state
        session.end(reason, self._ports.clock.now_us())
        del self._live[session.id]
        self._epochs.note(session.id, session.epoch, True)
        self._ended.append(session)
        if state is not None:
            self._ports.model.drop(state)
        if stream is not None:
            stream.close(closing)
        self._ports.events.ended(EndedSession(session.id, session.trace_id, session.epoch, reason))
        self._changed()

    def _changed(self) -> None:
        self._ports.events.changed()
        self._scheduler.changed()

    def _report(self, session: Session) -> SessionReport:
        return report_of(session, self._ports.clock.now_us())


def _origin_of(session: Session) -> Fork:
    """A live session's world, on its way to a higher epoch here. A step under way makes one more frame of it."""
    stepped = session.frame_number + session.stepping
    return Fork(session.state, stepped, session.action, session.format)
