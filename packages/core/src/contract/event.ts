/** Something that happened inside a call that the caller's result does not show. Never holds secrets. */
export type StorageEvent =
  | {
      readonly type: "retry";
      readonly operation: string;
      readonly provider: string;
      readonly key?: string | undefined;
      /** The try that failed, from 1. */
      readonly attempt: number;
      /** The most that the pause before the next try takes, in milliseconds. */
      readonly delayMs: number;
      /** What is left of the budget for retries; absent where there is no limit. */
      readonly tokens?: number | undefined;
      readonly error: unknown;
    }
  | {
      /** A provider was asked once: of a call that is tried again, or goes to several members, there are several. */
      readonly type: "attempt";
      readonly operation: string;
      readonly provider: string;
      readonly key?: string | undefined;
      readonly milliseconds: number;
      /** Of a put that succeeded, in bytes. */
      readonly size?: number | undefined;
      /** Absent when it succeeded. */
      readonly error?: unknown;
    }
  | {
      /** An object that was opened has been read, or let go. */
      readonly type: "read";
      readonly provider: string;
      readonly key: string;
      /** How much was read. */
      readonly bytes: number;
      /** Since it was opened. */
      readonly milliseconds: number;
    }
  | {
      /** A composer gave up on a member for this call and goes on to the next. */
      readonly type: "fallback";
      readonly operation: string;
      readonly key?: string | undefined;
      readonly from: string;
      /** Absent when no member is left. */
      readonly to?: string | undefined;
      readonly error: unknown;
    }
  | {
      /** A write's outcome was unknown, and the member was asked. */
      readonly type: "verified";
      readonly operation: string;
      readonly provider: string;
      readonly key: string;
      readonly outcome: "applied" | "absent" | "unknown";
    }
  | {
      /** A member may hold an older copy, because it could not be asked or cleared. */
      readonly type: "unconfirmed";
      readonly key: string;
      readonly providers: readonly string[];
    }
  | {
      /** A member held an older copy than the journal knows of, and it was not served. */
      readonly type: "stale";
      readonly key: string;
      readonly provider: string;
    }
  | {
      /** A write was acknowledged, and members that should have it do not: repair brings it to them, or brings it home. */
      readonly type: "degraded";
      readonly key: string;
      /** The composer. */
      readonly provider: string;
      readonly lacking: readonly string[];
    }
  | {
      /** A request to a member may still take effect: it is passed over for this key until nothing can arrive any more. */
      readonly type: "suspect";
      readonly key: string;
      readonly provider: string;
      readonly milliseconds: number;
    }
  | {
      /** A copy has other bytes than were put. It is not used any more, and is replaced from a good one. */
      readonly type: "wrongBytes";
      readonly key: string;
      readonly provider: string;
    }
  | {
      /** Repair could not read its journal, or broke; it goes on later. */
      readonly type: "repairFailed";
      readonly provider: string;
      readonly error: unknown;
    }
  | {
      /** What a client has uploaded past a composer became what the key is. */
      readonly type: "adopted";
      readonly key: string;
      readonly provider: string;
    }
  | {
      /** A member that was restored from a backup holds an object that no other member has: it was deleted since. */
      readonly type: "extra";
      readonly key: string;
      readonly provider: string;
    }
  | {
      /** A split was made with another percentage than the one that counts: what was set last, for every process. */
      readonly type: "percent";
      readonly provider: string;
      readonly percent: number;
      readonly proposed: number;
    }
  | {
      /** A provider failed so often that it is not asked for a while, or works again. */
      readonly type: "breaker";
      readonly provider: string;
      readonly kind: "read" | "write" | "list";
      readonly state: "open" | "closed";
    }
  | {
      /** A second member was asked because the first took unusually long. */
      readonly type: "hedge";
      readonly operation: string;
      /** The second. */
      readonly provider: string;
      /** Whether it was quicker. */
      readonly won: boolean;
      readonly key: string;
    }
  | {
      /** A copy that was missing was made. */
      readonly type: "repaired";
      readonly key: string;
      readonly from: string;
      readonly to: string;
    }
  | {
      /** A rule has removed an object, which had come to its age. */
      readonly type: "expired";
      readonly key: string;
      readonly provider: string;
    }
  | {
      /** A listing came upon a key that breaks the rules for keys, which somebody else has put there. */
      readonly type: "skipped";
      readonly operation: "list" | "deletePrefix";
      readonly provider: string;
      readonly key: string;
      readonly reason: string;
    }
  | {
      /** A store took what it was asked for, and did nothing about it. */
      readonly type: "ignored";
      readonly operation: string;
      readonly provider: string;
      readonly key: string;
      /** Such as `"storageClass"`. */
      readonly option: string;
    }
  | {
      /** A call of the facade has settled. */
      readonly type: "operation";
      readonly operation: string;
      readonly provider: string;
      readonly key?: string | undefined;
      readonly milliseconds: number;
      readonly size?: number | undefined;
      readonly error?: unknown;
    };
