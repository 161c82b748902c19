-- AlterTable
ALTER TABLE "tenants" ADD COLUMN "weight" INTEGER NOT NULL DEFAULT 1,
ADD COLUMN "open_sessions" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "sessions" ADD COLUMN "group_id" TEXT,
ADD COLUMN "model" TEXT NOT NULL DEFAULT '',
ADD COLUMN "width" INTEGER NOT NULL DEFAULT 1;

-- AlterTable
ALTER TABLE "meters" ADD COLUMN "width" INTEGER NOT NULL DEFAULT 1,
ADD COLUMN "gpus" INTEGER NOT NULL DEFAULT 1;

-- AlterTable
ALTER TABLE "worker_uptime" ADD COLUMN "gpus" INTEGER NOT NULL DEFAULT 1;

-- CreateTable
CREATE TABLE "model_policies" (
    "model" TEXT NOT NULL,
    "policy" JSON NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "model_policies_pkey" PRIMARY KEY ("model")
);

-- CreateTable
CREATE TABLE "pool_demand" (
    "pool" TEXT NOT NULL,
    "at" TIMESTAMPTZ(0) NOT NULL,
    "region" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "busy_slots" INTEGER NOT NULL,
    "queued" INTEGER NOT NULL,
    "slots" INTEGER NOT NULL,

    CONSTRAINT "pool_demand_pkey" PRIMARY KEY ("pool","at")
);

-- CreateTable
CREATE TABLE "audit_log" (
    "id" BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "actor" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "session_id" TEXT,
    "tenant_id" TEXT,
    "region" TEXT,
    "detail" JSON NOT NULL,

    CONSTRAINT "audit_log_pkey" PRIMARY KEY ("id")
);

-- DropIndex
DROP INDEX "sessions_ended_at_idx";

-- CreateIndex
CREATE INDEX "sessions_model_ended_at_idx" ON "sessions"("model", "ended_at");

-- CreateIndex
CREATE INDEX "sessions_group_id_idx" ON "sessions"("group_id");

-- CreateIndex
CREATE INDEX "session_events_at_idx" ON "session_events" USING BRIN ("at");

-- CreateIndex
CREATE INDEX "audit_log_session_id_idx" ON "audit_log"("session_id");

-- CreateIndex
CREATE INDEX "audit_log_at_idx" ON "audit_log"("at");

-- A tenant's metadata may hold what jsonb refuses; then the model of that old session stays unknown here.
UPDATE "sessions" SET "model" = "folded"::jsonb #>> '{request,model}' WHERE pg_input_is_valid("folded"::text, 'jsonb');
ALTER TABLE "sessions" ALTER COLUMN "model" DROP DEFAULT;

-- Slots held by model and tenant are summed at every turn of the queue.
CREATE INDEX "sessions_held_idx" ON "sessions"("model", "tenant_id") INCLUDE ("width", "created_at")
    WHERE "state" IN ('reserved', 'connecting', 'active', 'held', 'migrating');

-- Checks
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_width_check" CHECK ("width" >= 1);

ALTER TABLE "tenants"
    ADD CONSTRAINT "tenants_weight_check" CHECK ("weight" >= 1),
    ADD CONSTRAINT "tenants_open_sessions_check" CHECK ("open_sessions" >= 0);

ALTER TABLE "meters" ADD CONSTRAINT "meters_width_check" CHECK ("width" BETWEEN 1 AND "slots" AND "gpus" >= 1);

ALTER TABLE "worker_uptime" ADD CONSTRAINT "worker_uptime_gpus_check" CHECK ("gpus" >= 1);

ALTER TABLE "pool_demand" ADD CONSTRAINT "pool_demand_check" CHECK (
    "busy_slots" >= 0 AND "queued" >= 0 AND "slots" >= 0
    AND date_trunc('minute', "at") = "at"
);

CREATE TRIGGER "audit_log_immutable" BEFORE UPDATE OR DELETE ON "audit_log"
    FOR EACH ROW EXECUTE FUNCTION "refuse_change"();

-- Tenants' open sessions are counted where sessions begin and end, whoever makes them do so: exactly once each.
UPDATE "tenants" t SET "open_sessions" = (
    SELECT count(*) FROM "sessions" s WHERE s."tenant_id" = t."tenant_id" AND s."state" <> 'ended'
);

CREATE FUNCTION "count_begun_sessions"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE "tenants" t SET "open_sessions" = t."open_sessions" + b."begun"
    FROM (SELECT "tenant_id", count(*) AS "begun" FROM "made" WHERE "state" <> 'ended' GROUP BY "tenant_id") b
    WHERE t."tenant_id" = b."tenant_id";
    RETURN NULL;
END
$$;

CREATE FUNCTION "count_ended_session"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE "tenants" SET "open_sessions" = "open_sessions" - 1 WHERE "tenant_id" = NEW."tenant_id";
    RETURN NULL;
END
$$;

CREATE TRIGGER "sessions_begun" AFTER INSERT ON "sessions"
    REFERENCING NEW TABLE AS "made" FOR EACH STATEMENT EXECUTE FUNCTION "count_begun_sessions"();
-- At the commit: the tenant's row is the last to be locked, and for no longer than the commit takes.
CREATE CONSTRAINT TRIGGER "sessions_ended" AFTER UPDATE OF "state" ON "sessions" DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD."state" <> 'ended' AND NEW."state" = 'ended') EXECUTE FUNCTION "count_ended_session"();
