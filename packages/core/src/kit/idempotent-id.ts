const OWNER_LENGTH = 32;

/** The form of such a write id: `<idempotency key, hashed>:<SHA-256 of the bytes>`. */
const IDEMPOTENT = /^[0-9a-f]{32}:[0-9a-f]{64}$/;

/** Returns the part of a write id that names the idempotency key; `undefined` for a write that has no idempotency key. */
export function ownerOfWrite(writeId: string | undefined): string | undefined {
  return writeId !== undefined && IDEMPOTENT.test(writeId) ? writeId.slice(0, OWNER_LENGTH) : undefined;
}
