import assert from "node:assert/strict";
import { CompleteMultipartUploadCommand, UploadPartCommand } from "@aws-sdk/client-s3";
import { toBody } from "@stowage/core/provider";
import { mocked, takeUploads } from "../../../packages/s3/src/mocked.test-support.js";
import { MIB, patterned, streamed } from "../contents.js";
import { codeOf } from "../outcomes.js";
import { throughProxy } from "./through-proxy.js";
import { edit, type Trap } from "./trap.js";

const CONTENT = patterned(12 * MIB);

export const CHECKSUM_TRAPS: readonly Trap[] = [
  {
    about: "checksums",
    title:
      "The SDK adds checksum headers of its own, which R2, B2, Google and older servers refuse: none is sent",
    run: async (real) => {
      await throughProxy(
        real,
        { dialect: "generic" },
        () => ({}),
        async (storage, proxy) => {
          await storage.put("a", "abc");
          await storage.put("b", streamed(CONTENT));
          const sent = proxy.heads.filter(
            (head) => /^(?:put|post)/.test(head) && /x-amz-(?:sdk-)?checksum/.test(head),
          );
          assert.deepEqual(sent, []);
        },
      );
    },
    without: [
      edit(
        "s3/src/sdk/load.ts",
        'requestChecksumCalculation: "WHEN_REQUIRED"',
        'requestChecksumCalculation: "WHEN_SUPPORTED"',
      ),
    ],
    withoutOwn: [],
  },
  {
    about: "checksums",
    title:
      "The SDK sends streams in a chunked form, or chunked without a length, which servers refuse (Ceph 16: 411): every request has its length",
    on: ["ceph", "swift"],
    run: async (real) => {
      await throughProxy(
        real,
        {},
        () => ({}),
        async (storage, proxy) => {
          await storage.put("a", streamed(Buffer.from("abc")));
          await storage.put("b", streamed(CONTENT), { size: CONTENT.byteLength });
          for (const head of proxy.heads) assert.doesNotMatch(head, /transfer-encoding: chunked|aws-chunked/);
        },
      );
    },
    without: [
      edit(
        "s3/src/requests/object-requests.ts",
        "          Body,\n",
        '          Body: (await import("node:stream")).Readable.from([Body]),\n',
      ),
    ],
  },
  {
    about: "checksums",
    title: "Without checksums a changed byte would go unnoticed over plain HTTP: bodies are signed there",
    run: async (real) => {
      const faultOf = ({ line }: { readonly line: string }): { flipSentByte?: number } =>
        line.startsWith("PUT") ? { flipSentByte: 60_000 } : {};
      await throughProxy(real, {}, faultOf, async (storage) => {
        assert.equal(await codeOf(storage.put("a", CONTENT.subarray(0, 100_000))), "Integrity");
      });
      assert.equal(await real.storage().exists("a"), false);
    },
    without: [edit("s3/src/s3.ts", "!isPlainHttp(endpoint)", "true")],
  },
  {
    about: "checksums",
    title:
      "Servers look at a checksum only when its algorithm is named too (Ceph 20): a changed byte is noticed without a signed body",
    on: ["ceph-newest"],
    run: async (real) => {
      const faultOf = ({ line }: { readonly line: string }): { flipSentByte?: number } =>
        line.startsWith("PUT") ? { flipSentByte: 60_000 } : {};
      const options = { dialect: "aws", unsignedPayload: true } as const;
      await throughProxy(real, options, faultOf, async (storage) => {
        assert.equal(await codeOf(storage.put("a", CONTENT.subarray(0, 100_000))), "Integrity");
      });
    },
    without: [edit("s3/src/requests/convert.ts", ', ChecksumAlgorithm: "CRC32" };', " };")],
  },
  {
    about: "checksums",
    title:
      "Amazon refuses to complete an upload whose parts had checksums without them: they are given again",
    mocked: true,
    run: async () => {
      const { mock, provider } = mocked();
      takeUploads(mock);
      await provider.put("a", await toBody(CONTENT), {});
      const sent = mock.commandCalls(UploadPartCommand).map(({ args }) => args[0].input.ChecksumCRC32);
      const [complete] = mock.commandCalls(CompleteMultipartUploadCommand);
      const told = complete?.args[0].input.MultipartUpload?.Parts?.map(({ ChecksumCRC32 }) => ChecksumCRC32);
      mock.restore();
      assert.equal(
        sent.every((digest) => digest !== undefined),
        true,
      );
      assert.deepEqual(new Set(told), new Set(sent));
    },
    without: [edit("s3/src/requests/upload-requests.ts", "PartNumber, ...checksum };", "PartNumber };")],
  },
  {
    about: "checksums",
    title:
      "The SDK compares checksums of parts with whole bodies when it reads (moto) and slows reads down: answers are not asked for them",
    run: async (real) => {
      await real.storage().put("a", "abc");
      await throughProxy(
        real,
        {},
        () => ({}),
        async (storage, proxy) => {
          assert.equal(await (await storage.get("a")).text(), "abc");
          assert.doesNotMatch(proxy.heads.join("\n"), /x-amz-checksum-mode/);
        },
      );
    },
    without: [
      edit(
        "s3/src/sdk/load.ts",
        'responseChecksumValidation: "WHEN_REQUIRED"',
        'responseChecksumValidation: "WHEN_SUPPORTED"',
      ),
    ],
    withoutOwn: [],
  },
];
