export { assert, say, sha256, stopOnSignal } from "./demo.js";
export { keyOf, sendError, sendJson, sendObject, serve, type Handler, type Routes } from "./http.js";
export { listen, type Listening } from "./listen.js";
export { startLoad, type Load, type LoadOptions, type LoadReport } from "./load.js";
export { parseRange } from "./range.js";
export { switchable, type Switchable } from "./switchable.js";
export { assertSame, digestsOf, present } from "./same.js";
