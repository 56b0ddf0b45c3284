import { fallback, memory } from "@stowage/core";
import { expect, it } from "vitest";
import { featureTable, supportsReport } from "../src/index.js";
import { bare } from "../src/mutants/bases.js";

it("a report says what a provider declares", () => {
  const { name, type, supports, members } = supportsReport(memory({ name: "here" }));
  expect([name, type, supports.range]).toEqual(["here", "memory", true]);
  expect(members).toMatchObject({ copy: true, deleteMany: true, signedUrl: false });
});

it("a feature table has a row for each feature and a column for each provider", () => {
  const reports = [memory(), { ...bare(memory()), name: "bare" }, fallback([memory()])].map(supportsReport);
  const lines = featureTable(reports).split("\n");
  expect(lines[0]).toBe("|  | memory | bare | fallback |");
  expect(lines).toContain("| range reads | yes | no | yes |");
  expect(lines).toContain("| overwriting | yes | no | no |");
  expect(lines).toContain("| batch deletes | yes | no | no |");
  expect(lines).toContain("| longest key | 1,024 bytes | 600 bytes | 1,024 bytes |");
  expect(lines).toContain("| largest object | no limit | 4,194,304 bytes | no limit |");
});
