-- CreateTable
CREATE TABLE "pairing_offers" (
    "code_hash" TEXT NOT NULL,
    "session_id" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "label" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "pairing_offers_pkey" PRIMARY KEY ("code_hash")
);

-- CreateTable
CREATE TABLE "session_devices" (
    "session_id" TEXT NOT NULL,
    "device" INTEGER NOT NULL,
    "role" TEXT NOT NULL,
    "label" TEXT,
    "paired_at" TIMESTAMPTZ(3) NOT NULL,
    "removed_at" TIMESTAMPTZ(3),

    CONSTRAINT "session_devices_pkey" PRIMARY KEY ("session_id","device")
);

-- CreateIndex
CREATE INDEX "pairing_offers_session_id_created_at_idx" ON "pairing_offers"("session_id", "created_at");

-- CreateIndex
CREATE INDEX "pairing_offers_expires_at_idx" ON "pairing_offers"("expires_at");

-- AddForeignKey
ALTER TABLE "pairing_offers" ADD CONSTRAINT "pairing_offers_session_id_fkey" FOREIGN KEY ("session_id") REFERENCES "sessions"("session_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "session_devices" ADD CONSTRAINT "session_devices_session_id_fkey" FOREIGN KEY ("session_id") REFERENCES "sessions"("session_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- Checks
ALTER TABLE "pairing_offers" ADD CONSTRAINT "pairing_offers_check" CHECK (
    "code_hash" ~ '^[0-9a-f]{64}$' AND "role" IN ('controller', 'spectator') AND "created_at" < "expires_at"
);

ALTER TABLE "session_devices" ADD CONSTRAINT "session_devices_check" CHECK (
    "device" >= 1 AND "role" IN ('controller', 'spectator')
);
