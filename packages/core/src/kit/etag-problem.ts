/**
 * Returns the reason why a condition on an ETag fails.
 *
 * @param etag - The ETag of the object; `undefined` if there is no object.
 * @param expected - The ETag that the caller expects.
 */
export function etagProblem(etag: string | undefined, expected: string): string {
  return etag === undefined
    ? `there is no object with the ETag ${expected}`
    : `the object's ETag is ${etag}, not ${expected}`;
}
