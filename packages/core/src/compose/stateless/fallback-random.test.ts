import { describe, expect, it } from "vitest";
import { isStorageError } from "../../contract/errors.js";
import { compareKeys } from "../../contract/key.js";
import type { Around } from "../../wrap/intercept.js";
import type { ObjectInfo } from "../../contract/object.js";
import { contents, testChain, type TestChain } from "../../testing/chain.test-support.js";
import {
  breakingAfter,
  down,
  failing,
  failingAtFirst,
  losingAnswers,
  type TestMember,
} from "../../testing/member.test-support.js";
import { randomNumbers, seed } from "../../testing/random.test-support.js";
import { streamOf } from "../../testing/streams.test-support.js";

type Random = () => number;

const KEYS = ["a", "b", "c/d"];

/** What may go wrong with a member for a while; most of the time nothing does. */
const FAULTS: readonly (() => Around | undefined)[] = [
  () => undefined,
  () => undefined,
  () => down,
  () => down,
  () => failing("OutOfSpace", {}, "put", "copy"),
  () => failing("Unavailable", { applied: "unknown" }, "put"),
  () => failingAtFirst(1, losingAnswers("put", "delete", "copy"), "put", "delete", "copy"),
  () => losingAnswers("put"),
  () => breakingAfter(5),
  () => failing("RateLimited", {}, "head", "get", "list"),
];

const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;

interface World extends TestChain {
  readonly members: readonly TestMember[];
  readonly random: Random;
  count: number;
}

function newWorld(random: Random, overwrites: "refuse" | "may-be-stale"): World {
  const attempts = random() < 0.5 ? 1 : 2;
  const chain = testChain({
    overwrites,
    breaker: false,
    retry: { attempts, baseMs: 0, rateLimitedBaseMs: 0 },
  });
  return { ...chain, members: [chain.first, chain.second, chain.third], random, count: 0 };
}

async function holders({ members }: World, key: string): Promise<readonly (readonly [TestMember, string])[]> {
  const all = await Promise.all(
    members.map(async (member) => [member, (await contents(member))[key]] as const),
  );
  return all.filter((entry): entry is readonly [TestMember, string] => entry[1] !== undefined);
}

const isHealthy = ({ members }: World): boolean => members.every(({ fault }) => fault === undefined);

/** A failure of a call: one of the contract, and never `NotFound` or `AlreadyExists` without a reason. */
async function judge(world: World, key: string, error: unknown): Promise<void> {
  expect(isStorageError(error)).toBe(true);
  const { code, retryable } = error as { code: string; retryable: boolean };
  expect(retryable).toBe(false);
  const held = (await holders(world, key)).length > 0;
  if (code === "NotFound") expect(held).toBe(false);
  else if (code === "AlreadyExists") expect(held).toBe(true);
  else expect(isHealthy(world)).toBe(false);
}

async function put(world: World, key: string, overwrites: string): Promise<void> {
  const { storage, random } = world;
  const before = await holders(world, key);
  const text = `${key} ${world.count++} `.repeat(5);
  const body = random() < 0.5 ? text : streamOf(Buffer.from(text), 3);
  let info: ObjectInfo;
  try {
    info = await storage.put(key, body);
  } catch (error) {
    return await judge(world, key, error);
  }
  const after = await holders(world, key);
  expect(after.find(([member]) => member.provider.name === info.provider)?.[1]).toBe(text);
  const others = after.map(([member]) => member.provider.name).filter((name) => name !== info.provider);
  expect(info.unconfirmed ?? []).toEqual(expect.arrayContaining(others));
  if (overwrites === "refuse")
    for (const [member, old] of before) expect(after).toContainEqual([member, old]);
}

async function get(world: World, key: string): Promise<void> {
  const { storage } = world;
  try {
    const object = await storage.get(key);
    const text = await object.text();
    const held = await holders(world, key);
    expect(held.find(([member]) => member.provider.name === object.info.provider)?.[1]).toBe(text);
    if (isHealthy(world)) expect(object.info.provider).toBe(held[0]?.[0].provider.name);
    expect(await (await storage.at(object.info.ref).get()).text()).toBe(text);
  } catch (error) {
    await judge(world, key, error);
  }
}

async function remove(world: World, key: string): Promise<void> {
  try {
    await world.storage.delete(key);
  } catch (error) {
    return await judge(world, key, error);
  }
  expect(await holders(world, key)).toEqual([]);
}

async function list(world: World): Promise<void> {
  const { storage, members, random } = world;
  const keys: string[] = [];
  try {
    for await (const { key } of storage.list({ limit: 1 + Math.floor(random() * 3) })) keys.push(key);
  } catch (error) {
    return await judge(world, "", error);
  }
  const all = await Promise.all(members.map((member) => contents(member)));
  expect(keys).toEqual([...new Set(all.flatMap((one) => Object.keys(one)))].sort(compareKeys));
}

async function copy(world: World, from: string, to: string): Promise<void> {
  try {
    const info = await world.storage.copy(from, to);
    const held = await holders(world, to);
    expect(held.map(([member]) => member.provider.name)).toContain(info.provider);
  } catch (error) {
    expect(isStorageError(error)).toBe(true);
  }
}

async function step(world: World, overwrites: string): Promise<void> {
  const { random, members } = world;
  for (const member of members) if (random() < 0.25) member.fault = pick(random, FAULTS)();
  if (random() < 0.2) for (const member of members) member.fault = undefined;
  const key = pick(random, KEYS);
  const call = Math.floor(random() * 8);
  if (call < 3) await put(world, key, overwrites);
  else if (call < 5) await get(world, key);
  else if (call === 5) await remove(world, key);
  else if (call === 6) await list(world);
  else await copy(world, key, pick(random, KEYS));
}

describe.each(["refuse", "may-be-stale"] as const)(
  "a chain under faults, with overwrites: %s",
  (overwrites) => {
    it(`keeps what it promises in every history (seed ${seed})`, async () => {
      let steps = 0;
      for (let history = 0; history < 20; history++) {
        const world = newWorld(randomNumbers(seed + history), overwrites);
        for (let count = 0; count < 40; count++) await step(world, overwrites).then(() => steps++);
      }
      expect(steps).toBe(800);
    });

    it(`finds and deletes everything when the faults have stopped (seed ${seed})`, async () => {
      for (let history = 0; history < 12; history++) {
        const world = newWorld(randomNumbers(seed - history), overwrites);
        for (let count = 0; count < 30; count++) await step(world, overwrites);
        for (const member of world.members) member.fault = undefined;
        for (const key of KEYS) {
          const [first] = await holders(world, key);
          expect(await world.storage.exists(key)).toBe(first !== undefined);
          if (first !== undefined) expect(await (await world.storage.get(key)).text()).toBe(first[1]);
          await world.storage.delete(key);
          expect(await holders(world, key)).toEqual([]);
        }
      }
    });
  },
);
