import { once } from "node:events";
import { PassThrough, Readable } from "node:stream";
import { afterEach, describe, expect, it, vi } from "vitest";
import { consume, delay, linkedController } from "./abort.js";
import { patterned, rejection, streamOf, uncaughtDuring } from "../testing/streams.test-support.js";

const bytes = patterned(500_000);

afterEach(() => {
  vi.useRealTimers();
});

describe("consume", () => {
  const kinds: readonly (readonly [string, (chunk: () => void) => void | Promise<void>])[] = [
    ["at once", (take) => take()],
    ["after a while", (take) => new Promise<void>((resolve) => setImmediate(resolve)).then(take)],
  ];

  it.each(kinds)("gives every piece in order to what takes them %s", async (_, when) => {
    const chunks: Uint8Array[] = [];
    await consume(streamOf(bytes, 7000), undefined, (chunk) => when(() => void chunks.push(chunk)));
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
  });

  it("gives one piece at a time to what takes its time", async () => {
    let working = 0;
    await consume(streamOf(bytes, 7000), undefined, async () => {
      expect(++working).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      working--;
    });
    expect(working).toBe(0);
  });

  it.each(kinds)("rejects with the stream's error, when pieces are taken %s", async (_, when) => {
    const cause = new Error("broken");
    const stream = new PassThrough();
    stream.write("abc");
    const failed = rejection(consume(stream, undefined, () => when(() => {})));
    await once(stream, "data");
    stream.destroy(cause);
    expect(await failed).toBe(cause);
  });

  it("rejects with the stream's error only when the last piece has been taken", async () => {
    const stream = new PassThrough();
    stream.write("abc");
    let taken = false;
    const failed = rejection(
      consume(stream, undefined, async () => {
        stream.destroy(new Error("broken"));
        await new Promise((resolve) => setTimeout(resolve, 20));
        taken = true;
      }),
    );
    await failed;
    expect(taken).toBe(true);
  });

  it("rejects when the stream closes before its end", async () => {
    const stream = new PassThrough();
    stream.write("abc");
    const failed = rejection(consume(stream, undefined, () => stream.destroy() && undefined));
    expect(await failed).toBeInstanceOf(Error);
  });

  it.each(kinds)("rejects with what taking throws %s, and destroys the stream", async (_, when) => {
    const boom = new Error("boom");
    const stream = streamOf(bytes);
    const failed = consume(stream, undefined, () =>
      when(() => {
        throw boom;
      }),
    );
    expect(await rejection(failed)).toBe(boom);
    expect(stream.destroyed).toBe(true);
  });

  it.each([
    ["an Error", new Error("stop")],
    ["text", "stop"],
  ])("rejects with the reason of an abort and destroys the stream: %s", async (_, reason) => {
    const stream = new PassThrough();
    const controller = new AbortController();
    const failed = rejection(consume(stream, controller.signal, () => {}));
    controller.abort(reason);
    expect(await failed).toBe(reason);
    expect(stream.destroyed).toBe(true);
  });

  it("reads nothing when it was aborted before", async () => {
    const stream = streamOf(bytes);
    expect(await rejection(consume(stream, AbortSignal.abort("stop"), () => expect.unreachable()))).toBe(
      "stop",
    );
    expect(stream.destroyed).toBe(true);
  });

  it("ends for an empty stream", async () => {
    await consume(Readable.from([]), undefined, () => expect.unreachable());
    expect.assertions(0);
  });

  it("is no uncaught exception, whatever comes late", async () => {
    const caught = await uncaughtDuring(async () => {
      const stream = new PassThrough();
      const controller = new AbortController();
      stream.write("abc");
      const failed = rejection(
        consume(stream, controller.signal, async () => {
          await new Promise((resolve) => setImmediate(resolve));
          throw new Error("late");
        }),
      );
      await once(stream, "data");
      controller.abort("stop");
      await failed;
      stream.emit("error", new Error("later still"));
    });
    expect(caught).toEqual([]);
  });
});

describe("delay", () => {
  it("waits", async () => {
    const startedAt = performance.now();
    await delay(20);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(19);
  });

  it.each([
    ["an Error", new Error("stop")],
    ["text", "stop"],
    ["null", null],
  ])("rejects at once with the reason of an abort, and leaves no timer: %s", async (_, reason) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const controller = new AbortController();
    const failed = rejection(delay(60_000, controller.signal));
    controller.abort(reason);
    expect(await failed).toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("does not begin when it was aborted before", async () => {
    expect(await rejection(delay(60_000, AbortSignal.abort("stop")))).toBe("stop");
  });

  it("may be longer than a timer of Node can wait", async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort("stop"), 20);
    expect(await rejection(delay(2 ** 40, controller.signal))).toBe("stop");
  });
});

describe("a linked controller", () => {
  it("follows the outer signal, with its reason", () => {
    const outer = new AbortController();
    const { controller } = linkedController(outer.signal);
    outer.abort("stop");
    expect(controller.signal.reason).toBe("stop");
  });

  it("is aborted at once when the outer signal was", () => {
    expect(linkedController(AbortSignal.abort("stop")).controller.signal.reason).toBe("stop");
  });

  it("follows no more when it is unlinked, and never leads", () => {
    const outer = new AbortController();
    const { controller, unlink } = linkedController(outer.signal);
    unlink();
    outer.abort("stop");
    expect(controller.signal.aborted).toBe(false);
    controller.abort();
    expect(linkedController(undefined).controller.signal.aborted).toBe(false);
  });
});
