import { rowChecks } from "../compose/journaled/row/assert-row.js";
import { clock } from "../kit/clock.js";

rowChecks.isOn = true;

// In tests the clock is that of the globals, so that `vi.useFakeTimers()` moves it.
Object.assign(clock, {
  setTimeout: (call: () => void, ms?: number) => setTimeout(call, ms),
  clearTimeout: (timer: NodeJS.Timeout) => clearTimeout(timer),
  setInterval: (call: () => void, ms?: number) => setInterval(call, ms),
  clearInterval: (timer: NodeJS.Timeout) => clearInterval(timer),
  setImmediate: (call: () => void) => setImmediate(call),
  now: () => performance.now(),
});
