-- GPU hours: what every GPU cost, what sessions paid of it, and why the rest stood idle. See ../../schema.prisma for what
-- the tables mean.

-- AlterTable
ALTER TABLE "rates" ADD COLUMN "purchase" TEXT NOT NULL DEFAULT 'on_demand',
ADD COLUMN "source" TEXT NOT NULL DEFAULT '';

-- AlterTable
ALTER TABLE "worker_uptime" ADD COLUMN "purchase" TEXT NOT NULL DEFAULT 'on_demand',
ADD COLUMN "counted_to" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "worker_states" (
    "worker_id" TEXT NOT NULL,
    "incarnation" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "state" TEXT NOT NULL,
    "used_slots" INTEGER NOT NULL,
    "slots" INTEGER NOT NULL,
    "wanted" BOOLEAN NOT NULL,

    CONSTRAINT "worker_states_pkey" PRIMARY KEY ("worker_id","incarnation","at")
);

-- CreateTable
CREATE TABLE "gpu_hour_marks" (
    "id" BIGSERIAL NOT NULL,
    "hour" TIMESTAMPTZ(0) NOT NULL,
    "worker_id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "gpu_hour_marks_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "gpu_hours" (
    "hour" TIMESTAMPTZ(0) NOT NULL,
    "up_ms" BIGINT NOT NULL,
    "active_ms" BIGINT NOT NULL,
    "bill_nano" BIGINT NOT NULL,
    "session_nano" BIGINT NOT NULL,
    "warm_buffer_ms" BIGINT NOT NULL,
    "warm_buffer_nano" BIGINT NOT NULL,
    "booting_ms" BIGINT NOT NULL,
    "booting_nano" BIGINT NOT NULL,
    "draining_ms" BIGINT NOT NULL,
    "draining_nano" BIGINT NOT NULL,
    "fragmentation_ms" BIGINT NOT NULL,
    "fragmentation_nano" BIGINT NOT NULL,
    "failed_start_ms" BIGINT NOT NULL,
    "failed_start_nano" BIGINT NOT NULL,
    "quarantined_ms" BIGINT NOT NULL,
    "quarantined_nano" BIGINT NOT NULL,
    "no_demand_ms" BIGINT NOT NULL,
    "no_demand_nano" BIGINT NOT NULL,
    "gpus" INTEGER NOT NULL,
    "worker_id" TEXT NOT NULL,
    "incarnation" TEXT NOT NULL,
    "region" TEXT NOT NULL,
    "pool" TEXT NOT NULL,
    "gpu_type" TEXT NOT NULL,
    "purchase" TEXT NOT NULL,
    "currency" TEXT NOT NULL,

    CONSTRAINT "gpu_hours_pkey" PRIMARY KEY ("hour","worker_id","incarnation","currency")
);

-- CreateTable
CREATE TABLE "conservation_hours" (
    "hour" TIMESTAMPTZ(0) NOT NULL,
    "stale" BOOLEAN NOT NULL,
    "checked_at" TIMESTAMPTZ(3),
    "gpu_hours" INTEGER NOT NULL DEFAULT 0,
    "deferred" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "conservation_hours_pkey" PRIMARY KEY ("hour")
);

-- CreateTable
CREATE TABLE "conservation_breaches" (
    "hour" TIMESTAMPTZ(0) NOT NULL,
    "worker_id" TEXT NOT NULL,
    "incarnation" TEXT NOT NULL,
    "region" TEXT NOT NULL,
    "pool" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "bill_nano" BIGINT NOT NULL,
    "session_nano" BIGINT NOT NULL,
    "idle_nano" BIGINT NOT NULL,
    "difference_nano" BIGINT NOT NULL,
    "found_at" TIMESTAMPTZ(3) NOT NULL,
    "resolved_at" TIMESTAMPTZ(3),

    CONSTRAINT "conservation_breaches_pkey" PRIMARY KEY ("hour","worker_id","incarnation","currency")
);

-- Few of all meters are open, and a worker has but a few of those.
CREATE INDEX "meters_open_worker_idx" ON "meters" ("worker_id") WHERE NOT "closed";
-- Of all processes that ever were, few are to be counted further.
CREATE INDEX "worker_uptime_grown_idx" ON "worker_uptime" ("worker_id")
    WHERE "counted_to" IS NULL OR "counted_to" < "last_seen_at";
CREATE INDEX "conservation_hours_stale_idx" ON "conservation_hours" ("hour") WHERE "stale";

-- Checks
ALTER TABLE "rates" ADD CONSTRAINT "rates_purchase_check" CHECK ("purchase" IN ('on_demand', 'reserved', 'spot'));

ALTER TABLE "worker_uptime"
    ADD CONSTRAINT "worker_uptime_purchase_check" CHECK ("purchase" IN ('on_demand', 'reserved', 'spot'));

ALTER TABLE "worker_states" ADD CONSTRAINT "worker_states_check" CHECK (
    "state" IN ('booting', 'ready', 'draining', 'quarantined', 'failed') AND "used_slots" >= 0 AND "slots" >= 0
);

ALTER TABLE "gpu_hours" ADD CONSTRAINT "gpu_hours_check" CHECK (
    "up_ms" >= 0 AND "active_ms" >= 0 AND "bill_nano" >= 0 AND "session_nano" >= 0 AND "gpus" >= 1
    AND date_trunc('hour', "hour", 'UTC') = "hour"
);

ALTER TABLE "conservation_breaches" ADD CONSTRAINT "conservation_breaches_check" CHECK ("difference_nano" <> 0);

-- Of processes from before there were states it is only known that they were up.
INSERT INTO "worker_states" ("worker_id", "incarnation", "at", "state", "used_slots", "slots", "wanted")
SELECT "worker_id", "incarnation", "started_at", 'ready', 0, "slots", false FROM "worker_uptime";

-- Whoever cuts a segment, the GPU hour that it belongs to is made anew.
CREATE FUNCTION "mark_gpu_hours"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO "gpu_hour_marks" ("hour", "worker_id")
    SELECT DISTINCT date_trunc('hour', "starts_at", 'UTC'), "worker_id" FROM "added";
    RETURN NULL;
END
$$;

CREATE TRIGGER "usage_segments_mark_gpu_hours" AFTER INSERT ON "usage_segments"
    REFERENCING NEW TABLE AS "added" FOR EACH STATEMENT EXECUTE FUNCTION "mark_gpu_hours"();

-- A rate prices what was up since it holds, and the first of its GPU type all that was ever up.
CREATE FUNCTION "recount_rated_gpus"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE "worker_uptime" u SET "counted_to" = NULL
    WHERE u."gpu_type" = NEW."gpu_type" AND u."counted_to" IS NOT NULL AND (
        u."last_seen_at" > greatest(NEW."effective_from", NEW."recorded_at")
        OR NOT EXISTS (
            SELECT FROM "rates" r WHERE r."gpu_type" = NEW."gpu_type"
                AND greatest(r."effective_from", r."recorded_at") <= u."started_at"
        )
    );
    RETURN NULL;
END
$$;

CREATE TRIGGER "rates_recount_gpus" AFTER INSERT ON "rates" FOR EACH ROW EXECUTE FUNCTION "recount_rated_gpus"();
