/** Streams need their length, which it does not take: it has none of the works with streams in. */
import { Disk } from "flydrive";
import { S3Driver } from "flydrive/drivers/s3";

export async function open({ endpoint, credentials, bucket }) {
  const options = { endpoint, credentials, bucket, region: "us-east-1", forcePathStyle: true };
  const disk = new Disk(new S3Driver({ ...options, supportsACL: false, visibility: "private" }));
  return {
    put: (key, bytes) => disk.put(key, bytes),
    get: (key) => disk.getBytes(key),
    head: async (key) => {
      const { contentLength, lastModified } = await disk.getMetaData(key);
      return { size: contentLength, lastModified };
    },
    delete: (key) => disk.delete(key),
    putStream: (key, readable) => disk.putStream(key, readable),
    putKnown: (key, readable, size) => disk.putStream(key, readable, { contentLength: size }),
    getStream: (key) => disk.getStream(key),
  };
}
