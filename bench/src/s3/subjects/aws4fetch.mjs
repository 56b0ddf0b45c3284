/** Signs for `fetch`, and does nothing else. */
import { AwsClient } from "aws4fetch";

export async function open({ endpoint, credentials, bucket }) {
  const client = new AwsClient({ ...credentials, service: "s3", region: "us-east-1", retries: 0 });
  const send = async (key, options) => {
    const response = await client.fetch(`${endpoint}/${bucket}/${key}`, options);
    if (!response.ok) throw Object.assign(new Error(await response.text()), { status: response.status });
    return response;
  };
  const drop = async (response) => void (await response.arrayBuffer());
  return {
    put: async (key, body) => drop(await send(key, { method: "PUT", body })),
    get: async (key) => new Uint8Array(await (await send(key)).arrayBuffer()),
    head: async (key) => {
      const { headers } = await send(key, { method: "HEAD" });
      return {
        size: Number(headers.get("content-length")),
        lastModified: new Date(headers.get("last-modified")),
      };
    },
    delete: async (key) => drop(await send(key, { method: "DELETE" })),
    copy: async (from, to) =>
      drop(await send(to, { method: "PUT", headers: { "x-amz-copy-source": `/${bucket}/${from}` } })),
  };
}
