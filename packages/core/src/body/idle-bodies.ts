import { clock } from "../kit/clock.js";

/** A body that holds a connection and waits for its reader. */
export interface IdleBody {
  /**
   * Frees the connection if the rest of the body can be read later over a new connection. Returns `true` if the
   * connection was freed.
   */
  readonly giveBack: () => boolean;
  /** The time when the body's last pause began, read from the clock of this package. */
  readonly idleSince: number;
}

/** The part of Node's `Agent` that is used here: a queue of the requests that wait for a connection. */
export interface QueueingAgent {
  readonly requests: Readonly<Record<string, readonly unknown[] | undefined>>;
}

/**
 * The method of an `Agent` that accepts a request. Node does not document this method, but every third-party agent relies on it.
 */
interface AddsRequests {
  addRequest?: (...given: unknown[]) => void;
}

/** The longest pause of a busy reader, in milliseconds. If a reader pauses for longer, its body counts as unread. */
const PAUSE_MS = 250;

/**
 * One provider's bodies that wait for their readers. The body that has waited longest comes first. For each request
 * that waits for a connection, one body gives its connection back.
 */
export class IdleBodies {
  readonly #agents: readonly QueueingAgent[];
  readonly #bodies = new Set<IdleBody>();
  #isLooking = false;

  /** @param agents - The agents that make the provider's connections. */
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

  /** Makes bodies give connections back, one for each waiting request. */
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
