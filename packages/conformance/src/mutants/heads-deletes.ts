import type { ObjectInfo } from "@stowage/core";
import { mutant, type Break, type Mutant } from "../mutant.js";
import { failure, rememberingEtags } from "./conditions.js";
import { finds, isBelow, isFolder, isMissingName } from "./gets.js";
import { find, tick, verbs } from "./breaks.js";

export const headMutants: readonly Mutant[] = [
  mutant(
    "head of a missing key rejects with NotFound",
    "head invents facts for a missing file",
    finds("head", isMissingName),
  ),
  mutant(
    "head of a folder's name rejects with NotFound",
    "head treats a folder as an object",
    finds("head", isFolder),
  ),
  mutant(
    "if a.txt is an object, head of a.txt/below.txt rejects with NotFound",
    "head invents facts for a name below a file",
    finds("head", isBelow),
  ),
  mutant("head gives the facts of the newest put", "head returns the facts of the first put", (inner) => {
    const first = new Map<string, ObjectInfo>();
    const put: typeof inner.put = async (key, body, options) => {
      const info = await inner.put(key, body, options);
      if (!first.has(key)) first.set(key, info);
      return info;
    };
    const head: typeof inner.head = async (key, options) => {
      const info = await inner.head(key, options);
      return first.get(key) ?? info;
    };
    return { ...inner, put, head, delete: (key, options) => (first.delete(key), inner.delete(key, options)) };
  }),
];

/** Deletes the object, and also all objects under the prefix that `others` returns for the object's key. */
function deletesAlso(others: (key: string) => string): Break {
  return verbs((inner) => ({
    delete: async (key, options) => {
      await inner.delete(key, options);
      const page = await inner.list({ prefix: others(key) });
      for (const info of page.objects) await inner.delete(info.key, {});
    },
  }));
}

export const deleteMutants: readonly Mutant[] = [
  mutant("head, get and list do not find a deleted object", "lists deleted objects", (inner) => {
    const ghosts = new Map<string, ObjectInfo>();
    const remove: typeof inner.delete = async (key, options) => {
      const info = await find(inner, key);
      await inner.delete(key, options);
      if (info !== undefined && key.endsWith("/a.txt")) ghosts.set(key, info);
    };
    const list: typeof inner.list = async (options) => {
      const page = await inner.list(options);
      const shown = [...ghosts.values()].filter(({ key }) => key.startsWith(options.prefix ?? ""));
      return options.delimiter === undefined ? { ...page, objects: [...page.objects, ...shown] } : page;
    };
    const put: typeof inner.put = (key, body, options) => (ghosts.delete(key), inner.put(key, body, options));
    return { ...inner, put, list, delete: remove };
  }),
  mutant(
    "delete of a missing key resolves",
    "refuses to delete a missing object",
    verbs((inner) => ({
      delete: async (key, options) => {
        if (key.includes("missing") && !(await find(inner, key)))
          throw failure(inner, "NotFound", key, "delete");
        await inner.delete(key, options);
      },
    })),
  ),
  mutant("deleting a key twice resolves both times", "refuses to delete twice", (inner) => {
    const gone = new Set<string>();
    const remove: typeof inner.delete = async (key, options) => {
      if (gone.has(key) && !(await find(inner, key))) throw failure(inner, "NotFound", key, "delete");
      gone.add(key);
      await inner.delete(key, options);
    };
    return { ...inner, delete: remove };
  }),
  mutant("simultaneous deletes of one key all resolve", "refuses simultaneous deletes", (inner) => {
    const running = new Set<string>();
    const remove: typeof inner.delete = async (key, options) => {
      if (running.has(key)) throw failure(inner, "Unavailable", key, "delete");
      running.add(key);
      await tick();
      await inner.delete(key, options).finally(() => running.delete(key));
    };
    return { ...inner, delete: remove };
  }),
  mutant(
    "a delete does not remove other keys with the same beginning",
    "deletes all keys that begin with the key",
    deletesAlso((key) => key),
  ),
  mutant(
    "delete of a folder's name does not remove the objects in the folder",
    "deletes folders",
    deletesAlso((key) => `${key}/`),
  ),
  mutant(
    "if a.txt is an object, delete of a.txt/below.txt leaves a.txt unchanged",
    "deletes the object with the name of the parent folder",
    verbs((inner) => ({
      delete: async (key, options) => {
        await inner.delete(key, options);
        await inner.delete(key.slice(0, key.lastIndexOf("/")), {});
      },
    })),
  ),
  mutant(
    "a put into a folder works while the folder's last object is being deleted",
    "removes the folder of a put that is under way",
    (inner) => {
      let going: string | undefined;
      const remove: typeof inner.delete = async (key, options) => {
        going = key.slice(0, key.lastIndexOf("/"));
        await inner.delete(key, options);
        await tick();
        going = undefined;
      };
      const put: typeof inner.put = async (key, body, options) => {
        if (going === key.slice(0, key.lastIndexOf("/"))) throw failure(inner, "Unavailable", key);
        return await inner.put(key, body, options);
      };
      return { ...inner, put, delete: remove };
    },
  ),
  mutant(
    "a deleted key can be written again, and keeps nothing of the old object",
    "gives a new object the headers of the deleted object",
    (inner) => {
      const left = new Map<string, string | undefined>();
      const remove: typeof inner.delete = async (key, options) => {
        left.set(key, (await find(inner, key))?.cacheControl);
        await inner.delete(key, options);
      };
      const put: typeof inner.put = (key, body, options) =>
        inner.put(key, body, { ...options, cacheControl: options.cacheControl ?? left.get(key) });
      return { ...inner, put, delete: remove };
    },
  ),
  mutant(
    "a delete with the right ifMatch removes the object",
    "refuses every ifMatch of a delete",
    verbs((inner) => ({
      delete: async (key, options) => {
        if (options.ifMatch !== undefined && (await find(inner, key)))
          throw failure(inner, "PreconditionFailed", key, "delete");
        await inner.delete(key, options);
      },
    })),
  ),
  mutant(
    "a delete with a wrong ifMatch rejects with PreconditionFailed and leaves the object unchanged",
    "ignores ifMatch of a delete",
    verbs((inner) => ({
      delete: (key, options) => inner.delete(key, { ...options, ifMatch: undefined }),
    })),
  ),
  mutant(
    "a delete with the etag of a replaced object leaves the new object unchanged",
    "accepts every old etag for a delete",
    rememberingEtags("delete"),
  ),
  mutant(
    "a delete of a missing key with ifMatch resolves",
    "refuses ifMatch of a missing object",
    verbs((inner) => ({
      delete: async (key, options) => {
        if (options.ifMatch !== undefined && !(await find(inner, key)))
          throw failure(inner, "PreconditionFailed", key, "delete");
        await inner.delete(key, options);
      },
    })),
  ),
];
