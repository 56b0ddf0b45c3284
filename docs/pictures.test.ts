import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { pictureFiles } from "../scripts/site/picture-files.js";

describe("the pictures of the guide", () => {
  it.each([...pictureFiles()])("%s is up to date: else run `pnpm pictures`", async (file, drawn) => {
    const path = fileURLToPath(new URL(`../${file}`, import.meta.url));
    expect(await readFile(path, "utf8")).toBe(drawn);
  });
});
