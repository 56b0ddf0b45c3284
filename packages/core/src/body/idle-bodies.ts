import { clock } from "../kit/clock.js";

/** A body that holds a connection while nobody reads it. */
export interface IdleBody {
  /** Lets the connection go, where reading can go on later; tells whether it did. */
  readonly giveBack: () => boolean;
  /** The time of its last pause, by the clock of this package. */
  readonly idleSince: number;
}

/** An `Agent` of Node, as far as it matters here: requests that wait for a connection are in a queue. */
export interface QueueingAgent {
  readonly requests: Readonly<Record<string, readonly unknown[] | undefined>>;
}

/** The method by which an `Agent` takes a request; Node does not document it, and every agent of others relies on it. */
interface AddsRequests {
  addRequest?: (...given: unknown[]) => void;
}

/** The longest pause of a body whose reader is only taking a chunk, in milliseconds. */
const PAUSE_MS = 250;

/**
 * The bodies of one provider that nobody reads, the longest unread first. When calls wait for a connection, so many of them
 * give theirs back.
 */
export class IdleBodies {
  readonly #agents: readonly QueueingAgent[];
  readonly #bodies = new Set<IdleBody>();
  #isLooking = false;

  /** @param agents - Those that make the provider's connections. */
  constructor(agents: readonly QueueingAgent[]) {
    this.#agents = agents;
    for (const agent of agents) this.#watch(agent);
  }

  #watch(agent: QueueingAgent & AddsRequests): void {
    const { addRequest } = agent;
    if (typeof addRequest !== "function") return;
    agent.addRequest = (...given) => {
      addRequest.apply(agent, given);
      this.relieve();
    };
  }

  #waiting(): number {
    let count = 0;
    for (const { requests } of this.#agents) {
      for (const queue of Object.values(requests)) count += queue?.length ?? 0;
    }
    return count;
  }

  add(body: IdleBody): void {
    this.#bodies.add(body);
    this.relieve();
  }

  delete(body: IdleBody): void {
    this.#bodies.delete(body);
  }

  /** Has bodies give back as many connections as requests wait for. */
  relieve(): void {
    if (this.#bodies.size === 0) return;
    let left = this.#waiting();
    const now = clock.now();
    for (const body of this.#bodies) {
      if (left === 0) return;
      const pauseMs = now - body.idleSince;
      if (pauseMs < PAUSE_MS) return this.#lookIn(PAUSE_MS - pauseMs);
      this.#bodies.delete(body);
      if (body.giveBack()) left--;
    }
  }

  #lookIn(milliseconds: number): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const look = (): void => {
      this.#isLooking = false;
      this.relieve();
    };
    clock.setTimeout(look, milliseconds).unref();
  }
}
