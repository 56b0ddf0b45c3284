// Uploads a file in a process of its own, so that the process can be killed. Prints how many bytes have arrived.
import { resumableUpload, s3 } from "@stowage/s3";
import { wireOfTests } from "./wire.js";
import { readFileSync, writeFileSync } from "node:fs";

const [endpoint = "", bucket = "", path = "", statePath = ""] = process.argv.slice(2);
const accessKeyId = process.env["ACCESS_KEY_ID"] ?? "";
const secretAccessKey = process.env["SECRET_ACCESS_KEY"] ?? "";
const credentials = { accessKeyId, secretAccessKey };
const provider = s3({ bucket, endpoint, credentials, dialect: "generic", wire: wireOfTests() });

await resumableUpload(provider, "film.mp4", {
  path,
  state: readState(),
  onState: (state) => writeFileSync(statePath, JSON.stringify(state)),
  onProgress: ({ loaded }) => console.log(loaded),
});

function readState(): Parameters<typeof resumableUpload>[2]["state"] {
  try {
    return JSON.parse(readFileSync(statePath, "utf8"));
  } catch {
    return undefined;
  }
}
