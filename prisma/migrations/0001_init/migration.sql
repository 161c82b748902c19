-- The first tables. See ../../schema.prisma for what they mean; from "-- Checks" on is what Prisma cannot say.

-- CreateTable
CREATE TABLE "tenants" (
    "tenant_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "max_sessions" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "tenants_pkey" PRIMARY KEY ("tenant_id")
);

-- CreateTable
CREATE TABLE "api_keys" (
    "api_key_id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "prefix" TEXT NOT NULL,
    "secret_hash" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_keys_pkey" PRIMARY KEY ("api_key_id")
);

-- CreateTable
CREATE TABLE "sessions" (
    "session_id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "epoch" INTEGER NOT NULL,
    "event_count" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),
    "folded" JSON NOT NULL,

    CONSTRAINT "sessions_pkey" PRIMARY KEY ("session_id")
);

-- CreateTable
CREATE TABLE "session_events" (
    "session_id" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "type" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "event" JSON NOT NULL,

    CONSTRAINT "session_events_pkey" PRIMARY KEY ("session_id","number")
);

-- CreateTable
CREATE TABLE "idempotency_keys" (
    "tenant_id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "request_hash" TEXT NOT NULL,
    "session_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY ("tenant_id","key")
);

-- CreateTable
CREATE TABLE "meters" (
    "session_id" TEXT NOT NULL,
    "epoch" INTEGER NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "region" TEXT NOT NULL,
    "pool" TEXT NOT NULL,
    "gpu_type" TEXT NOT NULL,
    "worker_id" TEXT NOT NULL,
    "slots" INTEGER NOT NULL,
    "seq" BIGINT NOT NULL,
    "last_at" TIMESTAMPTZ(3) NOT NULL,
    "last_active_ms" BIGINT NOT NULL,
    "last_frames" BIGINT NOT NULL,
    "last_late_frames" BIGINT NOT NULL,
    "cut_at" TIMESTAMPTZ(3) NOT NULL,
    "cut_active_ms" BIGINT NOT NULL,
    "cut_frames" BIGINT NOT NULL,
    "cut_late_frames" BIGINT NOT NULL,

    CONSTRAINT "meters_pkey" PRIMARY KEY ("session_id","epoch")
);

-- CreateTable
CREATE TABLE "usage_segments" (
    "session_id" TEXT NOT NULL,
    "epoch" INTEGER NOT NULL,
    "starts_at" TIMESTAMPTZ(3) NOT NULL,
    "ends_at" TIMESTAMPTZ(3) NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "region" TEXT NOT NULL,
    "pool" TEXT NOT NULL,
    "worker_id" TEXT NOT NULL,
    "active_ms" BIGINT NOT NULL,
    "frames" BIGINT NOT NULL,
    "late_frames" BIGINT NOT NULL,
    "rate_id" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "slots" INTEGER NOT NULL,
    "cost_nano" BIGINT NOT NULL,

    CONSTRAINT "usage_segments_pkey" PRIMARY KEY ("session_id","epoch","starts_at")
);

-- CreateTable
CREATE TABLE "rates" (
    "rate_id" TEXT NOT NULL,
    "gpu_type" TEXT NOT NULL,
    "region" TEXT,
    "currency" TEXT NOT NULL,
    "nano_per_gpu_hour" BIGINT NOT NULL,
    "effective_from" TIMESTAMPTZ(3) NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "rates_pkey" PRIMARY KEY ("rate_id")
);

-- CreateTable
CREATE TABLE "model_versions" (
    "model" TEXT NOT NULL,
    "model_version" TEXT NOT NULL,
    "frame_width" INTEGER NOT NULL,
    "frame_height" INTEGER NOT NULL,
    "frames_per_second" INTEGER NOT NULL,
    "actions" TEXT[],
    "state_bytes" BIGINT NOT NULL,
    "first_seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "model_versions_pkey" PRIMARY KEY ("model","model_version")
);

-- CreateTable
CREATE TABLE "worker_uptime" (
    "worker_id" TEXT NOT NULL,
    "incarnation" TEXT NOT NULL,
    "region" TEXT NOT NULL,
    "pool" TEXT NOT NULL,
    "gpu_type" TEXT NOT NULL,
    "slots" INTEGER NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "worker_uptime_pkey" PRIMARY KEY ("worker_id","incarnation")
);

-- CreateIndex
CREATE UNIQUE INDEX "api_keys_secret_hash_key" ON "api_keys"("secret_hash");

-- CreateIndex
CREATE INDEX "api_keys_tenant_id_idx" ON "api_keys"("tenant_id");

-- CreateIndex
CREATE INDEX "sessions_tenant_id_created_at_session_id_idx" ON "sessions"("tenant_id", "created_at", "session_id");

-- CreateIndex
CREATE INDEX "sessions_tenant_id_state_idx" ON "sessions"("tenant_id", "state");

-- CreateIndex
CREATE INDEX "sessions_state_updated_at_idx" ON "sessions"("state", "updated_at");

-- CreateIndex
CREATE INDEX "sessions_state_created_at_idx" ON "sessions"("state", "created_at");

-- CreateIndex
CREATE INDEX "sessions_ended_at_idx" ON "sessions"("ended_at");

-- CreateIndex
CREATE INDEX "idempotency_keys_session_id_idx" ON "idempotency_keys"("session_id");

-- CreateIndex
CREATE INDEX "usage_segments_tenant_id_starts_at_idx" ON "usage_segments"("tenant_id", "starts_at");

-- CreateIndex
CREATE INDEX "usage_segments_starts_at_idx" ON "usage_segments"("starts_at");

-- CreateIndex
CREATE INDEX "rates_gpu_type_effective_from_idx" ON "rates"("gpu_type", "effective_from");

-- CreateIndex
CREATE INDEX "worker_uptime_last_seen_at_idx" ON "worker_uptime"("last_seen_at");

-- AddForeignKey
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("tenant_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("tenant_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "session_events" ADD CONSTRAINT "session_events_session_id_fkey" FOREIGN KEY ("session_id") REFERENCES "sessions"("session_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "idempotency_keys" ADD CONSTRAINT "idempotency_keys_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("tenant_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "idempotency_keys" ADD CONSTRAINT "idempotency_keys_session_id_fkey" FOREIGN KEY ("session_id") REFERENCES "sessions"("session_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "meters" ADD CONSTRAINT "meters_session_id_fkey" FOREIGN KEY ("session_id") REFERENCES "sessions"("session_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "usage_segments" ADD CONSTRAINT "usage_segments_session_id_epoch_fkey" FOREIGN KEY ("session_id", "epoch") REFERENCES "meters"("session_id", "epoch") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "usage_segments" ADD CONSTRAINT "usage_segments_rate_id_fkey" FOREIGN KEY ("rate_id") REFERENCES "rates"("rate_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- Checks
ALTER TABLE "tenants" ADD CONSTRAINT "tenants_max_sessions_check" CHECK ("max_sessions" >= 0);

-- SHA-256 in hex; a key itself stored by mistake is refused.
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_secret_hash_check" CHECK (length("secret_hash") = 64);

ALTER TABLE "sessions"
    ADD CONSTRAINT "sessions_state_check"
        CHECK ("state" IN ('queued', 'reserved', 'connecting', 'active', 'held', 'migrating', 'ended')),
    ADD CONSTRAINT "sessions_ended_check" CHECK (("state" = 'ended') = ("ended_at" IS NOT NULL)),
    ADD CONSTRAINT "sessions_counts_check" CHECK ("event_count" > 0 AND "epoch" >= 0);

ALTER TABLE "session_events" ADD CONSTRAINT "session_events_number_check" CHECK ("number" > 0);

-- M1, M2: counters never go back behind the part that is in segments.
ALTER TABLE "meters"
    ADD CONSTRAINT "meters_place_check" CHECK ("epoch" > 0 AND "slots" > 0 AND "seq" >= -1),
    ADD CONSTRAINT "meters_cut_check" CHECK (
        "cut_active_ms" BETWEEN 0 AND "last_active_ms"
        AND "cut_frames" BETWEEN 0 AND "last_frames"
        AND "cut_late_frames" BETWEEN 0 AND "last_late_frames"
    );

-- M2: a segment has a length and stays within its UTC hour.
ALTER TABLE "usage_segments"
    ADD CONSTRAINT "usage_segments_interval_check" CHECK (
        "starts_at" < "ends_at"
        AND date_trunc('hour', "starts_at" AT TIME ZONE 'UTC')
            = date_trunc('hour', ("ends_at" AT TIME ZONE 'UTC') - interval '1 millisecond')
    ),
    ADD CONSTRAINT "usage_segments_counts_check" CHECK (
        "active_ms" >= 0 AND "frames" >= 0 AND "late_frames" >= 0 AND "slots" > 0 AND "cost_nano" >= 0
    );

ALTER TABLE "rates"
    ADD CONSTRAINT "rates_nano_check" CHECK ("nano_per_gpu_hour" >= 0),
    ADD CONSTRAINT "rates_currency_check" CHECK ("currency" ~ '^[A-Z]{3}$');

ALTER TABLE "model_versions" ADD CONSTRAINT "model_versions_check" CHECK (
    "frame_width" > 0 AND "frame_height" > 0 AND "frames_per_second" > 0 AND "state_bytes" >= 0
);

ALTER TABLE "worker_uptime"
    ADD CONSTRAINT "worker_uptime_check" CHECK ("slots" > 0 AND "started_at" <= "last_seen_at");

-- Rows that say what was are never changed; a correction is a row of its own.
CREATE FUNCTION "refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END
$$;

CREATE TRIGGER "session_events_immutable" BEFORE UPDATE OR DELETE ON "session_events"
    FOR EACH ROW EXECUTE FUNCTION "refuse_change"();
CREATE TRIGGER "usage_segments_immutable" BEFORE UPDATE OR DELETE ON "usage_segments"
    FOR EACH ROW EXECUTE FUNCTION "refuse_change"();
CREATE TRIGGER "rates_immutable" BEFORE UPDATE OR DELETE ON "rates"
    FOR EACH ROW EXECUTE FUNCTION "refuse_change"();

-- Meters change with every flush and have no index but their key: room in the page lets those updates stay in it.
ALTER TABLE "meters" SET (fillfactor = 60);
