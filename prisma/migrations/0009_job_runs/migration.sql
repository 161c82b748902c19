-- CreateTable
CREATE TABLE "job_runs" (
    "name" TEXT NOT NULL,
    "last_run_at" TIMESTAMPTZ(3) NOT NULL,
    "last_ms" DOUBLE PRECISION NOT NULL,
    "last_ok_at" TIMESTAMPTZ(3),
    "last_error" TEXT,
    "failed" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "job_runs_pkey" PRIMARY KEY ("name")
);
