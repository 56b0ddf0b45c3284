import { clock } from "../kit/clock.js";

// In tests the clock is that of the globals, so that `vi.useFakeTimers()` moves it.
Object.assign(clock, {
  setTimeout: (...given: Parameters<typeof setTimeout>) => setTimeout(...given),
  clearTimeout: (timer: NodeJS.Timeout) => clearTimeout(timer),
  setInterval: (...given: Parameters<typeof setInterval>) => setInterval(...given),
  clearInterval: (timer: NodeJS.Timeout) => clearInterval(timer),
  setImmediate: (...given: Parameters<typeof setImmediate>) => setImmediate(...given),
  now: () => performance.now(),
});
