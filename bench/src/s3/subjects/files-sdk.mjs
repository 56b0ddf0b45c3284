import { Readable } from "node:stream";
import { Files } from "files-sdk";
import { s3 } from "files-sdk/s3";

export async function open({ endpoint, credentials, bucket }) {
  const adapter = s3({ endpoint, credentials, bucket, region: "us-east-1", forcePathStyle: true });
  const files = new Files({ adapter });
  return {
    put: (key, bytes) => files.upload(key, bytes),
    get: async (key) => new Uint8Array(await (await files.download(key)).arrayBuffer()),
    head: async (key) => facts(await files.head(key)),
    delete: (key) => files.delete(key),
    putStream: (key, readable) => files.upload(key, Readable.toWeb(readable)),
    getStream: async (key) => (await files.download(key, { as: "stream" })).stream(),
    list: async () => {
      const all = [];
      for await (const file of files.listAll()) all.push(facts(file));
      return all;
    },
  };
}

function facts({ key, size, lastModified }) {
  return { key, size, lastModified: new Date(lastModified) };
}
