-- CreateTable
CREATE TABLE "webhooks" (
    "webhook_id" TEXT NOT NULL,
    "tenant_id" TEXT,
    "url" TEXT NOT NULL,
    "events" TEXT[],
    "description" TEXT,
    "secret" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "failing_since" TIMESTAMPTZ(3),
    "disabled_at" TIMESTAMPTZ(3),

    CONSTRAINT "webhooks_pkey" PRIMARY KEY ("webhook_id")
);

-- CreateTable
CREATE TABLE "billing_events" (
    "event_id" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "tenant_id" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "data" JSON NOT NULL,

    CONSTRAINT "billing_events_pkey" PRIMARY KEY ("event_id")
);

-- CreateTable
CREATE TABLE "webhook_deliveries" (
    "delivery_id" TEXT NOT NULL,
    "webhook_id" TEXT NOT NULL,
    "event_id" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "round" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "next_attempt_at" TIMESTAMPTZ(3),
    "claimed_until" TIMESTAMPTZ(3),
    "delivered_at" TIMESTAMPTZ(3),
    "last_status" INTEGER,
    "last_error" TEXT,

    CONSTRAINT "webhook_deliveries_pkey" PRIMARY KEY ("delivery_id")
);

-- CreateIndex
CREATE INDEX "webhooks_tenant_id_idx" ON "webhooks"("tenant_id");

-- CreateIndex
CREATE INDEX "billing_events_at_idx" ON "billing_events"("at");

-- CreateIndex
CREATE UNIQUE INDEX "webhook_deliveries_webhook_id_event_id_key" ON "webhook_deliveries"("webhook_id", "event_id");

-- CreateIndex
CREATE INDEX "webhook_deliveries_event_id_idx" ON "webhook_deliveries"("event_id");

-- CreateIndex
CREATE INDEX "webhook_deliveries_webhook_id_created_at_idx" ON "webhook_deliveries"("webhook_id", "created_at");

-- CreateIndex
CREATE INDEX "webhook_deliveries_webhook_id_next_attempt_at_idx" ON "webhook_deliveries"("webhook_id", "next_attempt_at");

-- CreateIndex
CREATE INDEX "webhook_deliveries_webhook_id_claimed_until_idx" ON "webhook_deliveries"("webhook_id", "claimed_until");

-- CreateIndex
CREATE INDEX "webhook_deliveries_next_attempt_at_idx" ON "webhook_deliveries"("next_attempt_at");

-- AddForeignKey
ALTER TABLE "webhooks" ADD CONSTRAINT "webhooks_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("tenant_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "billing_events" ADD CONSTRAINT "billing_events_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("tenant_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_webhook_id_fkey" FOREIGN KEY ("webhook_id") REFERENCES "webhooks"("webhook_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_event_id_fkey" FOREIGN KEY ("event_id") REFERENCES "billing_events"("event_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- Checks
ALTER TABLE "webhooks" ADD CONSTRAINT "webhooks_check" CHECK (
    "url" ~ '^https?://' AND cardinality("events") > 0
);

ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_check" CHECK (
    "status" IN ('waiting', 'delivered', 'failed', 'given_up') AND "attempts" >= 0 AND "round" >= 1
    AND ("next_attempt_at" IS NOT NULL) = ("status" IN ('waiting', 'failed'))
    AND ("status" <> 'delivered' OR "delivered_at" IS NOT NULL)
);

-- An event's webhooks are chosen when it comes, in the same transaction: none is told twice, none forgotten. The id of
-- a delivery follows from both, in the letters of our ids.
CREATE FUNCTION "emit_billing_event"(event_id text, event_type text, tenant text, happened_at timestamptz, event_data json)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO "billing_events" ("event_id", "type", "tenant_id", "at", "data")
    VALUES (emit_billing_event.event_id, event_type, tenant, happened_at, event_data)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RETURN; END IF;
    INSERT INTO "webhook_deliveries" ("delivery_id", "webhook_id", "event_id", "status", "created_at", "next_attempt_at")
    SELECT 'dlv_' || translate(md5(w."webhook_id" || ' ' || emit_billing_event.event_id), '0189', 'ghij'),
           w."webhook_id", emit_billing_event.event_id, 'waiting', happened_at, happened_at
    FROM "webhooks" w
    WHERE w."disabled_at" IS NULL AND event_type = ANY (w."events")
      AND (w."tenant_id" IS NULL OR w."tenant_id" = tenant);
END $$;

-- A session ends in many ways, and in one transaction each; this is the one place that sees all of them. Nothing is
-- kept when nobody asked to be told. What a tenant wrote may hold what jsonb refuses; then only its reason is unknown.
CREATE FUNCTION "tell_ended_session"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    folded jsonb := '{}';
BEGIN
    IF NOT EXISTS (
        SELECT FROM "webhooks" w
        WHERE w."disabled_at" IS NULL AND 'session.ended' = ANY (w."events")
          AND (w."tenant_id" IS NULL OR w."tenant_id" = NEW."tenant_id")
    ) THEN RETURN NULL; END IF;
    IF pg_input_is_valid(NEW."folded"::text, 'jsonb') THEN folded := NEW."folded"::jsonb; END IF;
    PERFORM "emit_billing_event"(
        'session.ended:' || NEW."session_id", 'session.ended', NEW."tenant_id",
        coalesce(NEW."ended_at", NEW."updated_at"),
        json_strip_nulls(json_build_object(
            'session', NEW."session_id", 'model', NEW."model", 'reason', folded ->> 'endReason',
            'epoch', NEW."epoch", 'traceId', folded #>> '{request,traceId}'
        ))
    );
    RETURN NULL;
END $$;

CREATE TRIGGER "sessions_ended_told" AFTER UPDATE OF "state" ON "sessions"
    FOR EACH ROW WHEN (OLD."state" <> 'ended' AND NEW."state" = 'ended') EXECUTE FUNCTION "tell_ended_session"();
