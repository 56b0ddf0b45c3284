import {
  StorageError,
  bytesOf,
  compareKeys,
  type GetResult,
  type ObjectInfo,
  type Operation,
  type PutOptions,
  type StorageProvider,
} from "./core.js";
import { forever, type ProcessLife } from "./process-life.js";
import { between, type Random } from "./random.js";
import type { VirtualTime } from "./virtual-time.js";

/** How often a call goes wrong, from 0 to 1, while faults last. */
export interface FaultRates {
  readonly dropped: number;
  readonly lostAnswer: number;
  readonly late: number;
  readonly refused: number;
  /** Fewer bytes are stored than were sent, and the answer says so. */
  readonly wrong: number;
}

interface Stored {
  readonly text: string;
  readonly info: ObjectInfo;
}

/** By which composers tell their members, and notice that time has gone back: no client writes it. */
function isReserved(key: string | undefined): boolean {
  return key?.startsWith(".stowage-") === true;
}

/** In which order puts were sent, and for each key how many had been when its last acknowledged write began. */
export interface WriteOrder {
  readonly numbers: Map<string, number>;
  readonly acknowledged: Map<string, number>;
}

/** What became of writes that their senders know nothing about. */
export interface MemberCounts {
  unknownApplied: number;
  lateAfterNewer: number;
}

/**
 * A store at the end of a network that loses requests, loses answers, delivers requests late, refuses and goes down.
 * It is one for all processes; each talks to it through a connection of its own.
 */
export class FakeMember {
  readonly #objects = new Map<string, Stored>();
  readonly #deleted = new Map<string, Stored>();
  #etags = 0;
  isDown = false;
  /** How often an answer takes long, from 0 to 1. */
  slow: number;
  /** It takes every call and answers none. */
  isHanging = false;
  /** Its credentials are wrong for writes. */
  forbids = false;
  rates: FaultRates = NO_FAULTS;
  readonly counts: MemberCounts = { unknownApplied: 0, lateAfterNewer: 0 };

  constructor(
    readonly name: string,
    private readonly time: VirtualTime,
    private readonly random: Random,
    private readonly settings: {
      readonly conditionalDelete: boolean;
      readonly lateMs: number;
      readonly order: WriteOrder;
      readonly slow: number;
      /** Called when a put leaves its process although a newer write of the key was acknowledged before. */
      readonly onOldWrite: (what: string) => void;
    },
  ) {
    this.slow = settings.slow;
  }

  /** Past every fault: for checks. */
  peek(key: string): { readonly text: string; readonly info: ObjectInfo } | undefined {
    return this.#objects.get(key);
  }

  keys(): readonly string[] {
    return [...this.#objects.keys()];
  }

  /** What it holds, to be brought back later. */
  snapshot(): ReadonlyMap<string, Stored> {
    return new Map(this.#objects);
  }

  /** Brings back what it held, as from a backup. */
  restore(snapshot: ReadonlyMap<string, Stored>): void {
    this.#objects.clear();
    for (const [key, stored] of snapshot) this.#objects.set(key, stored);
  }

  /** Other bytes come back from one object, of which as many as before. */
  rot(key: string): void {
    const stored = this.#objects.get(key);
    if (stored !== undefined) this.#objects.set(key, { ...stored, text: `w${stored.text.slice(1)}` });
  }

  /** Brings back an object that was deleted, as somebody does who looks into the trash of a store. */
  revive(key: string): void {
    const old = this.#deleted.get(key);
    if (old !== undefined && !this.#objects.has(key)) this.#objects.set(key, old);
  }

  /** Loses one object. */
  lose(key: string): void {
    this.#objects.delete(key);
  }

  /** The member as one process sees it; while the process is stopped or dead its calls neither begin nor end. */
  connection(life: ProcessLife): StorageProvider {
    const call = <T>(
      operation: Operation,
      key: string | undefined,
      effect: () => T,
      beforeCommit?: () => void,
    ): Promise<T> => this.#call(operation, key, life, effect, beforeCommit);
    return {
      name: this.name,
      supports: {
        range: true,
        ifNoneMatch: true,
        ifMatch: true,
        ifNoneMatchOnMultipart: true,
        conditionalDelete: this.settings.conditionalDelete,
        metadata: true,
        list: true,
        orderedList: true,
        emptyObject: true,
        overwrite: true,
        byteExact: true,
        beforeCommit: true,
        keyBytesMax: 1024,
        objectBytesMax: Infinity,
      },
      put: (key, body, options) => {
        const number = numberOf(this.settings.order, options.writeId);
        const text = bytesOf(body);
        const beforeCommit = (): void => {
          options.beforeCommit?.();
          const { order, onOldWrite } = this.settings;
          if (isReserved(key) || number > (order.acknowledged.get(key) ?? 0)) return;
          onOldWrite(`${key}: ${text} was sent to ${this.name} after a newer write was acknowledged`);
        };
        return call("put", key, () => this.#put(key, text, options, number), beforeCommit);
      },
      get: (key) =>
        call("get", key, (): GetResult => {
          const { info, text } = this.#find("get", key);
          return { info, body: Buffer.from(text) };
        }),
      head: (key) => call("head", key, () => this.#find("head", key).info),
      delete: (key, { ifMatch, beforeCommit }) =>
        call("delete", key, () => this.#delete(key, ifMatch), beforeCommit),
      list: ({ prefix = "", after = "", cursor = after, limit = 1000 }) =>
        call("list", undefined, () => {
          const keys = this.keys()
            .filter((key) => key.startsWith(prefix) && (cursor === "" || compareKeys(key, cursor) > 0))
            .toSorted(compareKeys);
          const page = keys.slice(0, limit);
          return {
            objects: page.map((key) => this.#find("list", key).info),
            prefixes: [],
            ...(keys.length > limit && { cursor: page.at(-1) ?? "" }),
          };
        }),
      ref: (key) => `fake://${this.name}/${key}`,
      locate: (text) => {
        const start = `fake://${this.name}/`;
        return text.startsWith(start)
          ? { key: text.slice(start.length), provider: this.name, ref: text }
          : undefined;
      },
    };
  }

  async #call<T>(
    operation: Operation,
    key: string | undefined,
    life: ProcessLife,
    effect: () => T,
    beforeCommit: (() => void) | undefined,
  ): Promise<T> {
    const isWrite = operation === "put" || operation === "delete";
    await life.calling(isWrite && !isReserved(key));
    const { time, random, rates } = this;
    if (this.isHanging) await forever();
    // From here on it is on its way.
    beforeCommit?.();
    const fate = random();
    await time.sleep(this.#latency());
    if (this.isDown)
      return await this.#answer(life, () => fail("Unavailable", "no", operation, key, this.name));
    if (this.forbids && operation === "put") {
      return await this.#answer(life, () => fail("PermissionDenied", "no", operation, key, this.name));
    }
    const { dropped, lostAnswer, late, refused } = rates;
    if (fate < dropped) return await this.#silence(operation, key, life);
    if (fate < dropped + lostAnswer) {
      if (isWrite) this.#apply(effect, !isReserved(key));
      return await this.#silence(operation, key, life);
    }
    if (fate < dropped + lostAnswer + late && isWrite) {
      const delay = between(random, 0, this.settings.lateMs);
      void time.sleep(delay).then(() => this.#apply(effect, !isReserved(key)));
      return await this.#silence(operation, key, life, Math.min(delay, 50));
    }
    if (fate < dropped + lostAnswer + late + refused) {
      return await this.#answer(life, () => fail("Unavailable", "no", operation, key, this.name));
    }
    let outcome: { readonly value: T } | { readonly error: unknown };
    try {
      outcome = { value: effect() };
    } catch (error) {
      outcome = { error };
    }
    return await this.#answer(life, () => {
      if ("error" in outcome) throw outcome.error;
      return outcome.value;
    });
  }

  #apply(effect: () => unknown, isUnknown: boolean): void {
    try {
      effect();
      if (isUnknown) this.counts.unknownApplied++;
    } catch {
      // A condition did not hold, and nobody hears of it.
    }
  }

  async #answer<T>(life: ProcessLife, result: () => T): Promise<T> {
    await this.time.sleep(this.#latency());
    await life.running();
    return result();
  }

  /** Most of the time it is quick. */
  #latency(): number {
    const isSlow = this.random() < this.slow;
    return between(this.random, 1, isSlow ? 400 : 20);
  }

  async #silence(
    operation: Operation,
    key: string | undefined,
    life: ProcessLife,
    least = 0,
  ): Promise<never> {
    await this.time.sleep(least + between(this.random, 20, 150));
    await life.running();
    return fail("Timeout", "unknown", operation, key, this.name);
  }

  #find(operation: Operation, key: string): Stored {
    return this.#objects.get(key) ?? fail("NotFound", "no", operation, key, this.name);
  }

  #put(key: string, text: string, options: PutOptions, writeNumber: number): ObjectInfo {
    const old = this.#objects.get(key);
    if (options.ifNoneMatch === "*" && old !== undefined) fail("AlreadyExists", "no", "put", key, this.name);
    if (options.ifMatch !== undefined && options.ifMatch !== old?.info.etag) {
      fail("PreconditionFailed", "no", "put", key, this.name);
    }
    const { acknowledged } = this.settings.order;
    if (writeNumber <= (acknowledged.get(key) ?? 0)) this.counts.lateAfterNewer++;
    // What is there already would be gone, and nobody could bring it back.
    const stored = isReserved(key) || old !== undefined ? text : this.#maybeWrong(text);
    const info: ObjectInfo = {
      key,
      size: Buffer.byteLength(stored),
      etag: `"${++this.#etags}"`,
      writeId: options.writeId,
      lastModified: new Date(Date.now()),
      metadata: options.metadata ?? {},
      provider: this.name,
      ref: `fake://${this.name}/${key}`,
    };
    this.#objects.set(key, { text: stored, info });
    return info;
  }

  #maybeWrong(text: string): string {
    return this.random() < this.rates.wrong ? text.slice(1) : text;
  }

  #delete(key: string, ifMatch: string | undefined): void {
    const old = this.#objects.get(key);
    if (ifMatch !== undefined && old !== undefined && old.info.etag !== ifMatch) {
      fail("PreconditionFailed", "no", "delete", key, this.name);
    }
    if (old !== undefined) this.#deleted.set(key, old);
    this.#objects.delete(key);
  }
}

/** The shares that several members get of one write have one number. */
function numberOf(order: WriteOrder, writeId: string | undefined): number {
  const known = order.numbers.get(writeId ?? "");
  if (known !== undefined) return known;
  const number = order.numbers.size + 1;
  order.numbers.set(writeId ?? "", number);
  return number;
}

export const NO_FAULTS: FaultRates = { dropped: 0, lostAnswer: 0, late: 0, refused: 0, wrong: 0 };

export function fail(
  code: "Unavailable" | "PermissionDenied" | "Timeout" | "NotFound" | "AlreadyExists" | "PreconditionFailed",
  applied: "no" | "unknown",
  operation: Operation,
  key: string | undefined,
  provider: string,
): never {
  throw new StorageError(code, "it is simulated", { operation, provider, key, applied });
}
