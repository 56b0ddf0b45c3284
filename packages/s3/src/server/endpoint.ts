import { bucketIn } from "./vendors.js";

/**
 * Checks the address of a server.
 *
 * @param source - The option or the setting that gives the address, for the message.
 * @throws TypeError if the text is not an address, or contains a bucket. The message says what to write instead.
 */
export function assertEndpoint(source: string, url: unknown, bucket: string): void {
  if (
    typeof url !== "string" ||
    !/^https?:\/\/[^/\\]/i.test(url) ||
    /[\s\\]/.test(url) ||
    !URL.canParse(url)
  ) {
    throw new TypeError(`s3: ${source} must be a URL such as "https://s3.example.com"`);
  }
  const { username, password, search, hash, hostname, origin, pathname } = new URL(url);
  if (username !== "" || password !== "") {
    throw new TypeError(
      `s3: ${source} contains a user name or a password: use the option credentials instead`,
    );
  }
  if (search !== "" || hash !== "" || /[?#]/.test(url)) {
    const plain = JSON.stringify(`${origin}${pathname.replace(/\/$/, "")}`);
    throw new TypeError(`s3: ${source} has a query or a fragment: write ${plain}`);
  }
  if (hostname.startsWith(".") || hostname.includes("..")) {
    throw new TypeError(`s3: the host ${JSON.stringify(hostname)} of ${source} has an empty label`);
  }
  if (hostname.startsWith("s3-accelerate.")) {
    throw new TypeError(
      `s3: ${source} is the address of transfer acceleration: set accelerate: true instead`,
    );
  }
  const found = bucketIn(new URL(url), bucket);
  if (found === undefined) return;
  const right = `endpoint: ${JSON.stringify(found.endpoint)}, bucket: ${JSON.stringify(found.bucket)}`;
  throw new TypeError(`s3: ${source} ${JSON.stringify(url)} contains a bucket: write ${right}`);
}

/**
 * Checks the name of a bucket.
 *
 * @throws TypeError if the name is an ARN or an address, or contains a part of a key. The message says what to write
 * instead.
 */
export function assertBucket(caller: string, bucket: string): void {
  const given = `${caller}: bucket must be the name of a bucket, not ${JSON.stringify(bucket)}`;
  if (bucket.startsWith("arn:")) {
    const [, name] = /:::([^/:]+)$/.exec(bucket) ?? [];
    const instead =
      name === undefined
        ? 'for an access point, write its alias, which ends with "-s3alias"'
        : `write ${JSON.stringify(name)}`;
    throw new TypeError(`${given}: ${instead}`);
  }
  const [, scheme, name, path] = /^([a-z0-9+.-]+:\/\/)?([^/]*)\/*(.*)$/is.exec(bucket) ?? [];
  if (scheme !== undefined && scheme.toLowerCase() !== "s3://") {
    throw new TypeError(`${given}: give the address as the option endpoint`);
  }
  if (bucket.includes("/")) {
    const prefix =
      path === undefined || path === "" ? "" : `, keyPrefix: ${JSON.stringify(path.replace(/\/*$/, "/"))}`;
    throw new TypeError(`${given}: write bucket: ${JSON.stringify(name)}${prefix}`);
  }
  // eslint-disable-next-line no-control-regex -- They would become a part of addresses.
  if (/[\s\\?#%\u0000-\u001f]/.test(bucket) || /^\.+$/.test(bucket) || !bucket.isWellFormed()) {
    throw new TypeError(`${given}: it contains characters that are not allowed`);
  }
}
