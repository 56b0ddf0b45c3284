/** The AWS SDK with its defaults, and its own uploader for streams of unknown length. */
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  paginateListObjectsV2,
} from "@aws-sdk/client-s3";
import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";

export async function open({ endpoint, credentials, bucket: Bucket }) {
  const client = new S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true });
  const put = (Key, Body, ContentLength) =>
    client.send(new PutObjectCommand({ Bucket, Key, Body, ContentLength }));
  const get = async (Key) => (await client.send(new GetObjectCommand({ Bucket, Key }))).Body;
  return {
    put: (key, bytes) => put(key, bytes),
    get: async (key) => await (await get(key)).transformToByteArray(),
    head: async (Key) => {
      const { ContentLength, LastModified } = await client.send(new HeadObjectCommand({ Bucket, Key }));
      return { size: ContentLength, lastModified: LastModified };
    },
    copy: (from, Key) => client.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/${from}` })),
    delete: (Key) => client.send(new DeleteObjectCommand({ Bucket, Key })),
    putStream: async (Key, Body) => {
      const { Upload } = await import("@aws-sdk/lib-storage");
      await new Upload({ client, params: { Bucket, Key, Body } }).done();
    },
    putKnown: put,
    putFile: async (key, path) => put(key, createReadStream(path), (await stat(path)).size),
    getStream: get,
    getFile: async (key, path) => pipeline(await get(key), createWriteStream(path)),
    list: () => list(client, Bucket),
    close: () => client.destroy(),
  };
}

async function list(client, Bucket) {
  const all = [];
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket })) {
    for (const { Key, Size, LastModified } of Contents)
      all.push({ key: Key, size: Size, lastModified: LastModified });
  }
  return all;
}
