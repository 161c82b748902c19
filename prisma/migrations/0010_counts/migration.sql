-- M1. A worker's next process may serve a session at the epoch that the one before died at: what each counted is added
-- up. All that is there already is one count, whose start nobody said.

-- AlterTable
ALTER TABLE "meters" ADD COLUMN "earlier" JSONB,
ADD COLUMN "started_us" BIGINT NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "set_aside_readings" ADD COLUMN "started_us" BIGINT NOT NULL DEFAULT 0;
