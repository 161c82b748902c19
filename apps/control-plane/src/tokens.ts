// Names under which app.module.ts provides what controllers, gRPC and jobs use. Interfaces have no value at run time,
// so each port and use case is injected by its symbol.
export const CONFIG = Symbol('Config');
export const LOGGER = Symbol('Logger');
export const METRICS = Symbol('ControlPlaneMetrics');
export const CLOCK = Symbol('Clock');
export const DRAW = Symbol('Draw');
export const SESSIONS = Symbol('SessionRepository');
export const USAGE = Symbol('UsageRepository');
export const MODELS = Symbol('ModelCatalog');
export const REGISTRY = Symbol('WorkerRegistry');
export const SESSION_TOKENS = Symbol('SessionTokens');
export const STORES = Symbol('Stores');
export const CAPACITY = Symbol('Capacity');
export const OPEN_SESSION = Symbol('OpenSession');
export const VIEW_SESSION = Symbol('ViewSession');
export const SESSION_EVENT_PORTS = Symbol('SessionEventPorts');
export const END_SESSION = Symbol('EndSession');
export const READ_SESSION_USAGE = Symbol('ReadSessionUsage');
export const READ_FLEET_COST = Symbol('ReadFleetCost');
export const TENANTS = Symbol('Tenants');
export const AUTHENTICATE = Symbol('Authenticate');
export const DRAIN_WORKER = Symbol('DrainWorker');
export const FLEET_SERVER = Symbol('FleetServer');
export const JOB_RUNNER = Symbol('JobRunner');
