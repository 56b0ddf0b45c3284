/**
 * The beginning of the names of unfinished objects. An unfinished object lies in the folder that will hold the finished
 * object.
 */
export const TEMPORARY_PREFIX = ".stowage-tmp.";

/**
 * The names that a file system gives to a file that was deleted while a program had it open.
 *
 * @see https://github.com/libfuse/libfuse/blob/master/lib/fuse.c (`hidden_name`)
 * @see https://nfs.sourceforge.net/#faq_d2 (silly rename)
 */
const LEFTOVER = /^\.(?:fuse_hidden|nfs\.?)[0-9a-f]{8,}(?:\.[0-9a-f]+)?$/i;

/**
 * Tells whether a file with this name cannot be an object. Such names belong to unfinished objects, and to files that
 * were deleted while they were open.
 */
export function isNoObject(name: string): boolean {
  return name.startsWith(".") && (name.startsWith(TEMPORARY_PREFIX) || LEFTOVER.test(name));
}
