/** A client of its own, without the AWS SDK. */
import { Client } from "minio";

export async function open({ endpoint, credentials, bucket }) {
  const { hostname, port, protocol } = new URL(endpoint);
  const client = new Client({
    endPoint: hostname,
    port: Number(port),
    useSSL: protocol === "https:",
    accessKey: credentials.accessKeyId,
    secretKey: credentials.secretAccessKey,
    region: "us-east-1",
    pathStyle: true,
  });
  return {
    put: (key, bytes) => client.putObject(bucket, key, bytes),
    get: async (key) => await collect(await client.getObject(bucket, key)),
    head: (key) => client.statObject(bucket, key),
    copy: (from, to) => client.copyObject(bucket, to, `/${bucket}/${from}`),
    delete: (key) => client.removeObject(bucket, key),
    putStream: (key, readable) => client.putObject(bucket, key, readable),
    putKnown: (key, readable, size) => client.putObject(bucket, key, readable, size),
    putFile: (key, path) => client.fPutObject(bucket, key, path),
    getStream: (key) => client.getObject(bucket, key),
    getFile: (key, path) => client.fGetObject(bucket, key, path),
    list: async () => {
      const all = [];
      for await (const { name, size, lastModified } of client.listObjectsV2(bucket, "", true)) {
        all.push({ key: name, size, lastModified });
      }
      return all;
    },
  };
}

async function collect(readable) {
  const chunks = [];
  for await (const chunk of readable) chunks.push(chunk);
  return Buffer.concat(chunks);
}
