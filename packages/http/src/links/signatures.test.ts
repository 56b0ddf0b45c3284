import { describe, expect, it } from "vitest";
import { checkKeys, isSigned, sign, verify, type SigningKeys } from "./signatures.js";

const OLD = { id: "old", secret: "o".repeat(32) };
const KEYS: SigningKeys = [{ id: "new", secret: "n".repeat(32) }, OLD];
const NOW = 1_800_000_000;
const query = sign(KEYS, "get", "a/b", NOW + 60, { "response-content-type": "text/plain; a=b&c" });
const at = (seconds: number): number => seconds * 1000;

describe("a signature", () => {
  it("permits its purpose, its key and its parameters until its end", () => {
    const grant = verify(KEYS, "get", "a/b", query, at(NOW));
    expect(grant?.expires).toBe(NOW + 60);
    expect(grant?.parameters.get("response-content-type")).toBe("text/plain; a=b&c");
    expect(verify(KEYS, "get", "a/b", query, at(NOW + 59))).toBeDefined();
    expect(verify(KEYS, "get", "a/b", query, at(NOW + 60))).toBeUndefined();
  });

  it("is good for nothing else", () => {
    expect(verify(KEYS, "put", "a/b", query, at(NOW))).toBeUndefined();
    expect(verify(KEYS, "get", "a/b2", query, at(NOW))).toBeUndefined();
    expect(verify([OLD], "get", "a/b", query, at(NOW))).toBeUndefined();
  });

  it("of an older key is good while that key is in the ring", () => {
    const older = sign([OLD], "get", "a", NOW + 60, {});
    expect(verify(KEYS, "get", "a", older, at(NOW))).toBeDefined();
    expect(verify([KEYS[0]], "get", "a", older, at(NOW))).toBeUndefined();
  });

  it("does not last longer than seven days, whoever made it", () => {
    const long = sign(KEYS, "get", "a", NOW + 604_801, {});
    expect(verify(KEYS, "get", "a", long, at(NOW))).toBeUndefined();
    expect(verify(KEYS, "get", "a", long, at(NOW + 1))).toBeDefined();
  });

  it.each([
    ["a parameter more", (text: string) => `${text}&extra=1`],
    ["an empty parameter", (text: string) => `${text}&`],
    ["a parameter twice", (text: string) => `${text}&expires=${NOW + 60}`],
    ["a parameter without its value", (text: string) => `${text}&response-content-type`],
    ["a parameter less", (text: string) => text.replace(/&response[^&]*/, "")],
    ["another value", (text: string) => text.replace("plain", "html")],
    ["a later end", (text: string) => text.replace(String(NOW + 60), String(NOW + 61))],
    ["no end", (text: string) => text.replace(String(NOW + 60), "NaN")],
    ["an end in another spelling", (text: string) => text.replace(String(NOW + 60), `+${NOW + 60}`)],
    ["another key", (text: string) => text.replace("key-id=new", "key-id=old")],
    ["a key of every object", (text: string) => text.replace("key-id=new", "key-id=__proto__")],
    ["no signature", (text: string) => text.replace(/&signature=.*/, "")],
    ["an empty signature", (text: string) => text.replace(/signature=.*/, "signature=")],
    ["a shorter signature", (text: string) => text.slice(0, -1)],
    ["a longer signature", (text: string) => `${text}A`],
    [
      "another signature",
      (text: string) =>
        text.replace(/signature=./, (start) => `signature=${start.endsWith("A") ? "B" : "A"}`),
    ],
    ["another spelling of the signature", (text: string) => respelt(text)],
    ["a malformed parameter", (text: string) => `${text}%`],
  ])("with %s is refused", (_title, change) => {
    const changed = change(query);
    expect(changed).not.toBe(query);
    expect(verify(KEYS, "get", "a/b", changed, at(NOW))).toBeUndefined();
  });

  it("is seen in whatever spelling its name has", () => {
    expect(isSigned(query)).toBe(true);
    expect(isSigned("%73ignature=x")).toBe(true);
    expect(isSigned("v=3")).toBe(false);
    expect(isSigned("")).toBe(false);
  });
});

/** The last character of 32 bytes in base64url has two bits that say nothing. */
function respelt(text: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const last = alphabet.indexOf(text.at(-1) ?? "");
  return text.slice(0, -1) + (alphabet[last ^ 1] ?? "");
}

describe("keys", () => {
  it.each([
    [[], "array"],
    [[{ id: "a b", secret: "s".repeat(32) }], "id"],
    [[{ id: "a", secret: "short" }], "32"],
    [[OLD, OLD], "two keys"],
  ])("that would not be safe are a TypeError: %#", (keys, text) => {
    expect(() => checkKeys("signed", keys as unknown as SigningKeys)).toThrow(text);
  });
});
