import {
  checkHttpMutants,
  checkSignatureMutants,
  httpConformance,
  signatureConformance,
} from "@stowage/conformance/http";
import { describe, expect, it } from "vitest";
import { createHandler } from "./create-handler.js";
import { readable, signedSubjectOn, SINKS, subjectOn } from "./testing/servers.test-support.js";

for (const [name, sink] of Object.entries(SINKS)) {
  httpConformance({ describe, it }, name, { open: () => subjectOn((storage) => sink(readable(storage))) });
  signatureConformance({ describe, it }, `signed links, ${name}`, {
    open: () => signedSubjectOn((storage, options) => sink(createHandler(storage, options))),
  });
}

describe("the rules of signed links", () => {
  it("notice every broken server", async () => {
    const report = await checkSignatureMutants((breaks) =>
      signedSubjectOn((storage, options) => SINKS["Web requests"](breaks(createHandler(storage, options)))),
    );
    const missed = report.verdicts.filter(({ caught }) => !caught).map(({ mutant }) => mutant.name);
    expect(missed).toEqual([]);
    expect(report.untested).toEqual([]);
  });
});

describe("the rules", () => {
  it("notice every broken server", async () => {
    const report = await checkHttpMutants((breaks) =>
      subjectOn((storage) => SINKS["Web requests"](breaks(readable(storage)))),
    );
    const missed = report.verdicts.filter(({ caught }) => !caught).map(({ mutant }) => mutant.name);
    expect(missed).toEqual([]);
    expect(report.untested).toEqual([]);
  });
});
