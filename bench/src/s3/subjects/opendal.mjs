/** Rust behind a native module; its requests run on threads of its own. */
import { Operator } from "opendal";

export async function open({ endpoint, credentials, bucket }) {
  const operator = new Operator("s3", {
    endpoint,
    bucket,
    region: "us-east-1",
    access_key_id: credentials.accessKeyId,
    secret_access_key: credentials.secretAccessKey,
    disable_config_load: "true",
    disable_ec2_metadata: "true",
  });
  return {
    put: (key, bytes) => operator.write(key, bytes),
    get: (key) => operator.read(key),
    head: async (key) => facts(await operator.stat(key)),
    delete: (key) => operator.delete(key),
    putStream: async (key, readable) => {
      const writer = await operator.writer(key);
      for await (const chunk of readable) await writer.write(chunk);
      await writer.close();
    },
    getStream: async (key) => (await operator.reader(key)).createReadStream(),
  };
}

function facts({ contentLength, lastModified }) {
  return { size: Number(contentLength), lastModified: new Date(lastModified) };
}
