const OWNER_LENGTH = 32;

/** The form of the write id of an idempotent put: `<idempotency key, hashed>:<SHA-256 of the bytes>`. */
const IDEMPOTENT = /^[0-9a-f]{32}:[0-9a-f]{64}$/;

/** Returns the part of a write id that identifies the idempotency key; `undefined` for a write without an idempotency key. */
export function ownerOfWrite(writeId: string | undefined): string | undefined {
  return writeId !== undefined && IDEMPOTENT.test(writeId) ? writeId.slice(0, OWNER_LENGTH) : undefined;
}
