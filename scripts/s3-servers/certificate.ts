import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { install } from "./debian.js";

const execute = promisify(execFile);

/** A certificate of 127.0.0.1 that it has signed itself. Each member is the path of a file. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
  /** Both in one. */
  readonly both: string;
}

/** Where the files of a certificate are. */
export function certificateIn(folder: string): Certificate {
  const file = (name: string): string => join(folder, `${name}.pem`);
  return { certificate: file("certificate"), key: file("key"), both: file("both") };
}

export async function makeCertificate(folder: string): Promise<Certificate> {
  await install({ title: "OpenSSL", programs: ["openssl"], packages: ["openssl"] });
  const files = certificateIn(folder);
  const { certificate, key, both } = files;
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"];
  const algorithm = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await execute("openssl", ["req", "-x509", ...algorithm, ...subject, "-keyout", key, "-out", certificate]);
  await writeFile(both, `${await readFile(key, "utf8")}${await readFile(certificate, "utf8")}`);
  return files;
}
