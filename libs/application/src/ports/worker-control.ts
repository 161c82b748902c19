import type { Epoch, EndReason, RegionId, SessionId } from '@meridian/domain';
import type { SessionReport } from './worker-registry.ts';

/** Calls from the control plane to a worker. All of them only speed up what heartbeats would heal. */
export interface WorkerControl {
  /**
   * Stops the session there; its final counters, or undefined when the worker did not know it or did not answer.
   * The worker lets in whoever knows the secret of its `region`.
   */
  end(
    address: string,
    sessionId: SessionId,
    epoch: Epoch,
    reason: EndReason,
    region: RegionId,
  ): Promise<SessionReport | undefined>;
  /** True when the worker answers within a few hundred ms. */
  answers(address: string): Promise<boolean>;
}
