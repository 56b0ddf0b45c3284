/**
 * The names of system errors that Node knows only by a number, for each platform. Node calls such an error "Unknown
 * system error -122".
 *
 * @see https://github.com/torvalds/linux/blob/master/include/uapi/asm-generic/errno.h
 * @see https://man.freebsd.org/cgi/man.cgi?query=errno&sektion=2
 */
const UNNAMED: Partial<Record<NodeJS.Platform, Readonly<Record<number, string>>>> = {
  linux: {
    6: "ENXIO",
    19: "ENODEV",
    37: "ENOLCK",
    61: "ENODATA",
    62: "ETIME",
    64: "ENONET",
    67: "ENOLINK",
    70: "ECOMM",
    72: "EMULTIHOP",
    74: "EBADMSG",
    75: "EOVERFLOW",
    77: "EBADFD",
    107: "ENOTCONN",
    108: "ESHUTDOWN",
    112: "EHOSTDOWN",
    113: "EHOSTUNREACH",
    116: "ESTALE",
    117: "EUCLEAN",
    121: "EREMOTEIO",
    122: "EDQUOT",
    123: "ENOMEDIUM",
    124: "EMEDIUMTYPE",
    126: "ENOKEY",
    127: "EKEYEXPIRED",
    128: "EKEYREVOKED",
    129: "EKEYREJECTED",
    133: "EHWPOISON",
  },
  darwin: { 69: "EDQUOT", 70: "ESTALE", 83: "EDEVERR", 94: "EBADMSG" },
  freebsd: { 69: "EDQUOT", 70: "ESTALE", 89: "EBADMSG" },
};

/** Tells whether Node's permission model has refused a call. @see https://nodejs.org/api/permissions.html */
export function isDeniedByNode(error: unknown): boolean {
  return codeOf(error) === "ERR_ACCESS_DENIED";
}

/**
 * The errors for an open file or folder that the file server or the mount no longer knows. The path may still be valid.
 */
const STALE: ReadonlySet<string | undefined> = new Set(["ESTALE", "ENOTCONN"]);

/** Tells whether an open file or folder has become unusable, so that it has to be opened again. */
export function isStale(error: unknown): boolean {
  return STALE.has(codeOf(error));
}

/** Returns the name of a system error, even if Node knows only its number. Returns `undefined` for any other value. */
export function codeOf(error: unknown): string | undefined {
  const { code, errno } = Object(error) as { code?: unknown; errno?: unknown };
  if (typeof code !== "string") return undefined;
  if (!code.startsWith("Unknown system error")) return code;
  const number = typeof errno === "number" ? errno : Number(code.slice(code.lastIndexOf(" ")));
  return UNNAMED[process.platform]?.[Math.abs(number)] ?? code;
}
