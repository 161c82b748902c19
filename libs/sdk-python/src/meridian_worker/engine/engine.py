# The sessions of one worker: who is served, at which epoch, and what is said of them.
#
# L1. Sessions never take more than the slots. L2. Each is served at the highest epoch seen. L4. Nothing here asks anybody:
# the engine goes on with every other process away. M1. An ended session is reported until its end is acknowledged.
# E1. Each state has one owner: a session, a waiting fork, or whoever asked for it and has not handed it over.
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from meridian_worker.clock import Clock
from meridian_worker.engine.actions import read_action
from meridian_worker.engine.admission import Admission, House, Move, Resume, Start, admit
from meridian_worker.engine.departure import Departure
from meridian_worker.engine.epoch_memory import EpochMemory
from meridian_worker.engine.forks import Fork, Forks
from meridian_worker.engine.frame_format import read_format
from meridian_worker.engine.origin import origin_at_higher_epoch, origin_of
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
    Checkpoint,
    FrameFormat,
    PlayRequest,
    SessionReport,
    StreamFeedback,
)
from meridian_worker.refusal import Refusal

TAKEN_OVER = Refusal("ABORTED", "taken_over", "A newer stream of the same client took the session over.")
MOVED_ON = Refusal("ABORTED", "epoch_fenced", "The session has moved on to a higher epoch.")
HANDED_OVER = Refusal("UNAVAILABLE", "handed_over", "The session goes on at another worker.")
DRAINING = Refusal("UNAVAILABLE", "worker_draining", "The worker takes no new sessions.")
QUARANTINED = Refusal("UNAVAILABLE", "worker_quarantined", "The model of the worker keeps failing.")


# A message of a gateway's connection has at most 4 MiB; a checkpoint needs some for what is not state.
CHECKPOINT_STATE_BYTES_MAX = 4 * 1024 * 1024 - 4 * 1024


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
        self._departure = Departure(ports.clock, self._live.values())
        self._scheduler = Scheduler(
            SchedulerPorts(
                clock=ports.clock,
                model=ports.model,
                batch_max=ports.batch_max,
                events=ports.events,
                movable=self.movable,
                sessions=self._live.values,
                end=self._end,
            )
        )

    @property
    def slots(self) -> int:
        """Sessions the worker can serve now."""
        return 0 if self._departure.terminating or self.quarantined else self._ports.slots

    @property
    def movable(self) -> bool:
        """Whether a state is small enough to leave the worker in a checkpoint."""
        return self._ports.model.description.state_bytes <= CHECKPOINT_STATE_BYTES_MAX

    @property
    def draining(self) -> bool:
        return self._departure.draining

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
        if self._scheduler.stopped:
            return DRAINING
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
            session = self._start(request, origin_at_higher_epoch(admission.session))
            admission.session.state = None
            self._leave_epoch(admission.session, SentAway(MOVED_ON))
            return self._admit_new(session, stream, NOTICE_KIND_MIGRATED)
        kind = NOTICE_KIND_MIGRATED if request.checkpoint else NOTICE_KIND_STARTED
        session = self._admit_new(self._start(request, origin), stream, kind)
        if origin.state is None:
            self._end(session, "model_failed", "The model failed to start the session.")
        return session

    def act(self, session: Session, stream: ClientStream, request: PlayRequest) -> Refusal | None:
        """Takes an action for the next step, unless its device has sent a newer one. Answers why it is refused."""
        message, device = request.action, request.device
        values = read_action(message, self._ports.model.description.actions)
        if isinstance(values, Refusal):
            return values
        if session.stream is stream:
            now_us = self._ports.clock.now_us()
            was_told = session.limits.is_idle_told
            session.act(ActionInForce(message.seq, values, message, device, now_us, request.gateway_received_us))
            if was_told and not session.limits.is_idle_told:
                # Another limit may come first now, with its own time to be told.
                self._scheduler.changed()
        return None

    def heed(self, session: Session, stream: ClientStream, feedback: StreamFeedback) -> None:
        """How the stream's client keeps up."""
        if session.stream is stream:
            session.heed(feedback.frames_dropped, self._ports.clock.now_us())

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
            self._leave_epoch(session, SentAway(MOVED_ON))
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

    def renew_credit(self, session_id: str, epoch: int, credit_ms: int) -> None:
        """More of a session may be served, as far as this epoch's active time goes."""
        session = self._live.get(session_id)
        if session is None or session.epoch != epoch:
            return
        if session.credit.renew(credit_ms, self._ports.clock.now_us()):
            self._scheduler.changed()

    def drain(self, draining: bool) -> None:
        """While it drains the worker takes no new sessions; those it has go on until they have a place elsewhere."""
        if self._departure.drain(draining):
            self._ports.events.changed()

    def begin_termination(self, within_ms: int, left: Callable[[], None]) -> None:
        """No new sessions and no slots from now on: the process ends in `within_ms`. `left` is called when no session has
        a stream any more; perhaps at once.
        """
        self._departure.begin_termination(within_ms, left)

    def begin_hand_over(self, session: Session) -> bool:
        """The session has a place elsewhere: a step under way is its last here. False when that is known already."""
        if session.leaving or session.activity == "ended":
            return False
        session.leaving = True
        return True

    def finish_hand_over(self, session: Session, packed: bytes | None) -> None:
        """`packed` is the session's state after its last step; None when there is none to be had."""
        if session.activity != "ended":
            self._leave_epoch(session, SentAway(HANDED_OVER, self._last_checkpoint(session, packed)))

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
            checkpoint = self._last_checkpoint(session, state)
            session.hold(now_us)
            stream.close(SentAway(DRAINING, checkpoint))

    def checkpoint_of(self, session: Session, state: bytes) -> Checkpoint:
        description = self._ports.model.description
        return session.checkpoint(description.model, description.version, state)

    def origin_of(self, checkpoint: Checkpoint | None, state: StateId | None) -> Fork:
        """A world to start from: `state`, and what a checkpoint says goes with it."""
        return origin_of(checkpoint, state, self._ports.model.description)

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
                device_seqs=origin.device_seqs,
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
        self._departure.opened(stream)
        if session.state is not None:
            self._changed()
        return session

    def _end(self, session: Session, reason: str, detail: str) -> None:
        if session.activity == "ended":
            return
        if reason == "model_failed":
            self._quarantine.session_lost(self._ports.clock.now_us())
        self._retire(session, reason, Over(session.notice(NOTICE_KIND_ENDED, reason, detail)))

    def _leave_epoch(self, session: Session, closing: SentAway) -> None:
        """The session goes on at a higher epoch: what it used at this one is reported, its client is not told of an end."""
        self._retire(session, "worker_lost", closing, told="moved_on")
        self._epochs.note(session.id, session.epoch + 1, False)

    def _retire(self, session: Session, reason: str, closing: Closing, told: str | None = None) -> None:
        """`told` is the reason in logs and metrics, when it is another."""
        stream, state = session.stream, session.state
        session.end(reason, self._ports.clock.now_us())
        del self._live[session.id]
        self._epochs.note(session.id, session.epoch, True)
        self._ended.append(session)
        if state is not None:
            self._ports.model.drop(state)
        if stream is not None:
            stream.close(closing)
        self._ports.events.ended(EndedSession(session.id, session.trace_id, session.epoch, told or reason))
        self._changed()

    def _changed(self) -> None:
        self._ports.events.changed()
        self._scheduler.changed()
        self._departure.changed()

    def _last_checkpoint(self, session: Session, state: bytes | None) -> Checkpoint | None:
        return self.checkpoint_of(session, state) if state is not None and self.movable else None

    def _report(self, session: Session) -> SessionReport:
        return report_of(session, self._ports.clock.now_us())
