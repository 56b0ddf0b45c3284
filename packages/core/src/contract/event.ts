/** A message about something that the result of a call does not show. An event never contains secrets. */
export type StorageEvent =
  | {
      /** A call is tried again, after a pause. */
      readonly type: "retry";
      readonly operation: string;
      readonly provider: string;
      readonly key?: string | undefined;
      /** The number of the try that failed, from 1. */
      readonly attempt: number;
      /** The maximum length of the pause before the next try, in milliseconds. */
      readonly delayMs: number;
      /** The number of tokens left in the budget for retries; absent if there is no limit. */
      readonly tokens?: number | undefined;
      readonly error: unknown;
    }
  | {
      /**
       * One call to one provider has ended. A call that is tried again, or that goes to several members, causes several
       * of these events.
       */
      readonly type: "attempt";
      readonly operation: string;
      readonly provider: string;
      readonly key?: string | undefined;
      readonly milliseconds: number;
      /** The size of a put that succeeded, in bytes. */
      readonly size?: number | undefined;
      /** Absent if the call succeeded. */
      readonly error?: unknown;
    }
  | {
      /**
       * An opened object has been read to its end, or was closed before its end. `bytes` is the number of bytes that
       * were actually read, even for a range or an unfinished read.
       */
      readonly type: "read";
      readonly provider: string;
      readonly key: string;
      /** The number of bytes that were read. */
      readonly bytes: number;
      /** The time since the object was opened. */
      readonly milliseconds: number;
    }
  | {
      /** A composer gave up on a member for this call and tries the next member. */
      readonly type: "fallback";
      readonly operation: string;
      readonly key?: string | undefined;
      readonly from: string;
      /** Absent if no member is left. */
      readonly to?: string | undefined;
      readonly error: unknown;
    }
  | {
      /** The outcome of a write was unknown, and the member was asked whether it has the write. */
      readonly type: "verified";
      readonly operation: string;
      readonly provider: string;
      readonly key: string;
      readonly outcome: "applied" | "absent" | "unknown";
    }
  | {
      /**
       * A member of a composer without a journal may hold an old copy. The composer did not ask the member, or could
       * not delete the copy.
       */
      readonly type: "unconfirmed";
      readonly key: string;
      readonly providers: readonly string[];
    }
  | {
      /** A member held an old copy: the journal has a newer version of the object. The old copy was not served. */
      readonly type: "stale";
      readonly key: string;
      readonly provider: string;
    }
  | {
      /**
       * A write was acknowledged, but some members that should have the object lack it. Repair copies the object to these members, or moves
       * the object to its home.
       */
      readonly type: "degraded";
      readonly key: string;
      /** The name of the composer. */
      readonly provider: string;
      readonly lacking: readonly string[];
    }
  | {
      /**
       * A request to a member may still take effect. Until the request can no longer take effect, the composer does not
       * use the member for this key.
       */
      readonly type: "suspect";
      readonly key: string;
      readonly provider: string;
      readonly milliseconds: number;
    }
  | {
      /** A copy does not have the bytes that were put. The copy is no longer used, and is replaced from a good copy. */
      readonly type: "wrongBytes";
      readonly key: string;
      readonly provider: string;
    }
  | {
      /** Repair failed, or could not read its journal. Repair continues later. */
      readonly type: "repairFailed";
      readonly provider: string;
      readonly error: unknown;
    }
  | {
      /** An object that a client uploaded directly to a member of a composer became the current object of its key. */
      readonly type: "adopted";
      readonly key: string;
      readonly provider: string;
    }
  | {
      /** A member that was restored from a backup holds an object that no other member has. The object was deleted after the backup. */
      readonly type: "extra";
      readonly key: string;
      readonly provider: string;
    }
  | {
      /**
       * A split was created with a percentage that differs from the current one. The percentage that was set last applies to every process.
       */
      readonly type: "percent";
      readonly provider: string;
      readonly percent: number;
      readonly proposed: number;
    }
  | {
      /**
       * A provider is left out for a while because it failed too often, or a provider that was left out works again.
       */
      readonly type: "breaker";
      readonly provider: string;
      readonly kind: "read" | "write" | "list";
      readonly state: "open" | "closed";
    }
  | {
      /** A second member was asked because the first took unusually long. */
      readonly type: "hedge";
      readonly operation: string;
      /** The name of the second member. */
      readonly provider: string;
      /** True when the second member was quicker. */
      readonly won: boolean;
      readonly key: string;
    }
  | {
      /** Repair made a copy that was missing. */
      readonly type: "repaired";
      readonly key: string;
      readonly from: string;
      readonly to: string;
    }
  | {
      /** A rule has removed an object that has reached the age limit. */
      readonly type: "expired";
      readonly key: string;
      readonly provider: string;
    }
  | {
      /** A listing found a key that breaks the rules for keys. The key was put there by other software. */
      readonly type: "skipped";
      readonly operation: "list" | "deletePrefix";
      readonly provider: string;
      readonly key: string;
      readonly reason: string;
    }
  | {
      /** A store accepted an option and ignored it. */
      readonly type: "ignored";
      readonly operation: string;
      readonly provider: string;
      readonly key: string;
      /** The name of the option, such as `"storageClass"`. */
      readonly option: string;
    }
  | {
      /** A call of the storage has settled. `provider` is the member that served the call. */
      readonly type: "operation";
      readonly operation: string;
      readonly provider: string;
      readonly key?: string | undefined;
      readonly milliseconds: number;
      readonly size?: number | undefined;
      readonly error?: unknown;
    };
