import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";

const BLOCK = /^```typescript \[([^\]]+)\]\n(.*?)^```$/gms;

it("has the code that the guide shows", async () => {
  const guide = await readFile(new URL("../../../docs/guide/write-a-provider.md", import.meta.url), "utf8");
  const blocks = [...guide.matchAll(BLOCK)];
  expect(blocks).toHaveLength(6);
  for (const [, name = "", code = ""] of blocks) {
    expect(await readFile(new URL(name, import.meta.url), "utf8")).toContain(code);
  }
});
