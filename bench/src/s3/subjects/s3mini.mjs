/** A client of its own on `fetch`, without the AWS SDK. It has no streams of unknown length. */
import { S3mini } from "s3mini";

export async function open({ endpoint, credentials, bucket }) {
  const client = new S3mini({ ...credentials, endpoint: `${endpoint}/${bucket}`, region: "us-east-1" });
  return {
    put: (key, bytes) => client.putObject(key, bytes),
    get: async (key) => new Uint8Array(await client.getObjectArrayBuffer(key)),
    delete: (key) => client.deleteObject(key),
    list: async () => {
      const found = (await client.listObjects("", "")) ?? [];
      return found.map(({ Key, Size, LastModified }) => ({
        key: Key,
        size: Number(Size),
        lastModified: new Date(LastModified),
      }));
    },
  };
}
