// Mocks of the AWS SDK in an application's tests: under Node as ESM and CJS, Jest and Vitest; with the SDK that this package
// uses, and with a different version of the SDK beside it.
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const APP = fileURLToPath(new URL("app.cjs", import.meta.url));

/** A version of the SDK that this package does not use. */
const OTHER_SDK = "@aws-sdk/client-s3@3.1000.0";

const PACKAGES = ["aws-sdk-client-mock@4.1.0", "jest@30", "vitest@4.1.12"];

const REQUIRED =
  'require("./app.cjs").tryMocks({ sdk: require("@aws-sdk/client-s3"), ...require("aws-sdk-client-mock"), ...require("@stowage/core"), ...require("@stowage/s3") })';
const IMPORTS = `import * as sdk from "@aws-sdk/client-s3";
import { mockClient } from "aws-sdk-client-mock";
import { createStorage } from "@stowage/core";
import { s3 } from "@stowage/s3";
import { tryMocks } from "./app.cjs";
`;
const CALL = "tryMocks({ sdk, mockClient, createStorage, s3 })";

/** The programs, each with the command that runs it. */
const RUNNERS = [
  {
    runner: "Node.js, ESM",
    file: "main.mjs",
    source: `${IMPORTS}await ${CALL};\n`,
    program: process.execPath,
    args: ["main.mjs"],
  },
  {
    runner: "Node.js, CJS",
    file: "main.cjs",
    source: `${REQUIRED}.catch((error) => { console.error(error); process.exit(1); });\n`,
    program: process.execPath,
    args: ["main.cjs"],
  },
  {
    runner: "Jest",
    file: "mocks.test.js",
    source: `test("mocks", async () => { await ${REQUIRED}; });\n`,
    program: join("node_modules", ".bin", "jest"),
    args: ["--rootDir", ".", "mocks.test.js"],
  },
  {
    runner: "Vitest",
    file: "mocks.test.mjs",
    source: `import { test } from "vitest";\n${IMPORTS}test("mocks", async () => { await ${CALL}; });\n`,
    program: join("node_modules", ".bin", "vitest"),
    args: ["run", "mocks.test.mjs"],
  },
];

/** @param tools - `install(folder, tarballs, more)`, `run(folder, command, args)` and `check(title, work)` of the caller. */
export async function checkMocks(temp, tarballs, { install, run, check }) {
  for (const { title, name, more } of [
    { title: "the same SDK", name: "mocks-same", more: [] },
    { title: "a different SDK", name: "mocks-different", more: [OTHER_SDK] },
  ]) {
    const folder = join(temp, name);
    const isInstalled = await check(`mocks with ${title}: install`, async () => {
      await mkdir(folder);
      await copyFile(APP, join(folder, "app.cjs"));
      await install(folder, tarballs, [...PACKAGES, ...more]);
    });
    if (!isInstalled) continue;
    for (const { runner, file, source, program, args } of RUNNERS) {
      await check(`mocks with ${title}: ${runner}`, async () => {
        await writeFile(join(folder, file), source);
        await run(folder, program, args);
      });
    }
  }
}
