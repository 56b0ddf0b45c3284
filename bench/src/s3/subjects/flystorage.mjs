/** Its listing gives names and sizes in one go. */
import { S3Client } from "@aws-sdk/client-s3";
import { AwsS3StorageAdapter } from "@flystorage/aws-s3";
import { FileStorage } from "@flystorage/file-storage";

export async function open({ endpoint, credentials, bucket }) {
  const client = new S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true });
  const storage = new FileStorage(new AwsS3StorageAdapter(client, { bucket }));
  return {
    put: (key, bytes) => storage.write(key, bytes),
    get: (key) => storage.readToUint8Array(key),
    head: async (key) => {
      const { size, lastModifiedMs } = await storage.statFile(key);
      return { size, lastModified: new Date(lastModifiedMs) };
    },
    delete: (key) => storage.deleteFile(key),
    putStream: (key, readable) => storage.write(key, readable),
    putKnown: (key, readable, size) => storage.write(key, readable, { size }),
    getStream: (key) => storage.read(key),
    list: async () => {
      const entries = await storage.list("", { deep: true }).toArray();
      return entries
        .filter(({ isFile }) => isFile)
        .map(({ path, size, lastModifiedMs }) => ({
          key: path,
          size,
          lastModified: new Date(lastModifiedMs),
        }));
    },
    close: () => client.destroy(),
  };
}
