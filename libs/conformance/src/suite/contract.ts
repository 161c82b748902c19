// The sentences that workers are held to, word for word as they stand in the repository (a spec compares).
import type { Sentence } from './sentence.ts';

const inPublic = (text: string): Sentence => ({
  file: 'libs/protocol/proto/meridian/public/v1/session_stream.proto',
  text,
});
const inWorker = (text: string): Sentence => ({
  file: 'libs/protocol/proto/meridian/worker/v1/worker.proto',
  text,
});
const inFleet = (text: string): Sentence => ({
  file: 'libs/protocol/proto/meridian/worker/v1/fleet.proto',
  text,
});
const inReadme = (text: string): Sentence => ({ file: 'libs/conformance/README.md', text });

export const CONTRACT = {
  acts: inPublic('Action is what the user does from now on: it holds until the next action replaces it.'),
  newest: inPublic('An action with a number not above the newest one seen of its device is ignored.'),
  lastAction: inPublic(
    "The seq of the newest action that this frame's step has seen, of the device below; 0 before the first.",
  ),
  devices: inPublic('Actions of several devices count in the order in which they arrive.'),
  deviceSeqs: inPublic('The newest action seq seen of each paired device, so that none is applied twice'),
  draining: inPublic(
    'Draining asks the gateway to find the session another place while the worker goes on serving it.',
  ),
  withinMs: inPublic(
    'The worker closes the stream after this time, whether or not a place was found; 0: no limit.',
  ),
  handOver: inPublic(
    'The worker stops stepping it, sends its last Checkpoint, closes the stream with UNAVAILABLE handed_over, and frees the slot.',
  ),
  endingSoon: inPublic('The session runs into a limit soon: end_reason says which, ends_in_ms when.'),
  credit: inWorker('The session ends with budget_exhausted when active_ms reaches this'),
  creditRises: inFleet('Credit only rises'),
  frameNumber: inPublic('Rises by one with every frame that the worker steps'),
  frameEpoch: inPublic('The epoch the worker serves the session at.'),
  nextFrame: inPublic('The number that the next frame will have.'),
  format: inPublic(
    'How frames are to be encoded from the next one on; a session keeps it when it resumes or moves.',
  ),
  formatChoice: inPublic('An unknown codec or a value out of range is INVALID_ARGUMENT.'),
  formatDefault: inPublic(
    "A field left at 0 means the worker's own choice: JPEG, the model's size, quality 85.",
  ),
  restorePlace: inPublic('From a client, or anywhere else in a stream, it is INVALID_ARGUMENT.'),
  garbage: inPublic('INVALID_ARGUMENT (a message that is not a ClientMessage, or a field out of range)'),
  tooLarge: inPublic('RESOURCE_EXHAUSTED (message larger than 64 KiB)'),
  checkpointAction: inPublic(
    'The action in force, so that a key held down stays down on the next worker; unset before the first.',
  ),
  checkpointEverySecond: inPublic('Sent by the worker to the gateway about once a second'),
  clientKey: inPublic('the first stream of a token binds the session to it'),

  describe: inWorker('Sessions the worker can serve within its frame deadline.'),
  token: inWorker('The worker checks the token by itself: signature, its own worker id'),
  held: inWorker("When a stream closes without an end the session is held for the token's hold time."),
  restoreOpen: inWorker('go on from when the worker does not serve the session yet'),
  end: inWorker(
    'End stops a session and frees its slot; ending an unknown session succeeds and answers with no usage.',
  ),
  drain: inWorker(
    'Drain stops the worker taking new sessions, and asks the gateways (PlayResponse.draining) to find those it has another place',
  ),
  checkpoint: inWorker("Checkpoint answers with a live session's state as of its newest frame."),
  restore: inWorker('the world is as it was then, frame numbers go on rising.'),
  restoreRefused: inWorker(
    'FAILED_PRECONDITION checkpoint_mismatch for a checkpoint of another model, version or state size',
  ),
  notANumber: inWorker('checkpoint_invalid for a state that the model cannot use.'),
  fork: inWorker('that one starts from the copy when it is claimed, within claim_ms.'),
  forkRefused: inWorker(
    'ALREADY_EXISTS when it is served here already, RESOURCE_EXHAUSTED when as many copies wait as the worker has slots.',
  ),
  health: inWorker('Health answers how the worker keeps pace. It asks for no secret'),
  guarded: inWorker('they want the metadata `authorization: Bearer SECRET` (else UNAUTHENTICATED)'),
  lowerEpoch: inWorker('an epoch that is not below the one served (else FAILED_PRECONDITION epoch_fenced).'),
  deadline: inWorker('A frame handed to the transport later than this after its step was due is late.'),
  counters: inWorker('what a worker says of one session: cumulative counters (M1), never deltas.'),
  reportSeq: inWorker('Rises with every report of a session and epoch'),
  epoch: inWorker('an epoch not below the highest it has seen for the session (L2).'),

  register: inFleet('Register announces a worker process. It is idempotent for a worker id and incarnation'),
  heartbeat: inFleet('Heartbeat is sent every second, and at once when a session changes.'),
  finalReport: inFleet('ended ones until their end is acknowledged'),
  again: inFleet('NOT_FOUND asks the worker to register again.'),
  purchase: inFleet('on_demand, reserved or spot; empty means on_demand.'),
  age: inFleet('Milliseconds since the process started: its GPUs are billed from then on.'),
  stop: inFleet('Sessions the worker must stop serving, because they ended or moved on to a higher epoch.'),
  lifted: inFleet('false after true lifts a drain, also one by the Drain RPC.'),
  operatorDrain: inFleet('The control plane wants the worker drained'),
  keys: inFleet('JSON Web Key Set (RFC 7517) that session tokens are checked with.'),

  pace: inReadme('A session is stepped 25 times a second'),
  slots: inReadme(
    'A session more than the worker has slots is refused with RESOURCE_EXHAUSTED `slots_full`.',
  ),
  apart: inReadme('Sessions of one worker share nothing but its time, and share that evenly.'),
  identical: inReadme('From one checkpoint the same actions give the same frames, to the bit'),
  slow: inReadme(
    'A client that reads too slowly loses frames, never gets old ones, and costs no more memory than `session_bytes_max`.',
  ),
  codes: inReadme(
    'A refusal is a gRPC status with one sentence as its message and the machine code in the trailer `meridian-code`.',
  ),
  badAction: inReadme(
    'An action that is none ends its stream with the field that is wrong in the message; the session is held.',
  ),
  width: inReadme('A session takes as many slots as the `width` in its token says'),
  slowed: inReadme('When `frames_dropped` has risen by more than 5 within 2 s, the worker sends less'),
  slowedBack: inReadme('After 3 s without a drop it goes back by one step.'),
  notSent: inReadme('a frame that is not sent on purpose is neither encoded nor counted'),
  slowedAsAsked: inReadme(
    'Where the client named a quality it is kept, and the frames thin out at once; raw frames are never touched',
  ),
  devicesMax: inReadme('the worker forgets the paired device that was silent longest, and never the owner'),
  removal: inReadme('at a worker `remove_device` is `malformed_message`'),
  lastCheckpoint: inReadme(
    'sends its last checkpoint (of the last frame sent, or a later one) as the last message',
  ),
  stopMoved: inReadme(
    'A session that the control plane stops without a reason is let go of in the same way.',
  ),
  movedOn: inReadme('What follows at the next epoch is, to the bit, what would have followed here.'),
  drainedAgain: inReadme(
    'It says so once a stream, and again only for another drain after a lift, or on SIGTERM.',
  ),
  letGo: inReadme('the session is reported as ENDED with `worker_lost`, as for any epoch that is over'),
  heldNotWaitedFor: inReadme('A held session is not waited for.'),
  secondSigterm: inReadme('A second SIGTERM ends it at once.'),
  cancel: inReadme('A cancelled stream keeps its slot until the session ends or its hold time is over.'),
  takenOver: inReadme('A newer stream of the same client takes the session over'),
  sigterm: inReadme('On SIGTERM a worker says so in a heartbeat'),
  ready: inReadme('A worker registers once it can serve'),
  newKeys: inReadme('A token signed with a key that the worker does not have makes it register again'),
  endedStays: inReadme('An ended session stays ended'),
} as const;
