-- Usage segments by day, hours added up from them, and readings that could not be counted. See ../../schema.prisma for
-- what the tables mean.

-- AlterTable
ALTER TABLE "meters" ADD COLUMN "model" TEXT NOT NULL DEFAULT '',
ADD COLUMN "model_version" TEXT NOT NULL DEFAULT '',
ADD COLUMN "purchase" TEXT NOT NULL DEFAULT 'on_demand',
ADD COLUMN "trace_id" TEXT,
ADD COLUMN "started_at" TIMESTAMPTZ(3),
ADD COLUMN "left_at" TIMESTAMPTZ(3),
ADD COLUMN "ended_at" TIMESTAMPTZ(3),
ADD COLUMN "closed" BOOLEAN NOT NULL DEFAULT false;

-- What the new columns say of meters that are there already. A pool's id is its parts: region/gpuType/model@version.
-- The trace of an old session stays unknown where its metadata holds what jsonb refuses.
UPDATE "meters" m SET
    "model" = (regexp_match(m."pool", '^[^/]+/[^/]+/(.+)@[^@]+$'))[1],
    "model_version" = (regexp_match(m."pool", '@([^@]+)$'))[1],
    "trace_id" = CASE WHEN pg_input_is_valid(s."folded"::text, 'jsonb')
        THEN s."folded"::jsonb #>> '{request,traceId}' END,
    "started_at" = coalesce((
        SELECT min(e."at") FROM "session_events" e
        WHERE e."session_id" = m."session_id" AND e."type" IN ('reserved', 'migrated')
            AND (e."event" #>> '{lease,epoch}')::int = m."epoch"
    ), m."cut_at"),
    "left_at" = (
        SELECT min(e."at") FROM "session_events" e
        WHERE e."session_id" = m."session_id" AND e."type" IN ('reserved', 'migrated')
            AND (e."event" #>> '{lease,epoch}')::int > m."epoch"
    ),
    "ended_at" = s."ended_at",
    "closed" = s."state" = 'ended' AND m."cut_active_ms" = m."last_active_ms"
        AND m."cut_frames" = m."last_frames" AND m."cut_late_frames" = m."last_late_frames"
FROM "sessions" s WHERE s."session_id" = m."session_id";

ALTER TABLE "meters" ALTER COLUMN "model" DROP DEFAULT, ALTER COLUMN "model_version" DROP DEFAULT,
    ALTER COLUMN "started_at" SET NOT NULL;

-- Few of all meters are open. None of these columns changes with a flush, so that its updates stay within their page.
CREATE INDEX "meters_open_idx" ON "meters" ("session_id", "epoch") WHERE NOT "closed";

-- The table by days. It stands for itself: no foreign keys, for those would lock the meters whenever a day is made.
ALTER TABLE "usage_segments" RENAME TO "usage_segments_whole";
ALTER INDEX "usage_segments_pkey" RENAME TO "usage_segments_whole_pkey";

-- DropIndex
DROP INDEX "usage_segments_starts_at_idx";

-- CreateTable
CREATE TABLE "usage_segments" (
    "starts_at" TIMESTAMPTZ(3) NOT NULL,
    "ends_at" TIMESTAMPTZ(3) NOT NULL,
    "active_from_ms" BIGINT NOT NULL,
    "active_ms" BIGINT NOT NULL,
    "frames" BIGINT NOT NULL,
    "late_frames" BIGINT NOT NULL,
    "cost_nano" BIGINT NOT NULL,
    "epoch" INTEGER NOT NULL,
    "width" INTEGER NOT NULL,
    "slots" INTEGER NOT NULL,
    "gpus" INTEGER NOT NULL,
    "session_id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "region" TEXT NOT NULL,
    "pool" TEXT NOT NULL,
    "gpu_type" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "model_version" TEXT NOT NULL,
    "purchase" TEXT NOT NULL,
    "worker_id" TEXT NOT NULL,
    "trace_id" TEXT,
    "rate_id" TEXT NOT NULL,
    "currency" TEXT NOT NULL,

    CONSTRAINT "usage_segments_pkey" PRIMARY KEY ("session_id","epoch","starts_at"),
    -- M2: a segment has a length and stays within its UTC hour.
    CONSTRAINT "usage_segments_interval_check" CHECK (
        "starts_at" < "ends_at"
        AND date_trunc('hour', "starts_at" AT TIME ZONE 'UTC')
            = date_trunc('hour', ("ends_at" AT TIME ZONE 'UTC') - interval '1 millisecond')
    ),
    CONSTRAINT "usage_segments_counts_check" CHECK (
        "active_from_ms" >= 0 AND "active_ms" >= 0 AND "frames" >= 0 AND "late_frames" >= 0 AND "cost_nano" >= 0
        AND "width" BETWEEN 1 AND "slots" AND "gpus" >= 1
    )
) PARTITION BY RANGE ("starts_at");

-- CreateIndex
CREATE INDEX "usage_segments_starts_at_idx" ON "usage_segments" USING BRIN ("starts_at");

-- CreateIndex
CREATE INDEX "usage_segments_worker_id_starts_at_idx" ON "usage_segments"("worker_id", "starts_at");

-- Makes the partition of a UTC day; false when it is there. Made on the side and then attached, so that those who write
-- to other days meanwhile go on. M2: within a session and epoch no two segments overlap.
CREATE FUNCTION "ensure_usage_day"("day" date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    part text := 'usage_segments_' || to_char("day", 'YYYYMMDD');
    day_begins timestamptz := "day"::timestamp AT TIME ZONE 'UTC';
    day_ends timestamptz := ("day" + 1)::timestamp AT TIME ZONE 'UTC';
BEGIN
    IF to_regclass(part) IS NOT NULL THEN RETURN false; END IF;
    PERFORM pg_advisory_xact_lock(637434261);
    -- Asked of the table: names are remembered, and waiting for the lock does not refresh that memory.
    IF EXISTS (
        SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'usage_segments'::regclass AND c.relname = part
    ) THEN RETURN false; END IF;
    EXECUTE format(
        'CREATE TABLE %1$I (
            LIKE usage_segments INCLUDING CONSTRAINTS,
            CONSTRAINT %2$I CHECK (starts_at >= %4$L AND starts_at < %5$L),
            CONSTRAINT %3$I EXCLUDE USING gist
                (session_id WITH =, epoch WITH =, tstzrange(starts_at, ends_at) WITH &&)
        )',
        part, part || '_day', part || '_no_overlap', day_begins, day_ends
    );
    EXECUTE format(
        'ALTER TABLE usage_segments ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part, day_begins, day_ends
    );
    EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I', part, part || '_day');
    RETURN true;
END
$$;

CREATE EXTENSION IF NOT EXISTS btree_gist;

SELECT "ensure_usage_day"("day") FROM (
    SELECT DISTINCT ("starts_at" AT TIME ZONE 'UTC')::date AS "day" FROM "usage_segments_whole"
) d;

INSERT INTO "usage_segments"
SELECT u."starts_at", u."ends_at",
    sum(u."active_ms") OVER (PARTITION BY u."session_id", u."epoch" ORDER BY u."starts_at") - u."active_ms",
    u."active_ms", u."frames", u."late_frames", u."cost_nano",
    u."epoch", m."width", u."slots", m."gpus", u."session_id", u."tenant_id", u."region", u."pool",
    m."gpu_type", m."model", m."model_version", 'on_demand', u."worker_id", m."trace_id", u."rate_id", u."currency"
FROM "usage_segments_whole" u JOIN "meters" m USING ("session_id", "epoch");

DROP TABLE "usage_segments_whole";

CREATE TRIGGER "usage_segments_immutable" BEFORE UPDATE OR DELETE ON "usage_segments"
    FOR EACH ROW EXECUTE FUNCTION "refuse_change"();

-- CreateTable
CREATE TABLE "usage_marks" (
    "id" BIGSERIAL NOT NULL,
    "hour" TIMESTAMPTZ(0) NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "usage_marks_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "usage_hours" (
    "hour" TIMESTAMPTZ(0) NOT NULL,
    "active_ms" BIGINT NOT NULL,
    "gpu_ms" BIGINT NOT NULL,
    "frames" BIGINT NOT NULL,
    "late_frames" BIGINT NOT NULL,
    "sessions_started" BIGINT NOT NULL,
    "started_minutes" BIGINT NOT NULL,
    "segments" BIGINT NOT NULL,
    "cost_nano" BIGINT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "pool" TEXT NOT NULL,
    "region" TEXT NOT NULL,
    "gpu_type" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "model_version" TEXT NOT NULL,
    "purchase" TEXT NOT NULL,
    "currency" TEXT NOT NULL,

    CONSTRAINT "usage_hours_pkey" PRIMARY KEY ("tenant_id","hour","pool","purchase","currency")
);

-- CreateTable
CREATE TABLE "set_aside_readings" (
    "id" TEXT NOT NULL,
    "session_id" TEXT NOT NULL,
    "epoch" BIGINT NOT NULL,
    "seq" BIGINT NOT NULL,
    "active_ms" BIGINT NOT NULL,
    "frames" BIGINT NOT NULL,
    "late_frames" BIGINT NOT NULL,
    "slots" INTEGER,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "reason" TEXT NOT NULL,
    "resolved_at" TIMESTAMPTZ(3),

    CONSTRAINT "set_aside_readings_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "usage_hours_hour_idx" ON "usage_hours"("hour");

-- CreateIndex
CREATE INDEX "set_aside_readings_session_id_idx" ON "set_aside_readings"("session_id");

-- CreateIndex
CREATE INDEX "set_aside_readings_at_idx" ON "set_aside_readings"("at");

-- Those that may yet be counted are looked for again and again.
CREATE INDEX "set_aside_readings_waiting_idx" ON "set_aside_readings"("reason", "at") WHERE "resolved_at" IS NULL;

-- Checks
ALTER TABLE "set_aside_readings" ADD CONSTRAINT "set_aside_readings_reason_check" CHECK (
    "reason" IN ('unknown_session', 'unknown_epoch', 'went_backwards', 'clock_ahead', 'impossible_rate', 'after_close')
);

-- Every hour that there is usage of waits to be added up.
INSERT INTO "usage_marks" ("hour", "tenant_id")
SELECT DISTINCT date_trunc('hour', "starts_at", 'UTC'), "tenant_id" FROM "usage_segments" ORDER BY 1, 2;
