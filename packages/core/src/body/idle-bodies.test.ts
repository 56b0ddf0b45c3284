import { once } from "node:events";
import { Agent, createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { patterned, readAll } from "../testing/streams.test-support.js";
import { resumingBody } from "./guard.js";
import { IdleBodies } from "./idle-bodies.js";

const bytes = patterned(5_000_000);

describe("bodies that nobody reads", () => {
  it("give their connections back when a request waits for one, and go on when they are read", async () => {
    const server = createServer((request, response) => {
      const [, from = "0"] = /bytes=(\d+)-/.exec(request.headers.range ?? "") ?? [];
      response.end(bytes.subarray(Number(from)));
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const agent = new Agent({ keepAlive: true, maxSockets: 3 });
    const idle = new IdleBodies([agent]);
    const ask = async (from: number): Promise<IncomingMessage> => {
      const request = get({ host: "127.0.0.1", port, agent, headers: { range: `bytes=${from}-` } });
      return ((await once(request, "response")) as [IncomingMessage])[0];
    };
    const bodies = [];
    for (let count = 0; count < 12; count++) {
      bodies.push(
        resumingBody(
          await ask(0),
          { key: "a", provider: "it" },
          { size: bytes.byteLength, openAt: ask, idle },
        ),
      );
    }
    for (const body of bodies) expect((await readAll(body)).equals(bytes)).toBe(true);
    agent.destroy();
    server.close();
  });
});
