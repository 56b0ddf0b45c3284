import assert from "node:assert/strict";
import { digestOfText, type Application } from "./application.js";

/** The keys that the pages' own programs put. */
const OF_THE_GUIDE = "videos/";

/** What was acknowledged: the test's own record of every object that was put or deleted. */
export interface Books {
  /**
   * Has an application put new objects, overwrite and delete earlier ones, and bring a deleted one back.
   *
   * @param title - The new keys begin with this; each title is used once.
   */
  readonly change: (application: Application, title: string) => Promise<void>;
  readonly put: (application: Application, key: string, text: string) => Promise<string>;
  /** Checks that an application reads every object with its bytes, misses every deleted one, and lists the same. */
  readonly check: (application: Application, when: string) => Promise<void>;
  readonly keys: () => readonly string[];
}

export function createBooks(): Books {
  const texts = new Map<string, string | undefined>();
  const titles: string[] = [];
  const put = async (application: Application, key: string, text: string): Promise<string> => {
    const holder = await application.put(key, text);
    texts.set(key, text);
    return holder;
  };
  const remove = async (application: Application, key: string): Promise<void> => {
    await application.delete(key);
    texts.set(key, undefined);
  };
  const keys = (): readonly string[] =>
    [...texts].flatMap(([key, text]) => (text === undefined ? [] : [key])).toSorted();
  return {
    put,
    keys,
    change: async (application, title) => {
      const before = titles.at(-1);
      titles.push(title);
      for (const name of ["kept", "changed", "deleted"])
        await put(application, `${title}/${name}`, `${name} ${title}`);
      if (before !== undefined) {
        await put(application, `${before}/changed`, `changed ${title}`);
        await remove(application, `${before}/deleted`);
      }
      if (texts.get("to-and-fro") === undefined) await put(application, "to-and-fro", title);
      else await remove(application, "to-and-fro");
    },
    check: async (application, when) => {
      for (const [key, text] of texts) {
        const expected = text === undefined ? "NotFound" : digestOfText(text);
        assert.equal(await application.read(key), expected, `${key}, ${when}`);
      }
      const listed = (await application.list()).filter((key) => !key.startsWith(OF_THE_GUIDE));
      assert.deepEqual(listed, keys(), `the listing, ${when}`);
    },
  };
}
