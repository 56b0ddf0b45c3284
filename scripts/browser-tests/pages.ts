// The pages of the composers: what somebody does with them, and what they show then.
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FileStorage } from "@stowage/core";
import type { Browser, BrowserContextOptions, Page as Tab } from "playwright-core";
import { startPage, type Page } from "../../examples/composers/src/start-page.js";
import { MIB, digestAt, digestOf, patterned } from "../s3-tests/contents.js";
import { untilAsync } from "../s3-tests/outcomes.js";
import { filmIn, played } from "./videos.js";

/** What the tests of pages are given. */
export interface Desk {
  readonly browser: Browser;
  readonly folder: string;
  /** Keeps a picture of a page when somebody wants to look at it. */
  readonly picture: (tab: Tab, name: string) => Promise<void>;
}

type Kind = "fallback" | "mirror" | "split";

/** A page that is open in a tab. */
interface Opened extends Desk {
  readonly tab: Tab;
  readonly page: Page;
  readonly home: string;
}

const WAIT_MS = 60_000;
const CHUNK_BYTES = 8 * MIB;
const PICTURES = 20;
const PLACE_SECONDS = 50;
const PHONE = { width: 360, height: 740 };

export const PAGE_TESTS: readonly (readonly [title: string, test: (desk: Desk) => Promise<void>])[] = [
  ["a video is uploaded to a mirror: it has a picture, and both members hold it", uploadsVideo],
  ["an upload is paused, goes on, and goes on after a reload where it was", resumes],
  ["an upload that is cancelled leaves nothing", cancels],
  ["an upload that no member takes says why, and goes on when one works", failsAndGoesOn],
  ["a film of a mirror plays on and jumps while its bucket is down, hangs and is slow", playsOn],
  ["the percentage is moved while files are uploaded, and every file is readable", movesPercentage],
  ["the page of a mirror is used by keyboard alone", usesKeyboard],
  ["each page fits a phone, in light and in dark", fitsPhone],
  ["a page whose server goes away says so, and comes back with it", comesBack],
  ["a file that was deleted stays deleted after a reload", staysDeleted],
  ["keys that are pressed quickly pause an upload, and never cancel it", pausesByKeys],
  [
    "a switch stays where it was put while news of before arrive, and goes back when it is refused",
    keepsSwitch,
  ],
];

/** Opens the page of a composer. Tests that run scripts in it switch its policy off. */
async function withPage(
  desk: Desk,
  kind: Kind,
  use: (opened: Opened) => Promise<void>,
  context: BrowserContextOptions = { bypassCSP: true },
): Promise<void> {
  const home = await mkdtemp(join(desk.folder, `page-${kind}-`));
  const page = await startPage(kind, {}, { home, port: 0 });
  const tab = await desk.browser.newPage({ viewport: { width: 1200, height: 900 }, ...context });
  tab.setDefaultTimeout(WAIT_MS);
  const problems: string[] = [];
  tab.on("pageerror", (error) => problems.push(error.message));
  tab.on("console", (message) => {
    if (message.text().includes("Content Security Policy directive")) problems.push(message.text());
  });
  try {
    await tab.goto(page.url);
    await tab.locator(".member").nth(1).waitFor();
    await use({ ...desk, tab, page, home });
    assert.deepEqual(problems, []);
  } finally {
    await tab.close();
    await page.stop();
    await rm(home, { recursive: true, force: true });
  }
}

async function uploadsVideo(desk: Desk): Promise<void> {
  const film = await filmIn(desk.folder);
  const use = async ({ tab, picture }: Opened): Promise<void> => {
    await picture(tab, "mirror-empty");
    await tab.setInputFiles("#choose", film);
    await tab.locator(".file img").waitFor();
    await addPictures(tab, 1 + PICTURES);
    await tab.locator(".chip.holds", { hasText: "bucket" }).nth(PICTURES).waitFor();
    await tab.getByText("It is empty: every file is where it should be.").waitFor();
    await picture(tab, "mirror");
    await turn(tab, "bucket", "down");
    await addPictures(tab, 1 + 2 * PICTURES);
    await tab
      .locator(".chip.waits", { hasText: "bucket: waits for repair" })
      .nth(PICTURES - 1)
      .waitFor();
    await picture(tab, "mirror-bucket-down");
    await turn(tab, "bucket", "works");
    await tab
      .locator(".chip.holds", { hasText: "bucket" })
      .nth(2 * PICTURES)
      .waitFor();
    await tab.getByText("It is empty: every file is where it should be.").waitFor();
    assert.equal(await tab.locator(".steps .done").count(), 4);
  };
  // With its policy.
  await withPage(desk, "mirror", use, {});
}

/** Waits until an upload says something. */
async function stateOf(tab: Tab, text: string | RegExp): Promise<void> {
  await tab.locator(".state").filter({ hasText: text }).first().waitFor();
}

async function addPictures(tab: Tab, total: number): Promise<void> {
  await tab.click("#pictures");
  await tab
    .locator(".file")
    .nth(total - 1)
    .waitFor();
}

async function turn(tab: Tab, member: string, state: string): Promise<void> {
  await tab.locator(`input[name="state-${member}"][value="${state}"]`).check({ force: true });
  await tab.locator(`.member[data-state="${state}"] h3`, { hasText: member }).waitFor();
}

async function keepsSwitch(desk: Desk): Promise<void> {
  await withPage(desk, "fallback", async ({ tab, page }) => {
    let answer = (): void => undefined;
    const isRefused = new Promise<void>((resolve) => (answer = resolve));
    await tab.route("**/members/disk/*", async (route) => {
      await isRefused;
      await route.fulfill({ status: 503 });
    });
    const down = tab.locator('input[name="state-disk"][value="down"]');
    await down.check({ force: true });
    // Something else changes meanwhile, and the page is told.
    assert.equal((await fetch(new URL("/members/bucket/slow", page.url), { method: "PUT" })).ok, true);
    await tab.locator('.member[data-state="slow"]').waitFor();
    assert.equal(await down.isChecked(), true);
    answer();
    await tab.locator(".problem", { hasText: "Try it again" }).waitFor();
    assert.equal(await tab.locator('input[name="state-disk"][value="works"]').isChecked(), true);

    // The answer comes, and after it news of before.
    await tab.unroute("**/members/disk/*");
    await tab.route("**/members/disk/*", async (route) => await route.fulfill({ status: 200 }));
    const answered = tab.waitForResponse("**/members/disk/*");
    await down.check({ force: true });
    await answered;
    assert.equal((await fetch(new URL("/members/bucket/full", page.url), { method: "PUT" })).ok, true);
    await tab.locator('.member[data-state="full"]').waitFor();
    assert.equal(await down.isChecked(), true);
  });
}

async function resumes(desk: Desk): Promise<void> {
  const content = patterned(10 * CHUNK_BYTES);
  const path = join(desk.folder, "large.bin");
  await writeFile(path, content);
  await withPage(desk, "fallback", async ({ tab, page, picture }) => {
    const offsets: number[] = [];
    let last = 3;
    await tab.route("**/uploads/*", async (route, request) => {
      if (request.method() !== "PATCH") return await route.continue();
      const offset = Number(request.headers()["upload-offset"]);
      offsets.push(offset);
      // Later chunks do not get through, until the test lets them.
      if (offset < last * CHUNK_BYTES) await route.continue();
    });
    const reached = async (chunks: number): Promise<void> =>
      await untilAsync(
        async () => offsets.at(-1) === chunks * CHUNK_BYTES,
        () => `chunks were sent from ${offsets.join(", ")}`,
        WAIT_MS,
      );
    await tab.setInputFiles("#choose", path);
    await reached(3);
    await stateOf(tab, /^\d+ % of 83\.9 MB/);
    await picture(tab, "fallback-uploading");
    await tab.getByRole("button", { name: "Pause large.bin" }).click();
    await stateOf(tab, "Paused at");
    last = 6;
    await tab.getByRole("button", { name: "Continue large.bin" }).click();
    await reached(6);
    await tab.reload();
    await tab.getByText("large.bin: 60 % have arrived. Choose the file again, and it goes on.").waitFor();
    await picture(tab, "fallback-reloaded");
    offsets.length = 0;
    last = Number.POSITIVE_INFINITY;
    await tab.setInputFiles("#choose", path);
    await tab.locator(".file").waitFor();
    assert.equal(Math.min(...offsets), 6 * CHUNK_BYTES);
    const [key = ""] = await keysOf(page.composition.storage);
    assert.equal(await digestAt(page.composition.storage, key), digestOf(content));
  });
}

async function keysOf(storage: FileStorage): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of storage.list({ prefix: "uploads/" })) keys.push(key);
  return keys;
}

async function cancels(desk: Desk): Promise<void> {
  const path = join(desk.folder, "cancelled.bin");
  await writeFile(path, patterned(3 * CHUNK_BYTES));
  await withPage(desk, "fallback", async ({ tab, page, home }) => {
    await holdLaterChunks(tab);
    await tab.setInputFiles("#choose", path);
    await stateOf(tab, /^33 % of/);
    await tab.getByRole("button", { name: "Cancel cancelled.bin" }).click();
    await stateOf(tab, "Cancelled. Nothing is left of it.");
    assert.deepEqual(await readdir(join(home, "unfinished")), []);
    assert.deepEqual(await keysOf(page.composition.storage), []);
    await tab.reload();
    await tab.locator(".member").nth(1).waitFor();
    assert.equal(await tab.getByText("have arrived").count(), 0);
  });
}

/** Holds every later chunk of an upload back. */
async function holdLaterChunks(tab: Tab): Promise<void> {
  await tab.route("**/uploads/*", async (route, request) => {
    const isLater = request.method() === "PATCH" && request.headers()["upload-offset"] !== "0";
    if (!isLater) await route.continue();
  });
}

async function staysDeleted(desk: Desk): Promise<void> {
  await withPage(desk, "mirror", async ({ tab, page }) => {
    await turn(tab, "disk", "slow");
    const file = { name: "slow.txt", mimeType: "text/plain", buffer: Buffer.from("slow") };
    await tab.setInputFiles("#choose", file);
    await stateOf(tab, "Sent. It is being stored");
    // In the middle: the page does not hear that the file is stored.
    await tab.reload();
    await tab.locator(".file .open").waitFor();
    await page.composition.repair?.idle();
    await tab.getByRole("button", { name: "Delete slow.txt" }).click();
    await tab.getByText("There are no files yet.").waitFor();
    await tab.reload();
    await tab.getByText("There are no files yet.").waitFor();
    await page.composition.repair?.idle();
    assert.deepEqual(await keysOf(page.composition.storage), []);
  });
}

async function pausesByKeys(desk: Desk): Promise<void> {
  const path = join(desk.folder, "keys.bin");
  await writeFile(path, patterned(3 * CHUNK_BYTES));
  await withPage(desk, "mirror", async ({ tab }) => {
    await holdLaterChunks(tab);
    await tab.setInputFiles("#choose", path);
    await stateOf(tab, /^33 % of/);
    await tab.getByRole("button", { name: "Pause keys.bin" }).focus();
    for (const state of ["Paused at", /^(?:Waits|Starts|\d+ % of)/, "Paused at"] as const) {
      await tab.keyboard.press("Enter");
      await stateOf(tab, state);
    }
    await tab.getByRole("button", { name: "Cancel keys.bin" }).click();
    await stateOf(tab, "Cancelled");
    assert.equal(await tab.evaluate("document.activeElement.id"), "choose");
  });
}

async function failsAndGoesOn(desk: Desk): Promise<void> {
  await withPage(desk, "fallback", async ({ tab, picture }) => {
    for (const member of ["bucket", "disk"]) await turn(tab, member, "full");
    await tab.setInputFiles("#choose", {
      name: "note.txt",
      mimeType: "text/plain",
      buffer: Buffer.from("note"),
    });
    await stateOf(tab, /^The server refused it: .+ It is tried again\.$/);
    await picture(tab, "fallback-full");
    await turn(tab, "disk", "works");
    await tab.locator(".file .chip", { hasText: "disk: has it" }).waitFor();
  });
}

async function playsOn(desk: Desk): Promise<void> {
  const film = await filmIn(desk.folder);
  await withPage(desk, "mirror", async ({ tab, page, picture }) => {
    await tab.setInputFiles("#choose", film);
    await tab.locator(".file .chip.holds", { hasText: "bucket" }).waitFor();
    await page.composition.repair?.idle();
    await tab.locator(".file .open").click();
    await tab.locator("#player video").waitFor();
    await tab.evaluate("globalThis.film = document.querySelector('#player video'); undefined");
    await played(tab, 1);
    await turn(tab, "bucket", "down");
    const loaded = await tab.evaluate<number>("film.buffered.end(film.buffered.length - 1)");
    assert.ok(loaded < PLACE_SECONDS, `${loaded} seconds are loaded already`);
    await tab.evaluate(`film.currentTime = ${PLACE_SECONDS}`);
    await played(tab, PLACE_SECONDS + 1);
    await picture(tab, "mirror-playing");
    for (const [state, seconds] of [
      ["hanging", 20],
      ["slow", 35],
    ] as const) {
      await turn(tab, "bucket", "works");
      await turn(tab, "bucket", state);
      await tab.evaluate(`film.currentTime = ${seconds}`);
      await played(tab, seconds + 1);
    }
  });
}

async function movesPercentage(desk: Desk): Promise<void> {
  await withPage(desk, "split", async ({ tab, page, picture }) => {
    const { storage, repair, members } = page.composition;
    await addPictures(tab, PICTURES);
    await tab.click("#pictures");
    await tab.locator("#percent").fill("60");
    await tab
      .locator(".file")
      .nth(2 * PICTURES - 1)
      .waitFor();
    await repair?.idle();
    await tab.getByText("It is empty: no file is on its way.").waitFor();
    await picture(tab, "split");
    const keys = await keysOf(storage);
    assert.equal(keys.length, 2 * PICTURES);
    for (const key of keys) assert.ok((await (await storage.get(key)).bytes()).byteLength > 0);
    const held = await members[1]?.inner.list({ prefix: "uploads/" });
    const share = held?.objects.length ?? 0;
    assert.ok(share > 0 && share < keys.length);
    await tab.getByText(`${share} of ${keys.length} copies are in the bucket`).waitFor();
    await tab.locator("#percent").fill("0");
    await tab.getByText(`0 of ${keys.length} copies are in the bucket`).waitFor();
  });
}

/** Presses Tab until an element has the focus. */
async function tabTo(tab: Tab, selector: string): Promise<void> {
  for (let count = 0; count < 80; count++) {
    await tab.keyboard.press("Tab");
    if (await tab.evaluate(`document.activeElement?.matches(${JSON.stringify(selector)})`)) return;
  }
  assert.fail(`Tab never comes to ${selector}`);
}

async function usesKeyboard(desk: Desk): Promise<void> {
  await withPage(desk, "mirror", async ({ tab }) => {
    await tabTo(tab, "#choose");
    await tabTo(tab, "#pictures");
    await tab.keyboard.press("Enter");
    await tab
      .locator(".file")
      .nth(PICTURES - 1)
      .waitFor();
    await tabTo(tab, "input[name='state-bucket']");
    await tab.keyboard.press("ArrowRight");
    await tab.locator('.member[data-state="down"]').waitFor();
    await tabTo(tab, ".file .open");
    await tab.keyboard.press("Enter");
    await tab.locator("#player img").waitFor();
    assert.equal(await tab.evaluate("document.activeElement.id"), "player-close");
    await tab.keyboard.press("Enter");
    assert.ok(await tab.evaluate("document.activeElement.matches('.file .open')"));
    await tabTo(tab, ".file > button:not(.open)");
    await tab.keyboard.press("Enter");
    await tab.locator("#files-title:focus").waitFor();
    await tab.locator(".chip", { hasText: "bucket: will be deleted" }).waitFor();
  });
}

async function fitsPhone(desk: Desk): Promise<void> {
  for (const kind of ["fallback", "mirror", "split"] as const) {
    await withPage(
      desk,
      kind,
      async ({ tab, picture }) => {
        const name = `a file with a name that is long and ${"x".repeat(80)}.txt`;
        await tab.setInputFiles("#choose", { name, mimeType: "text/plain", buffer: Buffer.from("text") });
        await tab.locator(".file").waitFor();
        await addPictures(tab, 1 + PICTURES);
        for (const colorScheme of ["light", "dark"] as const) {
          await tab.emulateMedia({ colorScheme });
          await picture(tab, `${kind}-phone-${colorScheme}`);
          const width = await tab.evaluate<number>("document.documentElement.scrollWidth");
          assert.ok(width <= PHONE.width, `the page of ${kind} is ${width} pixels wide`);
        }
      },
      { bypassCSP: true, viewport: PHONE, hasTouch: true },
    );
  }
}

async function comesBack(desk: Desk): Promise<void> {
  const home = await mkdtemp(join(desk.folder, "page-away-"));
  let page = await startPage("mirror", {}, { home, port: 0 });
  const { url } = page;
  const tab = await desk.browser.newPage();
  tab.setDefaultTimeout(WAIT_MS);
  try {
    await tab.goto(url);
    await addPictures(tab, PICTURES);
    await page.stop();
    await tab.getByRole("alert").getByText("The server does not answer.").waitFor();
    await desk.picture(tab, "mirror-away");
    page = await startPage("mirror", {}, { home, port: Number(new URL(url).port) });
    assert.equal(page.url, url);
    await tab.locator("#gone").waitFor({ state: "hidden" });
    await addPictures(tab, 2 * PICTURES);
  } finally {
    await tab.close();
    await page.stop();
    await rm(home, { recursive: true, force: true });
  }
}
