// All wiring of the control plane: what each name of tokens.ts stands for. Nothing is created anywhere else.
import { Module, type DynamicModule, type ValueProvider } from '@nestjs/common';
import {
  makeAdmitToQueue,
  makeAdviseCapacity,
  makeAttemptLimit,
  makeBudgetWatch,
  makeCapacity,
  makeCheckConservation,
  makeClaimPairing,
  makeCreditLeases,
  makeClosePeriods,
  makeCutHours,
  makeDeliverWebhook,
  makeDispatchQueue,
  makeDrainWorker,
  makeEndSession,
  makeExpireSessions,
  makeFlushMeters,
  makeIssueConnection,
  makeKeepPromises,
  makeLoseLeases,
  makeManageWebhooks,
  makeMeasureDemand,
  makeObserveHeartbeat,
  makeOfferPairing,
  makeOpenGroup,
  makeOpenSession,
  makeOutlook,
  makePoliciesInForce,
  makePostCharges,
  makePrepareDays,
  makePruneDemand,
  makeQueueView,
  makeReadFleetCost,
  makeReadMeteringLag,
  makeReadQueuePlace,
  makeReadSessionUsage,
  makeRecomputeGpuHours,
  makeRecordUptime,
  makeRegisterWorker,
  makeReplaceSession,
  makeResolveSetAside,
  makeRollUpUsage,
  makeSampleDemand,
  makeSendDueWebhooks,
  makeSessionDevices,
  makeStoreWatch,
  makeTakeLostWorkers,
  makeTenants,
  noteRefusals,
  type Clock,
  type Draw,
  type Incidents,
  type SessionPolicy,
  type StoreWatch,
  type WorkerControl,
} from '@meridian/application';
import type { Logger } from '@meridian/telemetry';
import { AuditController } from './admin/audit.controller.ts';
import { CapacityController } from './admin/capacity.controller.ts';
import { FleetController } from './admin/fleet.controller.ts';
import { MoneyController } from './admin/money.controller.ts';
import { PoliciesController } from './admin/policies.controller.ts';
import { TenantsController } from './admin/tenants.controller.ts';
import { cacheKeys } from './auth/key-cache.ts';
import { makeBilling } from './billing/make-billing.ts';
import { EconomicsController } from './billing/economics.controller.ts';
import { InvoicesController } from './billing/invoices.controller.ts';
import { LedgerController } from './billing/ledger.controller.ts';
import { PlansController } from './billing/plans.controller.ts';
import { TenantBillingController } from './billing/tenant-billing.controller.ts';
import { BillingUsageController } from './billing/usage.controller.ts';
import { CatalogueController } from './catalogue/catalogue.controller.ts';
import type { Config } from './config.ts';
import { FleetServer } from './fleet/fleet-server.ts';
import { FleetService } from './fleet/fleet-service.ts';
import { OperationsController } from './http/operations.controller.ts';
import { makeJobs } from './jobs/jobs.ts';
import { JobRunner } from './jobs/job-runner.ts';
import { backlogsOf } from './jobs/backlogs.ts';
import { makeReadJobs } from './jobs/read-jobs.ts';
import { countClaims, countOpens, type ControlPlaneMetrics } from './metrics.ts';
import { ClaimController } from './pairing/claim.controller.ts';
import { PairingsController } from './pairing/pairings.controller.ts';
import { SessionEventsController } from './sessions/session-events.controller.ts';
import { SessionGroupsController } from './sessions/session-groups.controller.ts';
import { SessionsController } from './sessions/sessions.controller.ts';
import { UsageController } from './sessions/usage.controller.ts';
import { makeViewSession } from './sessions/session-view.ts';
import type { Stores } from './stores.ts';
import * as names from './tokens.ts';
import { JwksController } from './tokens/jwks.controller.ts';
import { SessionTokenIssuer } from './tokens/session-token-issuer.ts';
import { AdminWebhooksController } from './webhooks/admin-webhooks.controller.ts';
import { PostWebhook } from './webhooks/post-webhook.ts';
import { WebhookQueue } from './webhooks/webhook-queue.ts';
import { WebhookService } from './webhooks/webhook-service.ts';
import { WebhooksController } from './webhooks/webhooks.controller.ts';

/** What comes from outside: in production from main.ts, in tests as fakes. */
export interface Outside {
  readonly config: Config;
  readonly stores: Stores;
  readonly workers: WorkerControl;
  readonly clock: Clock;
  readonly draw: Draw;
  readonly incidents: Incidents;
  readonly metrics: ControlPlaneMetrics;
  readonly logger: Logger;
}

/**
 * Wrong pairing codes that one address, and all together, may try at this process. 300 a minute against the 2^40 codes
 * there are: with a thousand codes out at any time, one of them is guessed in seven years.
 */
const WRONG_CODES_EACH = { burst: 10, perMinute: 10 };
const WRONG_CODES_ALL = { burst: 300, perMinute: 300 };

/** How long it can be seen what became of a delivery, and replayed. */
const WEBHOOKS_KEPT_MS = 30 * 86_400_000;

type Provided = ValueProvider<unknown>;

const value = (provide: symbol, useValue: unknown): Provided => ({ provide, useValue });

function providersOf(outside: Outside): Provided[] {
  const { config, stores, clock, metrics, logger } = outside;
  const regions = config.regions.map(({ id, jurisdiction, location }) => ({
    ...{ region: id, jurisdiction },
    ...(location && { location }),
  }));
  const policy: SessionPolicy = config.limits;
  const tokens = new SessionTokenIssuer(config.tokenKey, clock, outside.draw);
  const { creditSliceMs } = config.limits;
  const credit = makeCreditLeases({ ...stores, holds: stores.creditHolds, clock, creditSliceMs });
  const base = { ...outside, ...stores, policy, regions, tokens, credit };

  const capacity = makeCapacity({ ...base, outlook: makeOutlook(base) });
  const watch = makeStoreWatch(2 * policy.workerSilentMs);
  const policies = makePoliciesInForce(base);
  const issueConnection = makeIssueConnection({ ...base, policies });
  const queue = makeQueueView({ ...base, capacity, policies });
  const measureDemand = makeMeasureDemand({ ...base, capacity, policies });
  const supply = { bootMs: config.limits.workerBootMs };
  const adviseCapacity = makeAdviseCapacity({ ...base, measureDemand, supply });
  const admitToQueue = makeAdmitToQueue({ clock, queue, policies });
  const readQueuePlace = makeReadQueuePlace({ queue });
  const readUsage = makeReadSessionUsage(base);
  const endSession = makeEndSession(base);
  const loseLeases = makeLoseLeases({ ...base, capacity });
  const tenants = makeTenants(base);
  const attempts = makeAttemptLimit(clock, WRONG_CODES_EACH, WRONG_CODES_ALL);
  const viewSession = makeViewSession({ regions: config.regions, issueConnection, readQueuePlace });

  const sender = new PostWebhook({ allowPrivate: config.webhookAllowPrivate });
  const deliver = makeDeliverWebhook({ ...base, sender });
  const manageWebhooks = makeManageWebhooks({ ...base, sender, deliver });
  const webhookQueue = new WebhookQueue({
    ...{ redisUrl: config.regions[0].redisUrl, deliver, deliveries: metrics.webhookDeliveries, logger },
  });

  const fleet = new FleetService({
    ...base,
    regions: config.regions,
    heartbeatIntervalMs: config.limits.heartbeatIntervalMs,
    registerWorker: makeRegisterWorker({ ...base, loseLeases, keepPromises: makeKeepPromises(base) }),
    observeHeartbeat: makeObserveHeartbeat(base),
    replaceSession: makeReplaceSession({ ...base, capacity, issueConnection }),
  });
  const jobs = makeJobs({
    takeLostWorkers: makeTakeLostWorkers({ ...base, loseLeases, watch }),
    dispatchQueue: makeDispatchQueue({ ...base, capacity, queue, policies }),
    expireSessions: makeExpireSessions({ ...base, queue, policies, endSession, loseLeases, watch }),
    flushMeters: makeFlushMeters(base),
    cutHours: makeCutHours(base),
    postCharges: makePostCharges({ ...base, events: stores.webhooks }),
    closePeriods: makeClosePeriods({ ...base, events: stores.webhooks }),
    watchBudgets: makeBudgetWatch({ ...base, holds: stores.creditHolds, events: stores.webhooks }),
    rollUpUsage: makeRollUpUsage(base),
    prepareDays: makePrepareDays(base),
    resolveSetAside: makeResolveSetAside(base),
    readMeteringLag: makeReadMeteringLag(base),
    recordUptime: makeRecordUptime({ ...base, adviseCapacity }),
    recomputeGpuHours: makeRecomputeGpuHours(base),
    checkConservation: makeCheckConservation({ ...base, events: stores.webhooks }),
    sampleDemand: makeSampleDemand({ ...base, measureDemand }),
    pruneDemand: makePruneDemand(base),
    sendDueWebhooks: makeSendDueWebhooks({ ...base, deliver, enqueue: (due) => webhookQueue.add(due) }),
    pruneWebhooks: () => stores.webhooks.prune(clock.nowMs() - WEBHOOKS_KEPT_MS),
    flushIntervalMs: config.limits.flushIntervalMs,
    metrics,
    logger,
  });

  return [
    value(names.CONFIG, config),
    value(names.STORES, stores),
    value(names.CLOCK, clock),
    value(names.DRAW, outside.draw),
    value(names.LOGGER, logger),
    value(names.METRICS, metrics),
    value(names.INCIDENTS, outside.incidents),
    value(names.AUDIT, stores.audit),
    value(names.SESSIONS, stores.sessions),
    value(names.MODELS, stores.models),
    value(names.USAGE, stores.usage),
    value(names.USAGE_HOURS, stores.usageHours),
    value(names.SET_ASIDE, stores.setAside),
    value(names.GPU_HOURS, stores.gpuHours),
    value(names.MODEL_POLICIES, stores.modelPolicies),
    value(names.POLICIES, policies),
    value(names.REGISTRY, stores.registry),
    value(names.SESSION_TOKENS, tokens),
    value(names.CAPACITY, capacity),
    value(names.ADVISE_CAPACITY, adviseCapacity),
    value(names.TENANTS, tenants),
    value(
      names.AUTHENTICATE,
      cacheKeys((secret) => tenants.authenticate(secret), clock),
    ),
    value(
      names.OPEN_SESSION,
      countOpens(
        noteRefusals(makeOpenSession({ ...base, capacity, queue, policies, admitToQueue }), base),
        metrics,
      ),
    ),
    value(names.OPEN_GROUP, makeOpenGroup({ ...base, capacity, queue, policies, admitToQueue })),
    value(names.END_SESSION, endSession),
    value(names.VIEW_SESSION, viewSession),
    value(names.SESSION_EVENT_PORTS, { ...stores, viewSession, readQueuePlace, readUsage, tickMs: 1_000 }),
    value(names.OFFER_PAIRING, makeOfferPairing(base)),
    value(
      names.CLAIM_PAIRING,
      countClaims(makeClaimPairing({ ...base, issueConnection, attempts }), metrics),
    ),
    value(names.SESSION_DEVICES, makeSessionDevices(base)),
    value(names.READ_SESSION_USAGE, readUsage),
    value(names.READ_FLEET_COST, makeReadFleetCost(base)),
    value(names.DRAIN_WORKER, makeDrainWorker(base)),
    value(
      names.BILLING,
      makeBilling({
        ...{ stores, tenants, clock, regions: config.regions, events: stores.webhooks, draw: outside.draw },
        ...{ incidents: outside.incidents },
        readJobs: makeReadJobs({ jobs, runs: stores.jobRuns, backlogs: backlogsOf(stores, clock), clock }),
      }),
    ),
    value(names.WEBHOOK_SERVICE, new WebhookService(stores.webhooks, manageWebhooks)),
    value(names.WEBHOOK_QUEUE, webhookQueue),
    value(names.FLEET_SERVER, new FleetServer(fleet, metrics, logger)),
    value(
      names.JOB_RUNNER,
      new JobRunner({
        jobs,
        look: look(outside, watch),
        runs: stores.jobRuns,
        redisUrl: config.regions[0].redisUrl,
        metrics,
        logger,
      }),
    ),
  ];
}

/** Feeds the watch that guards the judgement of lost workers; answers whether the job queue's Redis is there. */
const look =
  ({ config, stores, clock }: Outside, watch: StoreWatch) =>
  async (): Promise<boolean> => {
    const answers = await Promise.all(
      config.regions.map(async ({ id }) => {
        const there = await stores.regionAnswers(id);
        if (there) watch.seen(id, clock.nowMs());
        else watch.missed(id);
        return there;
      }),
    );
    return answers[0] === true;
  };

/** The controllers of the api role. */
export const API = [
  SessionsController,
  SessionGroupsController,
  SessionEventsController,
  PairingsController,
  ClaimController,
  UsageController,
  CatalogueController,
  TenantsController,
  FleetController,
  CapacityController,
  MoneyController,
  PoliciesController,
  AuditController,
  BillingUsageController,
  EconomicsController,
  PlansController,
  InvoicesController,
  LedgerController,
  TenantBillingController,
  AdminWebhooksController,
  WebhooksController,
  JwksController,
];

@Module({})
export class AppModule {
  static with(outside: Outside): DynamicModule {
    return {
      module: AppModule,
      providers: providersOf(outside),
      controllers: outside.config.roles.has('api') ? [OperationsController, ...API] : [OperationsController],
    };
  }
}
