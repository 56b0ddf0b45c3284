import { describe, expect, it } from "vitest";
import { createControllers } from "./controllers.js";

describe("controllers", () => {
  it("serve again when they have been given back", () => {
    const { take, give } = createControllers();
    const controller = take();
    give(controller);
    expect(take()).toBe(controller);
  });

  it("serve one call at a time", () => {
    const { take } = createControllers();
    expect(take()).not.toBe(take());
  });

  it("never serve again when they were aborted", () => {
    const { take, give } = createControllers();
    const controller = take();
    controller.abort();
    give(controller);
    expect(take()).not.toBe(controller);
  });

  it("never serve again while somebody still listens to them", () => {
    const { take, give } = createControllers();
    const controller = take();
    controller.signal.addEventListener("abort", () => {});
    give(controller);
    expect(take()).not.toBe(controller);
  });

  it("are aborted together while they serve, and not before or after", () => {
    const { take, give, abortAll } = createControllers();
    const [serving, done] = [take(), take()];
    give(done);
    abortAll("stop");
    expect(serving.signal.reason).toBe("stop");
    expect(done.signal.aborted).toBe(false);
    expect(take().signal.aborted).toBe(false);
  });

  it("are kept in a bounded number", () => {
    const { take, give } = createControllers();
    const all = Array.from({ length: 1000 }, take);
    all.forEach(give);
    const again = new Set(Array.from({ length: 1000 }, take));
    expect(all.filter((controller) => again.has(controller)).length).toBeLessThanOrEqual(100);
  });
});
