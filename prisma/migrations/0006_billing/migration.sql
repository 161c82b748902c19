-- Prices, the ledger, invoices and budgets. See ../../schema.prisma for what the tables mean; from "-- Checks" on is
-- what Prisma cannot say.

-- CreateTable
CREATE TABLE "price_plans" (
    "plan_id" TEXT NOT NULL,
    "tenant_id" TEXT,
    "name" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "effective_from" TIMESTAMPTZ(3) NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "terms" JSON NOT NULL,

    CONSTRAINT "price_plans_pkey" PRIMARY KEY ("plan_id")
);

-- CreateTable
CREATE TABLE "fx_rates" (
    "from_currency" TEXT NOT NULL,
    "to_currency" TEXT NOT NULL,
    "numerator" DECIMAL(38,0) NOT NULL,
    "denominator" DECIMAL(38,0) NOT NULL,
    "effective_from" TIMESTAMPTZ(3) NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "source" TEXT NOT NULL,

    CONSTRAINT "fx_rates_pkey" PRIMARY KEY ("from_currency","to_currency","effective_from","recorded_at")
);

-- CreateTable
CREATE TABLE "billing_periods" (
    "tenant_id" TEXT NOT NULL,
    "period" TEXT NOT NULL,
    "closed_at" TIMESTAMPTZ(3),

    CONSTRAINT "billing_periods_pkey" PRIMARY KEY ("tenant_id","period")
);

-- CreateTable
CREATE TABLE "ledger_transfers" (
    "transfer_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "period" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "debit" TEXT NOT NULL,
    "credit" TEXT NOT NULL,
    "amount_nano" DECIMAL(38,0) NOT NULL,
    "currency" TEXT NOT NULL,
    "corrects" TEXT,
    "refers_to" TEXT,
    "reason" TEXT NOT NULL,
    "hour" TIMESTAMPTZ(0),
    "trace_id" TEXT,

    CONSTRAINT "ledger_transfers_pkey" PRIMARY KEY ("transfer_id")
);

-- CreateTable
CREATE TABLE "ledger_balances" (
    "tenant_id" TEXT NOT NULL,
    "account" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "debit_nano" DECIMAL(38,0) NOT NULL,
    "credit_nano" DECIMAL(38,0) NOT NULL,

    CONSTRAINT "ledger_balances_pkey" PRIMARY KEY ("tenant_id","account")
);

-- CreateTable
CREATE TABLE "invoices" (
    "invoice_id" TEXT NOT NULL,
    "number" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "period" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "total_nano" DECIMAL(38,0) NOT NULL,
    "issued_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "invoices_pkey" PRIMARY KEY ("invoice_id")
);

-- CreateTable
CREATE TABLE "invoice_lines" (
    "invoice_id" TEXT NOT NULL,
    "line" INTEGER NOT NULL,
    "kind" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "model" TEXT,
    "model_version" TEXT,
    "region" TEXT,
    "unit" TEXT NOT NULL,
    "quantity" DECIMAL(20,3) NOT NULL,
    "unit_price_nano" DECIMAL(38,0),
    "amount_nano" DECIMAL(38,0) NOT NULL,
    "fx_from" TEXT,
    "fx_numerator" DECIMAL(38,0),
    "fx_denominator" DECIMAL(38,0),
    "transfer_ids" TEXT[],

    CONSTRAINT "invoice_lines_pkey" PRIMARY KEY ("invoice_id","line")
);

-- CreateTable
CREATE TABLE "invoice_counters" (
    "period" TEXT NOT NULL,
    "issued" INTEGER NOT NULL,

    CONSTRAINT "invoice_counters_pkey" PRIMARY KEY ("period")
);

-- CreateTable
CREATE TABLE "budgets" (
    "budget_id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "limit_nano" DECIMAL(38,0) NOT NULL,
    "currency" TEXT NOT NULL,
    "alerts_at" DOUBLE PRECISION[],
    "hard_stop" BOOLEAN NOT NULL,

    CONSTRAINT "budgets_pkey" PRIMARY KEY ("budget_id")
);

-- CreateTable
CREATE TABLE "charge_marks" (
    "tenant_id" TEXT NOT NULL,
    "hour" TIMESTAMPTZ(0) NOT NULL,
    "changes" BIGINT NOT NULL,

    CONSTRAINT "charge_marks_pkey" PRIMARY KEY ("tenant_id","hour")
);

-- CreateIndex
CREATE INDEX "price_plans_tenant_id_idx" ON "price_plans"("tenant_id");

-- CreateIndex
CREATE INDEX "ledger_transfers_tenant_id_period_idx" ON "ledger_transfers"("tenant_id", "period");

-- CreateIndex
CREATE INDEX "ledger_transfers_tenant_id_hour_idx" ON "ledger_transfers"("tenant_id", "hour");

-- CreateIndex
CREATE INDEX "ledger_transfers_hour_idx" ON "ledger_transfers"("hour");

-- CreateIndex
CREATE INDEX "ledger_transfers_at_transfer_id_idx" ON "ledger_transfers"("at", "transfer_id");

-- CreateIndex
CREATE INDEX "ledger_transfers_refers_to_idx" ON "ledger_transfers"("refers_to");

-- CreateIndex
CREATE UNIQUE INDEX "invoices_number_key" ON "invoices"("number");

-- CreateIndex
CREATE INDEX "invoices_issued_at_idx" ON "invoices"("issued_at");

-- CreateIndex
CREATE UNIQUE INDEX "invoices_tenant_id_period_key" ON "invoices"("tenant_id", "period");

-- CreateIndex
CREATE INDEX "budgets_tenant_id_idx" ON "budgets"("tenant_id");

-- CreateIndex
CREATE INDEX "charge_marks_hour_idx" ON "charge_marks"("hour");

-- AddForeignKey
ALTER TABLE "price_plans" ADD CONSTRAINT "price_plans_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("tenant_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "billing_periods" ADD CONSTRAINT "billing_periods_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("tenant_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "ledger_transfers" ADD CONSTRAINT "ledger_transfers_tenant_id_period_fkey" FOREIGN KEY ("tenant_id", "period") REFERENCES "billing_periods"("tenant_id", "period") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "ledger_transfers" ADD CONSTRAINT "ledger_transfers_refers_to_fkey" FOREIGN KEY ("refers_to") REFERENCES "ledger_transfers"("transfer_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "invoices" ADD CONSTRAINT "invoices_tenant_id_period_fkey" FOREIGN KEY ("tenant_id", "period") REFERENCES "billing_periods"("tenant_id", "period") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "invoice_lines" ADD CONSTRAINT "invoice_lines_invoice_id_fkey" FOREIGN KEY ("invoice_id") REFERENCES "invoices"("invoice_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "budgets" ADD CONSTRAINT "budgets_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("tenant_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- Checks
ALTER TABLE "price_plans" ADD CONSTRAINT "price_plans_currency_check" CHECK ("currency" ~ '^[A-Z]{3}$');

ALTER TABLE "fx_rates" ADD CONSTRAINT "fx_rates_check" CHECK (
    "from_currency" ~ '^[A-Z]{3}$' AND "to_currency" ~ '^[A-Z]{3}$' AND "from_currency" <> "to_currency"
    AND "numerator" > 0 AND "denominator" > 0
);

ALTER TABLE "billing_periods" ADD CONSTRAINT "billing_periods_period_check" CHECK ("period" ~ '^\d{4}-(0[1-9]|1[0-2])$');

-- A transfer moves something, in one currency, between an account of its tenant and one of ours; it is dated into its
-- period, and corrects only what is before that.
ALTER TABLE "ledger_transfers"
    ADD CONSTRAINT "ledger_transfers_kind_check" CHECK ("kind" IN (
        'charge', 'minimum', 'commitment', 'top_up', 'grant', 'sla_credit', 'refund', 'correction'
    )),
    ADD CONSTRAINT "ledger_transfers_amount_check" CHECK ("amount_nano" > 0),
    ADD CONSTRAINT "ledger_transfers_accounts_check" CHECK (
        split_part("debit", ':', 2) = "currency" AND split_part("credit", ':', 2) = "currency"
        AND starts_with("debit", 'tenant/' || "tenant_id" || '/') <> starts_with("credit", 'tenant/' || "tenant_id" || '/')
    ),
    ADD CONSTRAINT "ledger_transfers_period_check" CHECK ("period" = to_char("at" AT TIME ZONE 'UTC', 'YYYY-MM')),
    ADD CONSTRAINT "ledger_transfers_corrects_check" CHECK (
        "corrects" IS NULL OR ("kind" = 'correction' AND "corrects" < "period")
    ),
    ADD CONSTRAINT "ledger_transfers_refund_check" CHECK ("kind" <> 'refund' OR "refers_to" IS NOT NULL);

CREATE INDEX "ledger_transfers_corrects_idx" ON "ledger_transfers"("tenant_id", "corrects") WHERE "corrects" IS NOT NULL;

ALTER TABLE "invoice_lines"
    ADD CONSTRAINT "invoice_lines_fx_check" CHECK (num_nulls("fx_from", "fx_numerator", "fx_denominator") IN (0, 3));

ALTER TABLE "budgets" ADD CONSTRAINT "budgets_check" CHECK ("limit_nano" > 0 AND "currency" ~ '^[A-Z]{3}$');

CREATE TRIGGER "price_plans_immutable" BEFORE UPDATE OR DELETE ON "price_plans"
    FOR EACH ROW EXECUTE FUNCTION "refuse_change"();
CREATE TRIGGER "fx_rates_immutable" BEFORE UPDATE OR DELETE ON "fx_rates"
    FOR EACH ROW EXECUTE FUNCTION "refuse_change"();
CREATE TRIGGER "ledger_transfers_immutable" BEFORE UPDATE OR DELETE ON "ledger_transfers"
    FOR EACH ROW EXECUTE FUNCTION "refuse_change"();
CREATE TRIGGER "invoices_immutable" BEFORE UPDATE OR DELETE ON "invoices"
    FOR EACH ROW EXECUTE FUNCTION "refuse_change"();
CREATE TRIGGER "invoice_lines_immutable" BEFORE UPDATE OR DELETE ON "invoice_lines"
    FOR EACH ROW EXECUTE FUNCTION "refuse_change"();
-- A period is closed once.
CREATE TRIGGER "billing_periods_closed" BEFORE UPDATE ON "billing_periods"
    FOR EACH ROW WHEN (OLD."closed_at" IS NOT NULL) EXECUTE FUNCTION "refuse_change"();
CREATE TRIGGER "billing_periods_kept" BEFORE DELETE ON "billing_periods"
    FOR EACH ROW EXECUTE FUNCTION "refuse_change"();

-- A closed period takes no more. The period's row is shared among those who post and locked by who closes it, so that
-- each posting is either in the invoice or refused. What is there already may be posted again: it changes nothing.
CREATE FUNCTION "admit_transfer"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    closed timestamptz;
    paid numeric;
    given_back numeric;
BEGIN
    INSERT INTO billing_periods (tenant_id, period) VALUES (NEW.tenant_id, NEW.period) ON CONFLICT DO NOTHING;
    SELECT closed_at INTO closed FROM billing_periods
    WHERE tenant_id = NEW.tenant_id AND period = NEW.period FOR SHARE;
    IF closed IS NOT NULL THEN
        IF EXISTS (SELECT FROM ledger_transfers WHERE transfer_id = NEW.transfer_id) THEN RETURN NULL; END IF;
        RAISE EXCEPTION 'period % of % is closed', NEW.period, NEW.tenant_id USING ERRCODE = 'MB001';
    END IF;
    -- One refund of a transfer at a time, so that together they never give back more than it took.
    IF NEW.kind = 'refund' THEN
        SELECT amount_nano INTO paid FROM ledger_transfers
        WHERE transfer_id = NEW.refers_to AND tenant_id = NEW.tenant_id AND debit = NEW.credit FOR UPDATE;
        SELECT coalesce(sum(amount_nano), 0) INTO given_back FROM ledger_transfers
        WHERE refers_to = NEW.refers_to AND kind = 'refund' AND transfer_id <> NEW.transfer_id;
        IF paid IS NULL OR given_back + NEW.amount_nano > paid THEN
            RAISE EXCEPTION 'refund of % is too large', NEW.refers_to USING ERRCODE = 'MB002';
        END IF;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER "ledger_transfers_admit" BEFORE INSERT ON "ledger_transfers"
    FOR EACH ROW EXECUTE FUNCTION "admit_transfer"();

-- Balances follow from transfers, in the transaction that posts them, and nothing else may write them: the two cannot
-- disagree. They are kept by tenant, our own accounts too, so that tenants do not wait for each other; in the order of
-- their accounts, so that nobody waits in a circle.
CREATE FUNCTION "add_to_balances"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger_balances AS b (tenant_id, account, currency, debit_nano, credit_nano)
    SELECT tenant_id, account, currency, sum(debit_nano), sum(credit_nano)
    FROM (
        SELECT tenant_id, debit AS account, currency, amount_nano AS debit_nano, 0 AS credit_nano FROM posted
        UNION ALL
        SELECT tenant_id, credit, currency, 0, amount_nano FROM posted
    ) sides
    GROUP BY tenant_id, account, currency ORDER BY tenant_id, account
    ON CONFLICT (tenant_id, account) DO UPDATE
    SET debit_nano = b.debit_nano + excluded.debit_nano, credit_nano = b.credit_nano + excluded.credit_nano;
    RETURN NULL;
END
$$;

CREATE TRIGGER "ledger_transfers_balance" AFTER INSERT ON "ledger_transfers"
    REFERENCING NEW TABLE AS "posted" FOR EACH STATEMENT EXECUTE FUNCTION "add_to_balances"();

CREATE TRIGGER "ledger_balances_follow" BEFORE INSERT OR UPDATE OR DELETE ON "ledger_balances"
    FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION "refuse_change"();

-- M2: an invoice is the sum of its lines, at the commit.
CREATE FUNCTION "check_invoice_sum"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    total numeric;
    lines numeric;
BEGIN
    SELECT total_nano INTO total FROM invoices WHERE invoice_id = NEW.invoice_id;
    SELECT coalesce(sum(amount_nano), 0) INTO lines FROM invoice_lines WHERE invoice_id = NEW.invoice_id;
    IF total IS DISTINCT FROM lines THEN
        RAISE EXCEPTION 'lines of % do not add up', NEW.invoice_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER "invoices_add_up" AFTER INSERT ON "invoices" DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION "check_invoice_sum"();
CREATE CONSTRAINT TRIGGER "invoice_lines_add_up" AFTER INSERT ON "invoice_lines" DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION "check_invoice_sum"();

-- Whoever changes an hour of usage marks it to be charged anew, in the same transaction.
CREATE FUNCTION "mark_charges"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO charge_marks AS m (tenant_id, hour, changes)
    SELECT DISTINCT tenant_id, hour, 1 FROM changed ORDER BY tenant_id, hour
    ON CONFLICT (tenant_id, hour) DO UPDATE SET changes = m.changes + 1;
    RETURN NULL;
END
$$;

CREATE TRIGGER "usage_hours_added" AFTER INSERT ON "usage_hours"
    REFERENCING NEW TABLE AS "changed" FOR EACH STATEMENT EXECUTE FUNCTION "mark_charges"();
CREATE TRIGGER "usage_hours_changed" AFTER UPDATE ON "usage_hours"
    REFERENCING NEW TABLE AS "changed" FOR EACH STATEMENT EXECUTE FUNCTION "mark_charges"();
CREATE TRIGGER "usage_hours_removed" AFTER DELETE ON "usage_hours"
    REFERENCING OLD TABLE AS "changed" FOR EACH STATEMENT EXECUTE FUNCTION "mark_charges"();
