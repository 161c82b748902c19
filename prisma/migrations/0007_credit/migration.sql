-- Active time that sessions of limited tenants were given. See ../../schema.prisma for what the table means.

-- CreateTable
CREATE TABLE "credit_holds" (
    "session_id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "epoch" INTEGER NOT NULL,
    "model" TEXT NOT NULL,
    "model_version" TEXT NOT NULL,
    "granted_ms" BIGINT NOT NULL,

    CONSTRAINT "credit_holds_pkey" PRIMARY KEY ("session_id")
);

-- CreateIndex
CREATE INDEX "credit_holds_tenant_id_idx" ON "credit_holds"("tenant_id");

-- Checks
ALTER TABLE "credit_holds" ADD CONSTRAINT "credit_holds_granted_ms_check" CHECK ("granted_ms" >= 0);
