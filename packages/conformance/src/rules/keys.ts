import assert from "node:assert/strict";
import { compareKeys } from "@stowage/core/provider";
import { isStorageError } from "@stowage/core";
import { rejects } from "../expect.js";
import type { Rule, RuleContext } from "../rule.js";

/**
 * Makes the rule for keys that a careless provider mixes up or changes. The provider must keep each key exactly, or refuse it
 * with `Unsupported`. If the provider keeps a key, the object with this key can be read, is listed under exactly this key, and
 * can be deleted without deleting other objects.
 */
function keeps(what: string, names: readonly string[]): Rule {
  return {
    title: `keys with ${what} are kept exactly, or refused with Unsupported`,
    run: (context) => keepAll(context, names),
  };
}

async function keepAll(context: RuleContext, names: readonly string[]): Promise<void> {
  const kept: string[] = [];
  for (const name of names) if (await tryPut(context, name)) kept.push(name);
  for (const name of kept) {
    await context.holds(name, `content of ${name}`);
    assert.equal((await context.head(name)).key, context.key(name));
  }
  await assertListed(context, kept);
  for (const name of kept) {
    await context.remove(name);
    await assertListed(context, kept.slice(kept.indexOf(name) + 1));
  }
}

async function tryPut({ storage, key, lacks }: RuleContext, name: string): Promise<boolean> {
  try {
    await storage.put(key(name), `content of ${name}`);
    return true;
  } catch (error) {
    if (!isStorageError(error, "Unsupported")) throw error;
    assert.equal(error.applied, "no");
    await lacks(name).catch((problem: unknown) => {
      if (!isStorageError(problem, "Unsupported")) throw problem;
    });
    return false;
  }
}

async function assertListed({ names, provider }: RuleContext, expected: readonly string[]): Promise<void> {
  if (!provider.supports.list) return;
  assert.deepEqual((await names()).toSorted(compareKeys), expected.toSorted(compareKeys));
}

/** Makes a key of exactly this many bytes. Its segments are short enough for every file system. */
function longKey(prefix: string, bytes: number): string {
  const segment = `${"long".repeat(25)}/`;
  const room = bytes - prefix.length;
  const whole = segment.repeat(Math.ceil(room / segment.length)).slice(0, room);
  return prefix + (whole.endsWith("/") ? `${whole.slice(0, -1)}x` : whole);
}

/** The rules about keys that are allowed. */
export const keyRules: readonly Rule[] = [
  keeps("spaces", ["a b.txt", "a  b.txt", "ab.txt", "a b/c d.txt"]),
  keeps("a space at the end or at the start", ["a", "a ", " a", "b /c", "b/c"]),
  keeps("percent signs", ["100%.txt", "%41.txt", "A.txt", "%2541.txt", "%.txt", "%zz.txt"]),
  keeps("encoded slashes and dots", ["a%2Fb.txt", "a%2fb.txt", "a/b.txt", "%2e%2e/c.txt", "%00.txt"]),
  keeps("plus signs", ["a+b.txt", "a b.txt", "a%2Bb.txt", "a%20b.txt"]),
  keeps("characters that are special in URLs", [
    "a?b=c.txt",
    "a#b.txt",
    "a&b=c;d.txt",
    "a@b.txt",
    "http:%2F%2Fx.txt",
    "a=b,c$d!.txt",
  ]),
  keeps("quotes and brackets", ["a'b.txt", 'a"b.txt', "a`b.txt", "a(b)[c]{d}.txt", "a<b>.txt", "a^b.txt"]),
  keeps("characters that are special in shells and on Windows", [
    "*.txt",
    "a:b.txt",
    "a|b.txt",
    "~",
    "~a.txt",
    "$HOME.txt",
    "-rf",
  ]),
  keeps("emoji", ["😀.txt", "👩‍👩‍👧.txt", "🇨🇿/🏳️‍🌈.txt"]),
  keeps("letters of many scripts", ["žluťoučký.txt", "日本語/ファイル.txt", "עברית.txt", "ไทย.txt"]),
  keeps("composed and decomposed characters", [
    "caf\u00E9.txt",
    "cafe\u0301.txt",
    "\u212B.txt",
    "\u00C5.txt",
  ]),
  keeps("upper and lower case", ["readme.txt", "README.txt", "Readme.txt", "dir/a.txt", "DIR/a.txt"]),
  keeps("letters that are equal only under Unicode case folding", [
    "stra\u00DFe.txt",
    "strasse.txt",
    "\u212A.txt",
    "k.txt",
    "\u0130.txt",
    "i.txt",
  ]),
  keeps("names that JavaScript itself uses", [
    "__proto__",
    "constructor",
    "toString",
    "__proto__/a.txt",
    "prototype.txt",
  ]),
  keeps("a leading dot", [".hidden", ".hidden/a.txt", "a/.b", "..a.txt", "...b"]),
  keeps("a trailing dot", ["a.", "b..", "c./d.txt", "c/d.txt"]),
  keeps("Windows device names", ["CON", "aux.txt", "nul", "com1.log", "LPT9/a.txt", "con.d/x.txt"]),
  keeps("names that look like temporary files", [
    "a.tmp",
    "a.part",
    "a~",
    "#a#",
    ".a.swp",
    "tmp/a.txt",
    "a.meta",
    "a.json",
  ]),
  keeps("numbers of different lengths", ["1.txt", "2.txt", "10.txt", "01.txt", "1.0.txt"]),
  keeps("deep nesting", [Array.from({ length: 60 }, (_, index) => `d${index}`).join("/"), "d0/x.txt"]),
  keeps("a segment of 200 bytes", [`${"s".repeat(196)}.txt`, `${"s".repeat(195)}.txt`]),
  keeps("a segment of 255 bytes", ["t".repeat(255), `${"t".repeat(254)}u`]),
  keeps("a segment of 300 bytes", ["v".repeat(300), `${"v".repeat(299)}w`]),
  keeps("a 255-byte segment of three-byte characters", ["語".repeat(85), `${"語".repeat(84)}本`]),
  keeps("white space other than plain spaces", [
    "a\u00A0b.txt",
    "a\u2003b.txt",
    "a b.txt",
    "a\u200Bb.txt",
    "ab.txt",
  ]),
  keeps("line separators and direction marks", ["a\u2028b.txt", "a\u202Eb.txt", "\uFEFFa.txt", "a.txt"]),
  keeps("a one-letter name that is also a folder", ["a", "a/b", "a/b/c"]),
  keeps("a folder name that is also a file name", ["x/y/z", "x/y", "x"]),
  {
    title: "a key as long as keyBytesMax allows is kept",
    run: async (context) => {
      const { storage, provider, prefix, holds } = context;
      const key = longKey(prefix, provider.supports.keyBytesMax);
      await storage.put(key, "long");
      const name = key.slice(prefix.length);
      await holds(name, "long");
      await assertListed(context, [name]);
    },
  },
  {
    title: "a key longer than keyBytesMax is refused with Unsupported before the source is read",
    needs: ["keyLimit"],
    run: async ({ storage, provider, prefix, names }) => {
      const key = longKey(prefix, provider.supports.keyBytesMax + 1);
      let touched = false;
      await rejects(
        "Unsupported",
        storage.put(key, () => ((touched = true), "abc")),
      );
      assert.equal(touched, false);
      assert.deepEqual(await names(), []);
    },
  },
];
